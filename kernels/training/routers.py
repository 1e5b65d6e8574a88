"""The three routers: logits of the experts -> chosen experts, their weights, what is dropped.

Each is a pure function of float32 logits [tokens, experts], so that the choices can be made again
from recorded logits (`switchyard trace record --logits`). The names are those of its presets.

deepseek_v3  key = sigmoid(z) + bias, top-K by the key; weights sigmoid(z) over their sum, times
             ROUTED_SCALE. The bias is no parameter: after each step it moves by gamma towards the
             mean load (Wang et al. 2024, arXiv 2408.15664; DeepSeek-V3, arXiv 2412.19437, whose
             limit to groups of experts is left out). No auxiliary loss.
mixtral      softmax, top-K, weights over their sum; auxiliary loss (Jiang et al. 2024, arXiv
             2401.04088).
switch       softmax, top-1, weight = probability; an expert takes the first `capacity` tokens of a
             group and drops the others, which keep their residual only; auxiliary loss
             (Fedus et al. 2021, arXiv 2101.03961).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

ROUTED_SCALE = 2.5  # DeepSeek-V3's routed_scaling_factor
MIN_CAPACITY = 4  # of Mesh TensorFlow's Switch router


@dataclass
class Routing:
    """Choices of one layer."""

    experts: Tensor  # [tokens, K] int64, best first
    weights: Tensor  # [tokens, K] float32, differentiable
    probabilities: Tensor | None = None  # [tokens, E], for the auxiliary loss
    capacity: int | None = None  # rows an expert takes of each group, in token order; None: all


def balance_loss(probabilities: Tensor, share: Tensor) -> Tensor:
    """Switch's loss E * sum_e f_e P_e: f_e the share of all choices, P_e the mean probability.

    1 when both are uniform. The shares come from the layer, which averages them over recent
    batches: balance is asked of the corpus and not of the few documents of one small batch, which
    leaves the experts room to differ by domain (Qiu et al. 2025, arXiv 2501.11873).
    """
    return probabilities.shape[1] * (share * probabilities.mean(0)).sum()


def route_deepseek(logits: Tensor, bias: Tensor, top_k: int) -> Routing:
    score = logits.sigmoid()
    experts = (score.detach() + bias).topk(top_k).indices
    chosen = score.gather(1, experts)
    weights = ROUTED_SCALE * chosen / chosen.sum(1, keepdim=True)
    return Routing(experts, weights)


def route_mixtral(logits: Tensor, top_k: int) -> Routing:
    probabilities = logits.softmax(1)
    chosen, experts = probabilities.topk(top_k)
    return Routing(experts, chosen / chosen.sum(1, keepdim=True), probabilities)


def switch_capacity(tokens: int, experts: int, factor: float) -> int:
    """floor(factor * tokens / experts), at least 4, at most all (Mesh TensorFlow's Switch)."""
    return max(min(tokens, int(tokens * factor / experts)), MIN_CAPACITY)


def route_switch(logits: Tensor, factor: float) -> Routing:
    probabilities = logits.softmax(1)
    chosen, experts = probabilities.max(1, keepdim=True)
    capacity = switch_capacity(*logits.shape, factor)
    return Routing(experts, chosen, probabilities, capacity)


@torch.no_grad()
def update_bias(bias: Tensor, load: Tensor, gamma: float) -> None:
    """bias += gamma * sign(mean load - load), in place."""
    bias += gamma * torch.sign(load.mean() - load)
