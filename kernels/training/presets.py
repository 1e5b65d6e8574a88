"""The three models, each in two sizes.

a  like DeepSeek-V2/V3: first layer dense, 64 routed experts and a shared one, top-6, bias balancing
b  like Mixtral: 8 experts, top-2, auxiliary loss
c  like Switch: 32 experts, top-1, capacity factor 1.25, input jitter 0.01, real drops

Size `gpu` is for one H200 and about eight minutes, size `cpu` for one core and less than an hour.
"""

from __future__ import annotations

from dataclasses import dataclass

from model import ModelConfig


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained; the schedules follow the share of the training that is done."""

    sequences: int  # of a step
    length: int  # of a sequence, tokens
    peak_rate: float = 1e-3
    last_rate: float = 1e-4
    router_rate: float = 1.0  # the routers' rate over the others'
    warmup_steps: int = 100
    weight_decay: float = 0.1
    balance_loss: float = 0.01  # per layer; mixtral and switch
    gamma: float = 0.001  # deepseek_v3; falls linearly to 0 at the end
    clip: float = 1.0


@dataclass(frozen=True)
class Preset:
    name: str
    model: ModelConfig
    train: TrainConfig


def _gpu(name: str, **fields) -> Preset:
    model = ModelConfig(d_model=512, layers=12, heads=8, **fields)
    return Preset(f"switchyard-{name}-gpu", model, TrainConfig(sequences=64, length=1024))


def _cpu(name: str, **fields) -> Preset:
    model = ModelConfig(d_model=192, layers=8, heads=4, **fields)
    train = TrainConfig(sequences=4, length=512, peak_rate=2e-3, last_rate=1e-4, gamma=0.01)
    return Preset(f"switchyard-{name}-cpu", model, train)


def _a(d_expert: int, d_dense: int) -> dict:
    return dict(
        router="deepseek_v3",
        experts=64,
        top_k=6,
        d_expert=d_expert,
        d_dense=d_dense,
        dense_layers=1,
        d_shared=d_expert,
    )


def _b(d_expert: int) -> dict:
    return dict(router="mixtral", experts=8, top_k=2, d_expert=d_expert)


def _c(d_expert: int) -> dict:
    return dict(
        router="switch", experts=32, top_k=1, d_expert=d_expert, capacity_factor=1.25, jitter=0.01
    )


PRESETS: dict[tuple[str, str], Preset] = {
    ("a", "gpu"): _gpu("a", **_a(256, 2048)),
    ("b", "gpu"): _gpu("b", **_b(1024)),
    ("c", "gpu"): _gpu("c", **_c(1024)),
    ("a", "cpu"): _cpu("a", **_a(64, 512)),
    ("b", "cpu"): _cpu("b", **_b(192)),
    ("c", "cpu"): _cpu("c", embedding_scale=5.0, **_c(256)),
}
