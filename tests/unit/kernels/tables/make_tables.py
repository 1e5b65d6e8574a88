#!/usr/bin/env python3
"""Writes the tables of this folder: capacities, slots and weights as the frameworks compute them.

    python3 make_tables.py [FOLDER]

Each function below is the published formula, step by step: cumulative sums of one-hot masks and
floats rounded after every operation, nothing of the C++ code's counting and sorting. A table begins
with the formula (#), then with the fields of CapacitySpec that should do the same (name=value).
Sources: kernels/README.md. Python 3 without packages; the same bytes every time.
"""

import math
import random
import struct
import sys
from fractions import Fraction
from pathlib import Path

EPS = 2.0**-23  # torch.finfo(torch.float32).eps


def f32(x):
    """x rounded to a 32-bit float. Right for + and / of two such floats: a double has at least
    2 * 24 + 2 bits, so rounding twice changes nothing."""
    return struct.unpack("f", struct.pack("f", x))[0]


def bits(x):
    return struct.pack(">f", x).hex()


# Capacities: S tokens, E experts, K choices, cf the factor as a Python float.


def megatron(s, e, k, cf):
    return math.ceil((s * k / e) * cf)


def deepspeed(s, e, k, cf):
    return math.ceil(f32(f32(s / e) * f32(cf * k)))


def fairseq_top1(s, e, _k, cf):
    return int(cf * math.ceil(s / e))


def fairseq_top2(s, e, _k, _cf):
    return 2 * math.ceil(s / e)


def tutel(s, e, k, cf):
    return k * int(cf * ((s + e - 1) // e))


def flaxformer(s, e, _k, cf):
    return max(int(round(cf * s / e)), 4)


def mesh(s, e, _k, cf):
    return max(min(s, int((s * cf) / e)), 4)


def megablocks(s, e, k, cf):
    return int(cf * (k * s / e))


def exact(rounding, top):
    """The same formula in fractions: what rounding errors change."""
    return lambda s, e, k, cf: rounding(top(s, e, k) * cf)


def ratio(s, e, _k):
    return Fraction(s, e)


def ratio_k(s, e, k):
    return Fraction(s * k, e)


def per_expert(s, e, _k):
    return -(-s // e)


FACTORS = [Fraction(n, 20) for n in (*range(1, 41), 45, 50, 60, 80)]
EXPERTS = (1, 2, 3, 7, 8, 16, 60, 64, 96, 160, 256)
TOKENS = range(1, 513)
CHOICES = (1, 2, 6)

CAPACITIES = {
    # name: (formula, its text, spec fields, the exact form, largest K)
    "d1_megatron": (megatron, "ceil((S K / E) cf), double", "round=ceil_double",
                    exact(math.ceil, ratio_k), 6),
    "d3_deepspeed": (deepspeed, "ceil(float(S / E) float(cf K)), float", "round=ceil_float",
                     exact(math.ceil, ratio_k), 6),
    "d6_fairseq_top1": (fairseq_top1, "int(cf ceil(S / E))",
                        "base=ceil_per_expert times_k=no round=floor_double",
                        exact(math.floor, per_expert), 1),
    "d8_tutel": (tutel, "K int(cf ceil(S / E))",
                 "base=ceil_per_expert times_k=after_rounding round=floor_double",
                 lambda s, e, k, cf: k * math.floor(cf * per_expert(s, e, k)), 6),
    "d9_flaxformer": (flaxformer, "max(int(round(cf S / E)), 4), Python's round: half to even",
                      "times_k=no round=half_even min=4",
                      lambda s, e, k, cf: max(round(cf * s / e), 4), 1),
    "d10_mesh": (mesh, "max(min(S, int(S cf / E)), 4)", "times_k=no round=floor_product min=4",
                 lambda s, e, k, cf: max(math.floor(cf * s / e), 4), 1),
    "d12_megablocks": (megablocks, "int(cf (K S / E))", "round=floor_double",
                       exact(math.floor, ratio_k), 6),
}


def capacity_cases(name):
    """Every case of the grid; mesh-tensorflow's min(S, ...) matters only for factors above E."""
    largest_k = CAPACITIES[name][4]
    for s in TOKENS:
        for e in EXPERTS:
            for k in (k for k in CHOICES if k <= min(e, largest_k)):
                for cf in FACTORS:
                    if name != "d10_mesh" or cf <= e:
                        yield s, e, k, cf


def capacity_table(name):
    formula, text, spec, exactly, _ = CAPACITIES[name]
    cases = list(capacity_cases(name))
    odd = [c for c in cases if formula(*c[:3], float(c[3])) != exactly(*c)]
    rng = random.Random(name)
    chosen = rng.sample(odd, min(len(odd), 16)) + rng.sample(cases, 24)
    if name in ("d1_megatron", "d3_deepspeed"):
        chosen.append((100, 8, 1, Fraction(6, 5)))  # 15 in double, 16 in float
    lines = [f"# {text}", f"# Differs from the same formula in exact fractions in {len(odd)} of "
             f"{len(cases)} cases of the grid in make_tables.py.", spec,
             "tokens,experts,top_k,num,den,capacity"]
    for s, e, k, cf in sorted(set(chosen)):
        value = formula(s, e, k, float(cf))
        lines.append(f"{s},{e},{k},{cf.numerator},{cf.denominator},{value}")
    return lines


# Slots. Routes are [S][K] experts and weights; a result is [S][K] slots, -1 where dropped.


def one_hot(column, experts):
    return [[int(e == x) for x in range(experts)] for e in column]


def exclusive_cumsum(mask):
    total = [0] * len(mask[0])
    rows = []
    for row in mask:
        rows.append(list(total))
        total = [a + b for a, b in zip(total, row)]
    return rows, total


def column(ids, k):
    return [row[k] for row in ids]


def choice_major(ids, _weights, experts, capacity, order=None, offset_after_drop=False):
    """GShard, fairseq, DeepSpeed top-2, Tutel, T5X, mesh-tensorflow: one cumulative sum for every
    choice, on top of the counts of the choices before; order: tokens as they are served."""
    order = order or range(len(ids))
    slots = [[-1] * len(row) for row in ids]
    offset = [0] * experts
    for k in range(len(ids[0])):
        mask = one_hot([ids[t][k] for t in order], experts)
        before, total = exclusive_cumsum(mask)
        for place, t in enumerate(order):
            e = ids[t][k]
            if before[place][e] + offset[e] < capacity:
                slots[t][k] = before[place][e] + offset[e]
        if offset_after_drop:
            total = [sum(slots[t][k] >= 0 and ids[t][k] == e for t in order)
                     for e in range(experts)]
        offset = [a + b for a, b in zip(offset, total)]
    return slots


def mesh_top2(ids, weights, experts, capacity):
    return choice_major(ids, weights, experts, capacity, offset_after_drop=True)


def batch_prioritised(ids, weights, experts, capacity):
    order = sorted(range(len(ids)), key=lambda t: (-max(weights[t]), t))
    return choice_major(ids, weights, experts, capacity, order)


def token_major(ids, _weights, experts, capacity):
    """MegaBlocks: a stable sort of the flattened [S, K] experts; DeepSpeed's topkgating: a sum over
    tokens of a mask with all K choices. The same, as a token's choices differ."""
    masks = [[sum(col) for col in zip(*one_hot(row, experts))] for row in ids]
    before, _ = exclusive_cumsum(masks)
    return [[before[t][e] if before[t][e] < capacity else -1 for e in row]
            for t, row in enumerate(ids)]


def per_expert_top(ids, priority, experts, capacity):
    """Megatron, DeepSpeed top-1: the C largest priorities of an expert's column (lower token
    first), then slots in token order."""
    slots = [[-1] * len(row) for row in ids]
    for e in range(experts):
        wanting = [(t, row.index(e)) for t, row in enumerate(ids) if e in row]
        best = sorted(wanting, key=lambda tk: (-priority[tk[0]][tk[1]], tk[0]))[:capacity]
        for slot, (t, k) in enumerate(sorted(best)):
            slots[t][k] = slot
    return slots


def no_token_left_behind(ids, _weights, experts, capacity):
    slots = [[-1] * len(row) for row in ids]
    used = [0] * experts
    for k in range(len(ids[0])):
        for t, row in enumerate(ids):
            if max(slots[t]) < 0 and used[row[k]] < capacity:
                slots[t][k] = used[row[k]]
                used[row[k]] += 1
    return slots


def philox_x(token, choice, seed):
    """Philox4x32-10 (Salmon et al., SC 2011): the first word of counter (token, choice, 0, 0)."""
    c = [token, choice, 0, 0]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ key[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c[0]


SEED = 0x123456789


def random_tokens(ids, _weights, experts, capacity):
    draws = [[philox_x(t, k, SEED) for k in range(len(row))] for t, row in enumerate(ids)]
    return per_expert_top(ids, draws, experts, capacity)


def keep_weights(weights, slots):
    return [[w if s >= 0 else 0.0 for w, s in zip(*rows)] for rows in zip(weights, slots)]


def normalise_after(weights, slots):
    """w / clamp(sum, min=eps) over what was kept, in floats."""
    result = []
    for row in keep_weights(weights, slots):
        total = 0.0
        for w in row:
            total = f32(total + w)
        result.append([f32(w / max(total, EPS)) for w in row])
    return result


PRIORITY = "order=choice_major slots=priority"
AFTER = f"normalise=after_drop normalise_eps={EPS!r}"
PER_EXPERT = "base=ceil_per_expert times_k=after_rounding round=floor_double"

SLOTS = {
    # name: (rule, capacity, weights, K, text, spec fields)
    "d1_megatron_probs": (per_expert_top, megatron, keep_weights, 2,
                          "an expert keeps its C largest weights", "round=ceil_double drop=weight"),
    "d1_megatron_position": (token_major, megatron, keep_weights, 2,
                             "an expert keeps its C first tokens",
                             "round=ceil_double drop=position"),
    "d3_deepspeed_top1_rts": (random_tokens, deepspeed, keep_weights, 1,
                              "an expert keeps the C largest of uniform draws, here of Philox",
                              f"round=ceil_float drop=random seed={SEED}"),
    "d4_deepspeed_top2": (choice_major, deepspeed, normalise_after, 2,
                          "first choices before second ones, survivors normalised",
                          f"round=ceil_float drop=position {PRIORITY} {AFTER}"),
    "d5_deepspeed_topk_position": (token_major, deepspeed, normalise_after, 3,
                                   "token after token, survivors normalised",
                                   f"round=ceil_float drop=position {AFTER}"),
    "d7_fairseq_top2": (choice_major, fairseq_top2, normalise_after, 2,
                        "first choices before second ones, survivors normalised",
                        f"{PER_EXPERT} drop=position {PRIORITY} {AFTER}"),
    "d7_fairseq_top2_bpr": (batch_prioritised, fairseq_top2, normalise_after, 2,
                            "tokens by largest weight, first choices before second ones",
                            f"{PER_EXPERT} drop=token_priority {PRIORITY} {AFTER}"),
    "d8_tutel": (choice_major, tutel, keep_weights, 2, "first choices before second ones",
                 f"{PER_EXPERT} drop=position {PRIORITY}"),
    "d9_flaxformer_bpr": (batch_prioritised, flaxformer, keep_weights, 2,
                          "tokens by largest weight, first choices before second ones",
                          f"times_k=no round=half_even min=4 drop=token_priority {PRIORITY}"),
    "d10_mesh_top2": (mesh_top2, mesh, keep_weights, 2,
                      "second choices after the first choices that were kept",
                      f"times_k=no round=floor_product min=4 drop=position {PRIORITY}"),
    "d11_mesh_ntlb": (no_token_left_behind, mesh, keep_weights, 3,
                      "choice j for the tokens that no choice before j placed",
                      f"times_k=no round=floor_product min=4 drop=no_token_left_behind {PRIORITY}"),
    "d12_megablocks": (token_major, megablocks, keep_weights, 2,
                       "in the order of the flattened [S, K] choices",
                       "round=floor_double drop=position order=token_major slots=priority"),
}


def random_routes(rng, tokens, experts, k):
    """Skewed: low experts are wanted most. Weights are 64ths, so that many are equal."""
    ids, weights = [], []
    for _ in range(tokens):
        row = []
        while len(row) < k:
            e = min(rng.randrange(experts), rng.randrange(experts))
            if e not in row:
                row.append(e)
        ids.append(row)
        weights.append(sorted((f32(rng.randrange(1, 33) / 64) for _ in range(k)), reverse=True))
    return ids, weights


def slots_table(name):
    rule, capacity_of, settle, k, text, spec = SLOTS[name]
    rng = random.Random(name)
    lines = [f"# {text}; capacity as in make_tables.py: {capacity_of.__name__}", spec,
             "tokens,experts,top_k,num,den,experts of the choices,weights,slots,weights after"]
    for tokens, experts, cf in ((1, 3, Fraction(1)), (24, 4, Fraction(1)), (24, 4, Fraction(5, 8)),
                                (40, 7, Fraction(5, 4)), (33, 8, Fraction(3, 2))):
        ids, weights = random_routes(rng, tokens, experts, k)
        slots = rule(ids, weights, experts, capacity_of(tokens, experts, k, float(cf)))
        after = settle(weights, slots)
        flat = [" ".join(f(x) for row in rows for x in row)
                for rows, f in ((ids, str), (weights, bits), (slots, str), (after, bits))]
        if capacity_of is fairseq_top2:
            cf = Fraction(1)
        lines.append(f"{tokens},{experts},{k},{cf.numerator},{cf.denominator}," + ",".join(flat))
    return lines


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
    for name in CAPACITIES:
        (folder / f"capacity_{name}.csv").write_text("\n".join(capacity_table(name)) + "\n")
    for name in SLOTS:
        (folder / f"slots_{name}.csv").write_text("\n".join(slots_table(name)) + "\n")


if __name__ == "__main__":
    main()
