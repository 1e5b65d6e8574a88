"""What a compiler made of the routing kernels, without running them.

    ptx_gate.py BUDGET FOLDER SOURCE...

FOLDER has what nvcc kept (--keep) of each .cu SOURCE, named without its ending: device code for
some GPUs (.cubin) and PTX. Fails when

- a kernel has a stack, where registers are spilled, or needs more registers than its line in BUDGET
  ("KERNEL REGISTERS"; a kernel without a line fails too);
- the PTX has float arithmetic that is not rounded to nearest, flushes subnormals or is approximate:
  then a GPU would not give the bits of the host (kernels/core/det_math.h).
"""
import pathlib
import re
import struct
import sys

# add.f32 without .rn may be fused with a multiplication; div.full, ex2, rcp, … are approximate.
BAD = [
    ("approximate", re.compile(r"\.approx\b")),
    ("flushes subnormals", re.compile(r"\.ftz\b")),
    ("approximate", re.compile(r"\bdiv\.full\.f32\b")),
    ("approximate", re.compile(r"\b(ex2|lg2|sin|cos|tanh|rsqrt)\.")),
    ("not rounded", re.compile(r"\b(add|sub|mul|div|sqrt|fma|mad|rcp)\.f32\b")),
    ("in double", re.compile(r"\b(add|sub|mul|div|sqrt|fma|mad|rcp)(\.rn)?\.f64\b")),
]


def bad_arithmetic(ptx):
    """Lines of PTX that do not give the same bits everywhere, with the reason."""
    found = []
    for number, line in enumerate(ptx.splitlines(), 1):
        code = line.split("//")[0]
        for reason, pattern in BAD:
            if pattern.search(code):
                found.append(f"line {number}: {reason}: {code.strip()}")
                break
    return found


def short_name(mangled):
    """RouteInRegistersKernel<2> of its mangled name: _ZN, then length and name of every scope."""
    at = 3
    name = mangled
    while match := re.match(r"\d+", mangled[at:]):
        at += match.end()
        name = mangled[at:at + int(match.group())]
        at += len(name)
    argument = re.match(r"ILj(\d+)E", mangled[at:])
    return f"{name}<{argument.group(1)}>" if argument else name


def sections(elf):
    """(type, data, link) of every section of a 64-bit ELF file."""
    offset, = struct.unpack_from("<Q", elf, 40)
    size, count = struct.unpack_from("<HH", elf, 58)
    found = []
    for i in range(count):
        _, kind, _, _, at, length, link = struct.unpack_from("<IIQQQQI", elf, offset + i * size)
        found.append((kind, elf[at:at + length], link))
    return found


def symbol_names(all_sections):
    symtab_type = 2
    for kind, data, link in all_sections:
        if kind != symtab_type:
            continue
        strings = all_sections[link][1]
        for at in range(0, len(data), 24):
            start, = struct.unpack_from("<I", data, at)
            yield strings[start:strings.index(b"\0", start)].decode()


def usages(elf):
    """{kernel: (registers, bytes of stack)} from the section .nv.info of a cubin."""
    info_type = 0x70000000
    value_format, frame_size, register_count = 4, 0x11, 0x2F
    all_sections = sections(elf)
    names = list(symbol_names(all_sections))
    numbers = {}
    for kind, data, link in all_sections:
        at = 0
        while kind == info_type and at + 4 <= len(data):
            form, attribute, size = struct.unpack_from("<BBH", data, at)
            at += 4
            if form != value_format:
                continue
            if attribute in (frame_size, register_count) and size == 8:
                symbol, value = struct.unpack_from("<II", data, at)
                numbers.setdefault(names[symbol], {})[attribute] = value
            at += size
    return largest((short_name(name), values[register_count], values.get(frame_size, 0))
                   for name, values in numbers.items() if register_count in values)


def largest(kernels):
    """{kernel: (registers, stack)}: the most of all instances of a template, which share a name."""
    found = {}
    for name, registers, stack in kernels:
        before = found.get(name, (0, 0))
        found[name] = (max(before[0], registers), max(before[1], stack))
    return found


def read_budget(text):
    lines = (line.split("#")[0].split() for line in text.splitlines())
    return {line[0]: int(line[1]) for line in lines if line}


def over_budget(found, budget):
    problems = []
    for name, (registers, stack) in found.items():
        if stack > 0:
            problems.append(f"{name}: {stack} bytes of stack: it spills")
        if name not in budget:
            problems.append(f"{name}: {registers} registers, but no line in the budget")
        elif registers > budget[name]:
            problems.append(f"{name}: {registers} registers, {budget[name]} are allowed")
    return problems


def check_source(folder, source, budget):
    cubins = sorted(folder.glob(f"{source}.*cubin"))
    ptx = sorted(folder.glob(f"{source}.*ptx"))
    problems = [] if cubins and ptx else [f"{source}: nothing kept of it in {folder}"]
    for path in cubins:
        found = usages(path.read_bytes())
        for name, (registers, _) in found.items():
            print(f"{path.name}: {name} {registers}")
        if not found:
            problems.append(f"{path.name}: no kernel in it")
        problems += [f"{path.name}: {problem}" for problem in over_budget(found, budget)]
    for path in ptx:
        problems += [f"{path.name}: {line}" for line in bad_arithmetic(path.read_text())]
    return problems


def main(budget_path, folder, sources):
    budget = read_budget(pathlib.Path(budget_path).read_text(encoding="utf-8"))
    problems = []
    for source in sources:
        problems += check_source(pathlib.Path(folder), source, budget)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
