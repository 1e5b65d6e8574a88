"""A checkpoint's router logits over held-out documents, as one .safetensors file.

    python3 export.py --checkpoint RUN/model_100.pt --tokens-from TOKENS --out a_100.safetensors \
        --length 512 --per-domain 4

Each sequence is the beginning of one held-out document. Sequences go round the domains (first
document of each domain, second of each, ...), so that any run of them is a mixed batch. One round
is a group: it passes through the model together, and with `switch` it shares the capacity.

Tensors: `logits.<L>` [tokens, experts] F32, raw router logits of layer L, counted among all layers;
`bias.<L>` [experts] F32, only with deepseek_v3; `token_ids` [tokens] I32; `sequence_lengths`
[sequences] I32; `domains` [sequences] U8. Metadata, all strings: `model_name`, `router`, `top_k`,
`domain_names`, `corpus`, `training`, `seed`; with deepseek_v3 `routed_scale`, with switch
`capacity_factor`, `capacity_rule`, `group_tokens`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

import routers
from model import MoeTransformer
from presets import PRESETS


CAPACITY_RULE = (
    "each n = group_tokens tokens in turn: an expert takes the first"
    " max(min(n, floor(capacity_factor * n / experts)), 4) that chose it"
)


@dataclass(frozen=True)
class Sequence:
    domain: int
    ids: list[int]


def pick(held_out: list[dict], domains: int, length: int, per_domain: int) -> list[Sequence]:
    """`per_domain` sequences of `length` of every domain, domain by domain in turn."""
    by_domain = [
        [d["ids"] for d in held_out if d["domain"] == n and len(d["ids"]) >= length]
        for n in range(domains)
    ]
    short = [n for n, documents in enumerate(by_domain) if len(documents) < per_domain]
    if short:
        raise SystemExit(
            f"domains {short} have fewer than {per_domain} held-out documents of {length} tokens"
        )
    return [
        Sequence(n, by_domain[n][i][:length]) for i in range(per_domain) for n in range(domains)
    ]


@torch.no_grad()
def record(
    model: MoeTransformer, sequences: list[Sequence], group: int
) -> tuple[dict[str, torch.Tensor], float]:
    """(the tensors of the file, the loss per token). The model runs in float32, without jitter."""
    model.eval()
    layers: dict[int, list[torch.Tensor]] = {layer: [] for layer in model.moe_layers}
    losses = []
    for start in range(0, len(sequences), group):
        rows = [sequence.ids for sequence in sequences[start : start + group]]
        ids = torch.tensor(rows, device=model.embedding.weight.device)
        out = model(ids, record=True)
        losses.append(cross_entropy(out.logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).item())
        for layer, logits in out.routed.items():
            layers[layer].append(logits.float().cpu())
    tensors = {f"logits.{layer}": torch.cat(parts).contiguous() for layer, parts in layers.items()}
    if model.config.router == "deepseek_v3":
        tensors |= {f"bias.{n}": layer.bias.float().cpu() for n, layer in model.moe_layers.items()}
    tensors["token_ids"] = torch.tensor([i for s in sequences for i in s.ids], dtype=torch.int32)
    tensors["sequence_lengths"] = torch.tensor([len(s.ids) for s in sequences], dtype=torch.int32)
    tensors["domains"] = torch.tensor([s.domain for s in sequences], dtype=torch.uint8)
    return tensors, sum(losses) / len(losses)


def metadata(saved: dict, model: MoeTransformer, group_tokens: int, loss: float) -> dict[str, str]:
    corpus, config = saved["corpus"], model.config
    packages = ", ".join(
        f"{name} {version}" for name, version in sorted(corpus["packages"].items())
    )
    preset = PRESETS[tuple(saved["preset"])]
    training = (
        f"checkpoint at {100 * saved['fraction']:.0f} % of the training: {saved['tokens']} tokens"
        f" in {saved['seconds'] / 60:.1f} minutes on {saved['device']},"
        f" loss {loss:.3f} a token on the recorded text"
    )
    described = {
        "model_name": preset.name,
        "router": config.router,
        "top_k": str(config.top_k),
        "domain_names": ",".join(corpus["domains"]),
        "corpus": f"held-out documents of Debian packages: {packages}",
        "training": training,
        "seed": str(saved["seed"]),
    }
    if config.router == "deepseek_v3":
        described["routed_scale"] = str(routers.ROUTED_SCALE)
    if config.router == "switch":
        described["capacity_factor"] = str(config.capacity_factor)
        described["capacity_rule"] = CAPACITY_RULE
        described["group_tokens"] = str(group_tokens)
    return described


def load(checkpoint: Path) -> tuple[dict, MoeTransformer]:
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = MoeTransformer(PRESETS[tuple(saved["preset"])].model, saved["vocabulary"])
    model.load_state_dict(saved["model"])
    return saved, model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument(
        "--tokens-from", type=Path, required=True, help="the folder tokens.py wrote"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--length", type=int, default=512, help="tokens of a sequence")
    parser.add_argument("--per-domain", type=int, default=4, help="sequences of each domain")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, help="CPU threads")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    saved, model = load(arguments.checkpoint)
    held_out = json.loads((arguments.tokens_from / "held_out.json").read_text())
    domains = len(saved["corpus"]["domains"])
    sequences = pick(held_out, domains, arguments.length, arguments.per_domain)
    tensors, loss = record(model.to(arguments.device), sequences, domains)
    save_file(tensors, arguments.out, metadata(saved, model, domains * arguments.length, loss))


if __name__ == "__main__":
    main()
