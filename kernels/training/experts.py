"""Tokens to experts and back: sort by expert, one matrix product for each, sum of the choices.

A choice is one (token, rank) pair; choice c belongs to token c // K. `plan` sorts the choices by
expert, stable in token order, and cuts each expert's part to its capacity. The experts then see
contiguous rows, each expert's part padded with rows of zeros to a multiple of BLOCK: a matrix
library then meets few shapes, for which it keeps its kernels. No Python runs per token.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 32  # rows


@dataclass
class Plan:
    """Which choice is computed in which row."""

    choices: Tensor  # [kept] int64: index into the flattened [tokens, K], in the order of experts
    places: Tensor  # [kept] int64: the choice's row
    sizes: Tensor  # [experts] int64: rows of each expert, padding included
    wanted: Tensor  # [experts] int64: choices of each expert, before drops
    rows: int  # in all
    top_k: int
    all_kept: bool


def plan(experts: Tensor, count: int, capacity: int | None = None) -> Plan:
    """`experts` [tokens, K]; an expert keeps its first `capacity` choices in token order."""
    flat = experts.flatten()
    wanted = torch.bincount(flat, minlength=count)
    choices = torch.argsort(flat, stable=True)
    owner = flat[choices]
    place = torch.arange(len(flat), device=flat.device) - (wanted.cumsum(0) - wanted)[owner]
    kept = wanted
    if capacity is not None:
        mask = place < capacity
        choices, owner, place, kept = (
            choices[mask],
            owner[mask],
            place[mask],
            wanted.clamp(max=capacity),
        )
    sizes = (kept + BLOCK - 1) // BLOCK * BLOCK
    places = place + (sizes.cumsum(0) - sizes)[owner]
    return Plan(
        choices, places, sizes, wanted, int(sizes.sum()), experts.shape[1], capacity is None
    )


class Gather(torch.autograd.Function):
    """[tokens, d] to the rows of the plan; backwards each token sums its kept choices."""

    @staticmethod
    def forward(ctx, x: Tensor, made: Plan) -> Tensor:
        ctx.made, ctx.tokens = made, x.shape[0]
        rows = x.new_zeros(made.rows, x.shape[1])
        rows[made.places] = x[torch.div(made.choices, made.top_k, rounding_mode="floor")]
        return rows

    @staticmethod
    def backward(ctx, grad: Tensor):
        return spread(grad, ctx.made, ctx.tokens).sum(1), None


class Spread(torch.autograd.Function):
    """The rows of the plan to [tokens, K, d]; dropped choices are 0."""

    @staticmethod
    def forward(ctx, rows: Tensor, made: Plan, tokens: int) -> Tensor:
        ctx.made = made
        return spread(rows, made, tokens)

    @staticmethod
    def backward(ctx, grad: Tensor):
        rows = grad.new_zeros(ctx.made.rows, grad.shape[2])
        rows[ctx.made.places] = grad.flatten(0, 1)[ctx.made.choices]
        return rows, None, None


def spread(rows: Tensor, made: Plan, tokens: int) -> Tensor:
    shape = (tokens * made.top_k, rows.shape[1])
    out = rows.new_empty(shape) if made.all_kept else rows.new_zeros(shape)
    out[made.choices] = rows[made.places]
    return out.view(tokens, made.top_k, rows.shape[1])


class LoopedMatmul(torch.autograd.Function):
    """out[rows of e] = x[rows of e] @ weight[e], an ordinary product for each expert."""

    @staticmethod
    def forward(ctx, x: Tensor, weight: Tensor, sizes: list[int]) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.sizes = sizes
        out = x.new_empty(x.shape[0], weight.shape[2])
        for rows, product, w in zip(x.split(sizes), out.split(sizes), weight.unbind()):
            torch.mm(rows, w, out=product)
        return out

    @staticmethod
    def backward(ctx, grad: Tensor):
        x, weight = ctx.saved_tensors
        grad = grad.contiguous()
        grad_x, grad_weight = torch.empty_like(x), torch.empty_like(weight)
        parts = zip(x.split(ctx.sizes), grad.split(ctx.sizes), grad_x.split(ctx.sizes))
        for (rows, g, gx), w, gw in zip(parts, weight.unbind(), grad_weight.unbind()):
            torch.mm(g, w.t(), out=gx)
            torch.mm(rows.t(), g, out=gw)
        return grad_x, grad_weight, None


def grouped_matmul(x: Tensor, weight: Tensor, made: Plan) -> Tensor:
    """x [rows, a] by weight [experts, a, b]; bfloat16 on CUDA takes PyTorch's grouped kernel."""
    if x.is_cuda and x.dtype == torch.bfloat16 and hasattr(torch, "_grouped_mm"):
        return torch._grouped_mm(x, weight, offs=made.sizes.cumsum(0).to(torch.int32))
    return LoopedMatmul.apply(x, weight, made.sizes.tolist())


def combine(rows: Tensor, weights: Tensor, made: Plan) -> Tensor:
    """[tokens, d]: the sum over the choices of weight times the expert's row."""
    spread = Spread.apply(rows, made, weights.shape[0])
    return torch.bmm(weights.unsqueeze(1).to(rows.dtype), spread).squeeze(1)
