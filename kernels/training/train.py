"""Trains one router model; checkpoints at 0 %, 5 %, 30 % and 100 % of the training.

    python3 train.py --model a --size cpu --tokens-from TOKENS --out RUN --minutes 55 --threads 1
    python3 train.py --model c --size gpu --tokens-from TOKENS --out RUN --minutes 8

The training ends at --minutes or at --million-tokens, whichever is given and comes first; learning
rate and gamma follow the larger of the two shares, so that a run cut by time still ends with a low
rate. With --million-tokens alone a run is reproducible on one kind of machine. A stopped run goes
on from RUN/state.pt when started again; time it did not run does not count.

Checkpoints are RUN/model_000.pt, model_005.pt, model_030.pt and model_100.pt: weights and what
export.py needs to know. RUN/log.jsonl has a line for every 20 steps.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import os
import time
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

import routers
from model import MoeTransformer
from presets import PRESETS, Preset, TrainConfig

CHECKPOINTS = (0.0, 0.05, 0.3, 1.0)
LOG_EVERY = 20  # steps
SAVE_EVERY = 300  # seconds, of RUN/state.pt


class Batches:
    """Windows of the token stream, drawn from the seed and the step: the same after a resume."""

    def __init__(self, path: Path, seed: int):
        self.tokens = numpy.memmap(path, dtype="<u2", mode="r")
        self.seed = seed

    def at(self, step: int, config: TrainConfig, device: torch.device) -> torch.Tensor:
        """[sequences, length + 1] int64."""
        starts = numpy.random.default_rng((self.seed, step)).integers(
            0, len(self.tokens) - config.length - 1, config.sequences
        )
        rows = numpy.stack([self.tokens[s : s + config.length + 1] for s in starts])
        return torch.from_numpy(rows.astype(numpy.int64)).to(device, non_blocking=True)


@dataclasses.dataclass
class Progress:
    """What has been done so far; `share` of the training, by time and tokens."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss: float = float("nan")  # of the batch that was logged last
    saved: list[float] = dataclasses.field(default_factory=list)

    def share(self, minutes: float | None, tokens: float | None) -> float:
        shares = [
            self.seconds / 60 / minutes if minutes else 0,
            self.tokens / tokens if tokens else 0,
        ]
        return min(1.0, max(shares))


def learning_rate(config: TrainConfig, step: int, share: float) -> float:
    """Linear warm-up, then half a cosine from peak to last over the share of the training."""
    warm = min(1.0, (step + 1) / config.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * share))
    return warm * (config.last_rate + (config.peak_rate - config.last_rate) * cosine)


def make_optimizer(model: MoeTransformer, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW; norms and routers do not decay, routers may learn faster."""
    named = list(model.named_parameters())
    routers_ = [p for n, p in named if n.endswith(".router")]
    norms = [p for n, p in named if p.ndim == 1]
    rest = [p for n, p in named if p.ndim > 1 and not n.endswith(".router")]
    groups = [
        {"params": rest, "weight_decay": config.weight_decay, "factor": 1.0},
        {"params": norms, "weight_decay": 0.0, "factor": 1.0},
        {"params": routers_, "weight_decay": 0.0, "factor": config.router_rate},
    ]
    return torch.optim.AdamW(groups, lr=config.peak_rate, betas=(0.9, 0.95), fused=True)


def precision(device: torch.device) -> contextlib.AbstractContextManager:
    """bfloat16 products where the machine is fast at them."""
    fast = device.type == "cuda" or "AVX512" in torch.backends.cpu.get_cpu_capability()
    return torch.autocast(device.type, torch.bfloat16) if fast else contextlib.nullcontext()


def loss_of(model: MoeTransformer, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(cross entropy per token, balance loss) of sequences [n, length + 1]."""
    out = model(rows[:, :-1])
    return F.cross_entropy(
        out.logits.flatten(0, 1).float(), rows[:, 1:].flatten()
    ), out.balance_loss


class Trainer:
    def __init__(self, preset: Preset, arguments: argparse.Namespace):
        self.preset, self.arguments, self.out = preset, arguments, arguments.out
        self.device = torch.device(arguments.device)
        self.described = json.loads((arguments.tokens_from / "tokens.json").read_text())
        torch.manual_seed(arguments.seed)
        self.model = MoeTransformer(preset.model, self.described["vocabulary"]).to(self.device)
        self.optimizer = make_optimizer(self.model, preset.train)
        self.batches = Batches(arguments.tokens_from / "train.u16", arguments.seed)
        counts = numpy.bincount(self.batches.tokens, minlength=self.described["vocabulary"])
        self.model.start_from_counts(torch.from_numpy(counts).float())
        self.progress = Progress()
        self.out.mkdir(parents=True, exist_ok=True)
        if (self.out / "state.pt").exists():
            self._resume()

    def _resume(self) -> None:
        state = torch.load(self.out / "state.pt", map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])

    @property
    def share(self) -> float:
        millions = self.arguments.million_tokens
        return self.progress.share(self.arguments.minutes, millions and millions * 1e6)

    def step(self) -> None:
        config, progress = self.preset.train, self.progress
        share = self.share
        rate = learning_rate(config, progress.step, share)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        rows = self.batches.at(progress.step, config, self.device)
        with precision(self.device):
            loss, balance = loss_of(self.model, rows)
        (loss + config.balance_loss * balance).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), config.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        if self.preset.model.router == "deepseek_v3":
            for layer in self.model.moe_layers.values():
                routers.update_bias(layer.bias, layer.load, config.gamma * (1 - share))
        progress.step += 1
        progress.tokens += config.sequences * config.length
        if progress.step % LOG_EVERY == 1:
            progress.loss = loss.item()

    def save_model(self, fraction: float) -> None:
        progress, corpus = self.progress, self.described["corpus"]
        content = {
            "model": {name: tensor.cpu() for name, tensor in self.model.state_dict().items()},
            "preset": [self.arguments.model, self.arguments.size],
            "vocabulary": self.described["vocabulary"],
            "fraction": fraction,
            "tokens": progress.tokens,
            "seconds": progress.seconds,
            "loss": progress.loss,
            "seed": self.arguments.seed,
            "device": device_kind(self.device),
            "corpus": corpus,
        }
        save(content, self.out / f"model_{round(100 * fraction):03d}.pt")
        progress.saved.append(fraction)

    def save_state(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": dataclasses.asdict(self.progress),
        }
        save(state, self.out / "state.pt")

    def log(self) -> None:
        p = self.progress
        loads = [layer.load for layer in self.model.moe_layers.values()]
        skew = [round((load.max() / load.mean()).item(), 2) for load in loads]
        line = {
            "step": p.step,
            "share": round(self.share, 4),
            "tokens": p.tokens,
            "loss": round(p.loss, 4),
            "tokens_per_s": round(p.tokens / max(p.seconds, 1e-9)),
            "max_over_mean": skew,
        }
        with (self.out / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    def run(self) -> None:
        self.model.train()
        began, saved_at = time.monotonic() - self.progress.seconds, time.monotonic()
        while True:
            for fraction in CHECKPOINTS:
                if fraction not in self.progress.saved and self.share >= fraction:
                    self.save_model(fraction)
            if self.share >= 1:
                break
            self.step()
            self.progress.seconds = time.monotonic() - began
            if self.progress.step % LOG_EVERY == 1:
                self.log()
            if time.monotonic() - saved_at > SAVE_EVERY:
                self.save_state()
                saved_at = time.monotonic()
        self.save_state()


def save(content: dict, path: Path) -> None:
    """All or nothing."""
    torch.save(content, path.with_suffix(".tmp"))
    os.replace(path.with_suffix(".tmp"), path)


def device_kind(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{threads} CPU core{'s' * (threads > 1)}"


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=("a", "b", "c"), required=True)
    parser.add_argument("--size", choices=("cpu", "gpu"), required=True)
    parser.add_argument(
        "--tokens-from", type=Path, required=True, help="the folder tokens.py wrote"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--million-tokens", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args(argv)
    if arguments.minutes is None and arguments.million_tokens is None:
        parser.error("give --minutes, --million-tokens or both")
    return arguments


def main() -> None:
    arguments = parse()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    Trainer(PRESETS[arguments.model, arguments.size], arguments).run()


if __name__ == "__main__":
    main()
