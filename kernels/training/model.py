"""A decoder-only transformer whose feed-forward layers are mixtures of experts.

Pre-norm blocks, rotary positions, SwiGLU experts, output tied to the embedding. Routers compute in
float32 on the normalised state. `ModelConfig.router` is one of the names in routers.py.

    model = MoeTransformer(PRESETS["a", "cpu"].model, vocabulary=4096)
    out = model(ids)                 # ids [sequences, length]; out.logits, out.balance_loss
    out = model(ids, record=True)    # out.routed[layer]: raw router logits [tokens, experts]
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import experts as dispatch
import routers


SHARE_KEPT = 0.8  # of the experts' shares at each step; 0.8 averages about five batches


@dataclass(frozen=True)
class ModelConfig:
    """Shape of a model; sizes in values, not bytes."""

    router: str  # deepseek_v3, mixtral, switch
    d_model: int
    layers: int
    heads: int
    experts: int
    top_k: int
    d_expert: int
    d_dense: int = 0  # width of the dense layers
    dense_layers: int = 0  # the first ones
    d_shared: int = 0  # width of the shared expert; 0: none
    embedding_scale: float = 1.0  # of the token's vector in the residual stream, at the input
    capacity_factor: float = 0.0  # switch only
    jitter: float = 0.0  # switch only: training multiplies the router's input by U(1 - j, 1 + j)


@dataclass
class Output:
    logits: Tensor  # [sequences, length, vocabulary]
    balance_loss: Tensor  # sum over the layers
    routed: dict[int, Tensor] = field(
        default_factory=dict
    )  # layer -> [tokens, experts], if recorded


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cosine - b * sine, b * cosine + a * sine), dim=-1)


def rotary_angles(length: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    frequencies = 10_000.0 ** (-torch.arange(0, width, 2, device=device) / width)
    angles = torch.outer(torch.arange(length, device=device), frequencies)
    return angles.cos(), angles.sin()


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention; [sequences, heads, length, width].

    PyTorch's fused kernel on CUDA; on the CPU, at the short lengths of the small models, two
    products and a softmax took half its time (bfloat16, length 256)."""
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    shape, length = q.shape, q.shape[2]
    future = torch.ones(length, length, dtype=torch.bool, device=q.device).triu(1)
    mask = torch.zeros(1, length, length, dtype=q.dtype, device=q.device).masked_fill(
        future, -torch.inf
    )
    q, k, v = (part.flatten(0, 1) for part in (q, k, v))
    scores = torch.baddbmm(mask.expand(len(q), -1, -1), q, k.mT, alpha=shape[3] ** -0.5)
    return torch.bmm(scores.softmax(-1), v).view(shape)


class Attention(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model, bias=False)
        self.out = nn.Linear(config.d_model, config.d_model, bias=False)

    def forward(self, x: Tensor, angles: tuple[Tensor, Tensor]) -> Tensor:
        batch, length, width = x.shape
        heads = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = (part.transpose(1, 2) for part in heads.unbind(2))
        cosine, sine = (angle.to(x.dtype) for angle in angles)
        q, k = rotate(q, cosine, sine), rotate(k, cosine, sine)
        mixed = attend(q, k, v)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class Dense(nn.Module):
    """SwiGLU: silu(x W1) * (x W3), then W2."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.up = nn.Linear(width, 2 * hidden, bias=False)
        self.out = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.up(x).chunk(2, dim=-1)
        return self.out(F.silu(gate) * value)


class MoeLayer(nn.Module):
    def __init__(self, config: ModelConfig):
        super().__init__()
        self.config = config
        width, hidden, count = config.d_model, config.d_expert, config.experts
        self.router = nn.Parameter(torch.empty(count, width))
        self.up = nn.Parameter(torch.empty(count, width, 2 * hidden))
        self.out = nn.Parameter(torch.empty(count, hidden, width))
        self.shared = Dense(width, config.d_shared) if config.d_shared else None
        self.register_buffer("bias", torch.zeros(count))
        if config.router != "deepseek_v3":
            self.register_buffer("share", torch.full((count,), 1 / count))  # of recent choices
        self.register_buffer("load", torch.zeros(count), persistent=False)  # of the last forward

    def route(self, logits: Tensor) -> routers.Routing:
        if self.config.router == "deepseek_v3":
            return routers.route_deepseek(logits, self.bias, self.config.top_k)
        if self.config.router == "mixtral":
            return routers.route_mixtral(logits, self.config.top_k)
        return routers.route_switch(logits, self.config.capacity_factor)

    def router_logits(self, x: Tensor) -> Tensor:
        """x [tokens, d] -> float32 [tokens, experts], whatever autocast says."""
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()
            if self.training and self.config.jitter:
                x = x * torch.empty_like(x).uniform_(1 - self.config.jitter, 1 + self.config.jitter)
            return F.linear(x, self.router)

    def balance_loss(self, routing: routers.Routing) -> Tensor:
        if routing.probabilities is None:
            return routing.weights.new_zeros(())
        if self.training:
            self.share = SHARE_KEPT * self.share + (1 - SHARE_KEPT) * self.load / self.load.sum()
        return routers.balance_loss(routing.probabilities, self.share)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x [tokens, d] -> (output, balance loss, raw logits); all tokens are one group."""
        logits = self.router_logits(x)
        routing = self.route(logits)
        made = dispatch.plan(routing.experts, self.config.experts, routing.capacity)
        self.load = made.wanted.float()
        low = (
            torch.get_autocast_dtype(x.device.type)
            if torch.is_autocast_enabled(x.device.type)
            else x.dtype
        )
        rows = dispatch.Gather.apply(x.to(low), made)
        gate, value = dispatch.grouped_matmul(rows, self.up.to(low), made).chunk(2, dim=-1)
        rows = dispatch.grouped_matmul(F.silu(gate) * value, self.out.to(low), made)
        out = dispatch.combine(rows, routing.weights, made)
        return (
            (out if self.shared is None else out + self.shared(x)),
            self.balance_loss(routing),
            logits,
        )


class Block(nn.Module):
    def __init__(self, config: ModelConfig, layer: int):
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.d_model, eps=1e-6)
        self.attention = Attention(config)
        self.norm = nn.RMSNorm(config.d_model, eps=1e-6)
        self.is_moe = layer >= config.dense_layers
        self.feed_forward = (
            MoeLayer(config) if self.is_moe else Dense(config.d_model, config.d_dense)
        )

    def forward(
        self, x: Tensor, angles: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        x = x + self.attention(self.attention_norm(x), angles)
        state = self.norm(x)
        if not self.is_moe:
            return x + self.feed_forward(state), None, None
        out, loss, logits = self.feed_forward(state.flatten(0, 1))
        return x + out.view_as(x), loss, logits


class MoeTransformer(nn.Module):
    def __init__(self, config: ModelConfig, vocabulary: int):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocabulary, config.d_model)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.norm = nn.RMSNorm(config.d_model, eps=1e-6)
        self.frequency = nn.Parameter(torch.zeros(vocabulary))  # output bias
        self.apply(self._initialise)

    def _initialise(self, module: nn.Module) -> None:
        """Normal, 0.02; what writes to the residual stream less, by the root of the writes."""
        deep = 1 / math.sqrt(2 * self.config.layers)
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=module.in_features**-0.5)
        if isinstance(module, (Attention, Dense)):
            nn.init.normal_(module.out.weight, std=deep * module.out.in_features**-0.5)
        if isinstance(module, MoeLayer):
            nn.init.normal_(module.router, std=0.02)
            nn.init.normal_(module.up, std=module.up.shape[1] ** -0.5)
            nn.init.normal_(module.out, std=deep * module.out.shape[1] ** -0.5)

    @torch.no_grad()
    def start_from_counts(self, counts: Tensor) -> None:
        """Sets the output bias to the log frequency of the tokens in the training text.

        Else the first hundreds of steps teach all states one common direction to say just this, and
        the routers, which see little else, send every token to the same experts."""
        self.frequency.copy_(((counts + 1) / (counts + 1).sum()).log())

    @property
    def moe_layers(self) -> dict[int, MoeLayer]:
        """Layer index among all layers -> its mixture of experts."""
        return {i: block.feed_forward for i, block in enumerate(self.blocks) if block.is_moe}

    def forward(self, ids: Tensor, record: bool = False) -> Output:
        angles = rotary_angles(ids.shape[1], self.config.d_model // self.config.heads, ids.device)
        x = self.config.embedding_scale * self.embedding(ids)
        balance, routed = x.new_zeros((), dtype=torch.float32), {}
        for layer, block in enumerate(self.blocks):
            x, loss, logits = block(x, angles)
            balance = balance if loss is None else balance + loss
            if record and logits is not None:
                routed[layer] = logits.detach()
        return Output(
            F.linear(self.norm(x), self.embedding.weight) + self.frequency, balance, routed
        )
