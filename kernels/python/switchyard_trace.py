"""Records which experts the routers of a Hugging Face Transformers MoE model choose.

    from switchyard_trace import record

    with record(model) as trace:
        model(**tokenizer(texts, padding=True, return_tensors="pt"))
    trace.save("mine")  # then: switchyard trace info mine.topk_ids.npy

Writes NAME.topk_ids.npy [tokens, layers, top_k], NAME.topk_weights.npy (float32, as the experts'
outputs are scaled) and NAME.seq_len.npy: the form that every command of switchyard reads. Each row
of a batch is a sequence; tokens that the attention mask leaves out are not written; generate()
continues its sequences step by step. A token's choices are ordered by weight, best first.

Any model whose MoE blocks have a module `gate` or `router` beside their `experts`. It may return
indices and weights in any order (Transformers 5, DeepSeek-V3 in 4), scores of all experts
(Llama 4), or logits alone (Transformers 4), from which the block's own rule is followed: its
method route_tokens_to_experts where it has one, else softmax, top-k and, unless the block's
norm_topk_prob says no, normalisation. Not for packed sequences: a row is one sequence.
"""

import re

import numpy
import torch

ROUTER_NAMES = ("gate", "router")


def choices(router, block, output):
    """The chosen experts and their weights, [tokens, top_k] each, best first."""
    tensors = [t for t in (output if isinstance(output, (tuple, list)) else [output])
               if torch.is_tensor(t)]
    indices = next((t for t in tensors if not t.is_floating_point()), None)
    scores = [t for t in tensors if t.is_floating_point()]
    if indices is not None:
        same = [t for t in scores if t.shape == indices.shape]
        weights = same[-1] if same else scores[-1].gather(-1, indices)
    elif len(scores) == 1 and hasattr(block, "route_tokens_to_experts"):
        indices, weights = block.route_tokens_to_experts(scores[0])
        if indices.is_floating_point():
            indices, weights = weights, indices
    else:
        top_k = getattr(block, "top_k", None) or getattr(router, "top_k", None)
        if top_k is None:
            raise TypeError(f"{type(block).__name__} does not say its top_k")
        probabilities = scores[0].float()
        if len(scores) == 1:
            probabilities = probabilities.softmax(-1)
        weights, indices = probabilities.topk(top_k, dim=-1)
        if len(scores) == 1 and getattr(block, "norm_topk_prob", True):
            weights = weights / weights.sum(-1, keepdim=True)
    top_k = indices.shape[-1]
    indices, weights = indices.reshape(-1, top_k), weights.reshape(-1, top_k).float()
    order = weights.argsort(dim=-1, descending=True, stable=True)
    return (indices.gather(-1, order).detach().cpu().numpy(),
            weights.gather(-1, order).detach().cpu().numpy())


class record:
    """Context manager: see the module."""

    def __init__(self, model):
        self.model = model
        self.layers = []  # index in the model of each MoE layer
        self.sequences = []  # per sequence and layer, a list of (ids, weights)
        self._rows, self._mask, self._seen, self._hooks = [], None, set(), []

    def __enter__(self):
        modules = dict(self.model.named_modules())
        for name, router in modules.items():
            parent, _, leaf = name.rpartition(".")
            if leaf in ROUTER_NAMES and hasattr(modules[parent], "experts"):
                layer = len(self.layers)
                number = re.findall(r"\.(\d+)(?=\.)", name)
                self.layers.append(int(number[-1]) if number else layer)
                hook = self._hook(layer, modules[parent])
                self._hooks.append(router.register_forward_hook(hook))
        if not self.layers:
            raise TypeError(f"{type(self.model).__name__} has no gate or router beside experts")
        before = self.model.register_forward_pre_hook(self._before, with_kwargs=True)
        self._hooks.append(before)
        return self

    def __exit__(self, *_):
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _before(self, _model, args, kwargs):
        inputs = kwargs.get("input_ids")
        if inputs is None:
            inputs = kwargs.get("inputs_embeds", args[0] if args else None)
        if inputs is None:
            raise TypeError("the model was called without input_ids and inputs_embeds")
        rows, tokens = inputs.shape[:2]
        mask = kwargs.get("attention_mask")
        if mask is not None and mask.dim() != 2:
            raise TypeError(f"attention_mask has {mask.dim()} dimensions; expected [rows, tokens]")
        # With a cache, the mask covers the tokens in it as well.
        self._mask = (numpy.ones((rows, tokens), bool) if mask is None
                      else mask[:, -tokens:].bool().cpu().numpy())
        cache = kwargs.get("past_key_values")
        cached = cache is not None and (not hasattr(cache, "get_seq_length")
                                        or cache.get_seq_length() > 0)
        if not cached or len(self._rows) != rows:
            self._rows = [[[] for _ in self.layers] for _ in range(rows)]
            self.sequences += self._rows
        self._seen = set()

    def _hook(self, layer, block):
        def hook(router, _inputs, output):
            if layer in self._seen:
                raise RuntimeError("a router ran twice in one pass (gradient checkpointing?)")
            self._seen.add(layer)
            ids, weights = choices(router, block, output)
            if len(ids) != self._mask.size:
                raise RuntimeError(
                    f"{len(ids)} tokens were routed, the batch has {self._mask.size}")
            shape = (*self._mask.shape, ids.shape[-1])
            for row, kept, i, w in zip(self._rows, self._mask, ids.reshape(shape),
                                       weights.reshape(shape)):
                row[layer].append((i[kept], w[kept]))
        return hook

    def arrays(self):
        """ids and weights [tokens, layers, top_k], and the length of every sequence."""
        ids, weights, lengths = [], [], []
        for sequence in self.sequences:
            if not all(sequence):
                raise RuntimeError("a pass did not run through all routers")
            layers = [[numpy.concatenate(part) for part in zip(*steps)] for steps in sequence]
            if len(layers[0][0]) == 0:
                continue  # a row of padding alone
            ids.append(numpy.stack([layer[0] for layer in layers], 1))
            weights.append(numpy.stack([layer[1] for layer in layers], 1))
            lengths.append(len(ids[-1]))
        if not ids:
            raise RuntimeError("nothing was recorded")
        ids = numpy.concatenate(ids)
        small = numpy.uint8 if ids.max() < 256 else numpy.uint16
        return ids.astype(small), numpy.concatenate(weights), numpy.array(lengths, numpy.int32)

    def save(self, name):
        for part, array in zip(("topk_ids", "topk_weights", "seq_len"), self.arrays()):
            numpy.save(f"{name}.{part}.npy", array)
