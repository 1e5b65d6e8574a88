"""Compares Google Benchmark results with the committed baseline, whatever the machine's speed.

    bench_compare.py check BASELINE RESULT.json...    exit 1 when a row is slower than it may be
    bench_compare.py slower BASELINE RESULT.json...   prints the programs that have such rows
    bench_compare.py update BASELINE RESULT.json...   writes the baseline anew

A result is what `--benchmark_out` writes for a program, PROGRAM.json; several of one program, in
different folders, are more repetitions. A row's time is its
CPU time, or the manual time of rows that have one (CPU time of another process). The baseline has
the median of a row's repetitions and the least. The least is compared: what else runs on the
machine only ever adds. Every program also runs the row Calibrate, and

    ratio = (least now / least in the baseline) / (Calibrate now / Calibrate in the baseline).

check fails when a ratio exceeds LIMIT, and when rows and baseline do not name the same rows; with
--partial only rows that were run count.
"""

import argparse
import json
import platform
import statistics
import sys
from pathlib import Path

LIMIT = 1.5
CALIBRATION = "Calibrate"
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
# What Google Benchmark itself writes into a row; the rest are counters.
OWN_KEYS = {
    "name", "run_name", "run_type", "repetitions", "repetition_index", "family_index",
    "per_family_instance_index", "threads", "thread_index", "iterations", "real_time", "cpu_time",
    "time_unit", "label", "error_occurred", "error_message",
}  # fmt: skip


class ResultError(Exception):
    """A result or baseline that cannot be used; the message says which and why."""


def time_of(row):
    """Nanoseconds."""
    time = row["real_time"] if "/manual_time" in row["run_name"] else row["cpu_time"]
    return time * NANOSECONDS[row["time_unit"]]


def short_name(run_name):
    """Without what only says how it was measured: Step/gpus:8/iterations:1/... is Step/gpus:8."""
    how = ("iterations:", "repeats:", "min_time:", "min_warmup_time:")
    parts = [p for p in run_name.split("/") if not p.startswith(how)]
    return "/".join(p for p in parts if p not in ("manual_time", "process_time", "real_time"))


def rows_of(result):
    """{row: {"cpu_time_ns": median, "least_ns": .., "counters": {name: median}}} of a program."""
    runs = {}
    for row in result["benchmarks"]:
        if row.get("error_occurred"):
            raise ResultError(f"{row['name']}: {row.get('error_message', 'failed')}")
        if row.get("run_type", "iteration") == "iteration":
            runs.setdefault(short_name(row["run_name"]), []).append(row)
    rows = {}
    for name, repetitions in runs.items():
        counters = {k: v for k, v in repetitions[0].items() if k not in OWN_KEYS}
        times = [time_of(row) for row in repetitions]
        median, least = statistics.median(times), min(times)
        rows[name] = {"cpu_time_ns": rounded(median), "least_ns": rounded(least)}
        if counters:
            rows[name]["counters"] = {
                k: rounded(statistics.median(r[k] for r in repetitions)) for k in sorted(counters)
            }
    return rows


def rounded(value):
    """Five digits: more is noise, as is what is next to nothing."""
    return float(f"{value:.5g}") if abs(value) > 1e-12 else 0.0


def calibration(program, rows):
    if CALIBRATION not in rows:
        raise ResultError(f"{program}: no row {CALIBRATION}; the filter must let it through")
    return rows[CALIBRATION]["least_ns"]


def compare(baseline, programs):
    """(program, row, baseline ns or None, now ns or None, ratio or None), in the order of rows."""
    lines = []
    for program in sorted(baseline.keys() | programs.keys()):
        old, new = baseline.get(program, {}), programs.get(program, {})
        speed = calibration(program, new) / calibration(program, old) if old and new else 1.0
        for row in [*old, *(r for r in new if r not in old)]:
            if row == CALIBRATION:
                continue
            before = old[row]["least_ns"] if row in old else None
            now = new[row]["least_ns"] if row in new else None
            both = before is not None and now is not None
            lines.append((program, row, before, now, now / before / speed if both else None))
    return lines


def verdict(ratio, before, partial):
    """What is wrong with a row; empty: nothing."""
    if ratio is not None:
        return "SLOWER" if ratio > LIMIT else ""
    if before is None:
        return "NOT IN THE BASELINE"
    return "" if partial else "NOT RUN"


def show_time(nanoseconds):
    if nanoseconds is None:
        return "-"
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.4g} {unit}"
    return f"{nanoseconds:.4g} ns"


def table(lines, partial):
    """The text, and whether all is well."""
    out = [f"{'row':<58} {'baseline':>10} {'now':>10} {'ratio':>7}"]
    good = True
    for program, row, before, now, ratio in lines:
        if partial and now is None:
            continue
        wrong = verdict(ratio, before, partial)
        good = good and not wrong
        shown = "-" if ratio is None else f"{ratio:.2f}"
        name = f"{program.removesuffix('_bench')}: {row}"
        line = f"{name:<58} {show_time(before):>10} {show_time(now):>10} {shown:>7}  {wrong}"
        out.append(line.rstrip())
    return "\n".join(out) + "\n", good


def machine_of(result):
    """The class of machine, not its name: "2 cores, x86-64, GCC 12 Release"."""
    context = result["context"]
    architecture = platform.machine().replace("_", "-")
    return f"{context['num_cpus']} cores, {architecture}, {context.get('build', 'unknown build')}"


def baseline_text(machine, programs):
    """JSON with one row a line, so that a change of one is a change of one line."""
    blocks = []
    for program in sorted(programs):
        rows = [f"      {json.dumps(r)}: {json.dumps(v)}" for r, v in programs[program].items()]
        blocks.append(f"    {json.dumps(program)}: {{\n" + ",\n".join(rows) + "\n    }")
    about = "Medians and least times; written by ./switchyard bench --update, read by --check."
    head = f'  "about": {json.dumps(about)},\n  "machine": {json.dumps(machine)},\n'
    return "{\n" + head + '  "programs": {\n' + ",\n".join(blocks) + "\n  }\n}\n"


def load(path):
    try:
        return json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise ResultError(f"{path}: {error}") from error


def merged(paths):
    """{program: result}."""
    results = {}
    for path in paths:
        result = load(path)
        first = results.setdefault(Path(path).stem, result)
        if first is not result:
            first["benchmarks"] += result["benchmarks"]
    return results


def run(arguments, out):
    results = merged(arguments.results)
    programs = {program: rows_of(result) for program, result in results.items()}
    if arguments.command == "update":
        for program, rows in programs.items():
            calibration(program, rows)
        text = baseline_text(machine_of(next(iter(results.values()))), programs)
        Path(arguments.baseline).write_text(text)
        return 0
    baseline = load(arguments.baseline)
    lines = compare(baseline["programs"], programs)
    if arguments.command == "slower":
        slower = {program for program, _, _, _, ratio in lines if ratio and ratio > LIMIT}
        out.write("".join(f"{program}\n" for program in sorted(slower)))
        return 0
    text, good = table(lines, arguments.partial)
    out.write(f"baseline: {baseline['machine']}; ratios are freed of the machine's speed\n{text}")
    out.write("ok\n" if good else f"FAILED: a ratio above {LIMIT}, or other rows than before\n")
    return 0 if good else 1


def main(argv, out=sys.stdout):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=("check", "slower", "update"))
    parser.add_argument("--partial", action="store_true", help="only rows that were run count")
    parser.add_argument("baseline")
    parser.add_argument("results", nargs="+")
    try:
        return run(parser.parse_args(argv), out)
    except ResultError as error:
        print(f"bench_compare: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
