"""Statistics of an exported file, beside an untrained control: is the routing realistic?

    python3 stats.py a_100.safetensors --control a_000.safetensors

A quick look while training; `switchyard trace info` prints the official numbers. Per layer:

lag n       overlap of the expert sets of tokens t and t + n of a sequence, share of K
same token  overlap with all other places of the same token, averaged over the places
max/mean    load of the busiest expert, over the whole file and averaged over the domains
affinity    the most likely expert of the next layer given an expert of this one, weighted by load

Overlaps and affinity of independent uniform choices are K / E.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy
from safetensors import safe_open

LAGS = (1, 4, 16, 64)


@dataclass
class Recorded:
    """An exported file: one-hot expert sets by layer, and what the tokens are."""

    chosen: dict[int, numpy.ndarray]  # layer -> [tokens, experts] bool
    token_ids: numpy.ndarray
    sequence: numpy.ndarray  # [tokens]
    domain: numpy.ndarray  # [tokens]
    top_k: int
    experts: int


def sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    return 1 / (1 + numpy.exp(-x))


def read(path: Path) -> Recorded:
    with safe_open(path, framework="numpy") as file:
        top_k, lengths = int(file.metadata()["top_k"]), file.get_tensor("sequence_lengths")
        sequence = numpy.repeat(numpy.arange(len(lengths)), lengths)
        chosen = {}
        for layer in sorted(
            int(name.split(".")[1]) for name in file.keys() if name.startswith("logits.")
        ):
            key = file.get_tensor(f"logits.{layer}")
            if f"bias.{layer}" in file.keys():
                key = sigmoid(key) + file.get_tensor(f"bias.{layer}")
            best = numpy.argsort(-key, axis=1, kind="stable")[:, :top_k]
            chosen[layer] = numpy.zeros(key.shape, dtype=bool)
            numpy.put_along_axis(chosen[layer], best, True, axis=1)
        domain = file.get_tensor("domains")[sequence]
        return Recorded(chosen, file.get_tensor("token_ids"), sequence, domain, top_k, key.shape[1])


def lag_overlap(sets: numpy.ndarray, sequence: numpy.ndarray, lag: int, top_k: int) -> float:
    pairs = sequence[lag:] == sequence[:-lag]
    return float((sets[lag:] & sets[:-lag])[pairs].sum() / (pairs.sum() * top_k))


def same_token_overlap(sets: numpy.ndarray, token_ids: numpy.ndarray, top_k: int) -> float:
    """Of a token that stands n times, c_e times with expert e: sum c_e (c_e - 1) / ((n - 1) K)."""
    _, index, counts = numpy.unique(token_ids, return_inverse=True, return_counts=True)
    together = numpy.zeros((len(counts), sets.shape[1]))
    numpy.add.at(together, index, sets)
    often = counts > 1
    overlap = (together * (together - 1)).sum(1)[often] / ((counts[often] - 1) * top_k)
    return float(overlap.sum() / counts[often].sum())


def skew(sets: numpy.ndarray) -> float:
    load = sets.sum(0)
    return float(load.max() / load.mean())


def domain_skew(sets: numpy.ndarray, domain: numpy.ndarray) -> float:
    return float(numpy.mean([skew(sets[domain == d]) for d in numpy.unique(domain)]))


def affinity(here: numpy.ndarray, after: numpy.ndarray) -> float:
    together = here.astype(numpy.float32).T @ after.astype(numpy.float32)
    return float(together.max(1).sum() / here.sum())


def table(recorded: Recorded) -> dict[str, list[float]]:
    """Name of the statistic -> one number for each layer (affinity: one less)."""
    r, sets = recorded, list(recorded.chosen.values())
    rows = {f"lag {lag}": [lag_overlap(s, r.sequence, lag, r.top_k) for s in sets] for lag in LAGS}
    rows["same token"] = [same_token_overlap(s, r.token_ids, r.top_k) for s in sets]
    rows["max/mean"] = [skew(s) for s in sets]
    rows["max/mean in a domain"] = [domain_skew(s, r.domain) for s in sets]
    rows["affinity"] = [affinity(a, b) for a, b in zip(sets, sets[1:])]
    return rows


def middle(row: list[float]) -> float:
    """The mean over the middle third of the layers."""
    third = len(row) // 3
    return float(numpy.mean(row[third : max(third + 1, 2 * len(row) // 3)]))


def acceptance(rows: dict[str, list[float]], random: float) -> list[tuple[bool, str]]:
    """The conditions for calling the routing realistic: (holds, the condition with its numbers)."""
    lags = [middle(rows[f"lag {lag}"]) for lag in LAGS]
    first, last = lags[0] / random, lags[-1] / random
    same = max(rows["same token"][len(rows["same token"]) // 2 :])
    load, inside, pair = rows["max/mean"], rows["max/mean in a domain"], min(rows["affinity"])
    falling = ", ".join(f"{x:.3f}" for x in lags)
    return [
        (first >= 2, f"lag 1, middle layers: {first:.2f} x random, at least 2"),
        (all(a > b for a, b in zip(lags, lags[1:])), f"falls with the lag, middle: {falling}"),
        (last >= 1.3, f"lag 64, middle layers: {last:.2f} x random, at least 1.3"),
        (rows["lag 1"][0] < lags[0], f"first layer nearer to random: {rows['lag 1'][0]:.3f}"),
        (same < 0.7, f"same token, upper half: {same:.3f} at most, below 0.7"),
        (min(load) >= 1.3, f"max/mean, mixed set: {min(load):.2f} at least, 1.3 wanted"),
        (max(load) <= 3, f"max/mean, mixed set: {max(load):.2f} at most, 3 allowed"),
        (all(a < b for a, b in zip(load, inside)), f"larger in a domain: from {min(inside):.2f}"),
        (pair >= 3 * random, f"affinity: {pair / random:.2f} x random at least, 3 wanted"),
    ]


def above_control(
    rows: dict[str, list[float]], control: dict[str, list[float]]
) -> list[tuple[bool, str]]:
    """What training must have added to a random router on real text, as `acceptance`."""
    names = ("lag 1", "lag 64", "max/mean in a domain", "affinity")
    pairs = [(name, middle(rows[name]), middle(control[name])) for name in names]
    return [(x > y, f"{n}, middle: {x:.3f}, untrained {y:.3f}") for n, x, y in pairs]


def text(rows: dict[str, list[float]]) -> list[str]:
    return [f"  {name:22}" + " ".join(f"{x:6.3f}" for x in row) for name, row in rows.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--control", type=Path, help="the same export of the untrained model")
    arguments = parser.parse_args()
    recorded = read(arguments.file)
    random = recorded.top_k / recorded.experts
    rows = table(recorded)
    print(f"{arguments.file.name}: {len(recorded.token_ids)} tokens, random {random:.4f}")
    print(f"  {'layer':22}" + " ".join(f"{layer:6}" for layer in recorded.chosen))
    print("\n".join(text(rows)))
    conditions = acceptance(rows, random)
    if arguments.control:
        control = table(read(arguments.control))
        print(f"untrained control, {arguments.control.name}")
        print("\n".join(text(control)))
        conditions += above_control(rows, control)
    for holds, condition in conditions:
        print(f"{'ok   ' if holds else 'FAILS'} {condition}")


if __name__ == "__main__":
    main()
