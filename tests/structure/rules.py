"""The rules that no compiler checks: include edges, sizes of files, words that must not appear.

Each function takes the repository's root and the files to look at (paths relative to it) and
returns a list of messages "file:line: what is wrong", empty when all is well.
"""

import re
import subprocess
from pathlib import Path, PurePosixPath

SOURCE_SUFFIXES = {".cc", ".h", ".cu", ".cuh"}
HEADER_SUFFIXES = {".h", ".cuh"}
MAX_FILE_LINES = 500
MAX_HEADER_LINES = 200
MAX_COLUMNS = 100
MAX_PURE_VIRTUALS = 4
MAX_TEXT_BYTES = 2_000_000  # larger files are recorded data, not text that somebody wrote

# Written in two parts, so that this file passes its own check.
MACHINE_FOLDERS = "work|tmp|root|home"
FORBIDDEN = {
    "an absolute path of one machine": re.compile(rf"(?<![\w.}})\]])/(?:{MACHINE_FOLDERS})/"),
    "a note of unfinished work": re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b"),
}

INCLUDE = re.compile(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


def repository_files(root):
    """Files of the project: tracked or to be tracked where git knows, else all but build output."""
    git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        names = subprocess.run(git, capture_output=True, check=True).stdout.decode().split("\0")
    except (OSError, subprocess.CalledProcessError):
        skipped = {".git", "build", "out", "__pycache__", ".cache"}
        paths = (p.relative_to(root) for p in root.rglob("*") if p.is_file())
        names = [p.as_posix() for p in paths if not skipped.intersection(p.parts)]
    return sorted(PurePosixPath(n) for n in names if n and (root / n).is_file())


def lines_of(root, path):
    return (root / path).read_text(encoding="utf-8").splitlines()


class Layers:
    """The table of layers.txt."""

    def __init__(self, text):
        self.allowed = {}  # folder -> folders and headers of the project
        self.external = []  # (prefix, folders, only in .cc files)
        text = "\n".join(line.partition("#")[0].rstrip() for line in text.splitlines())
        for line in filter(None, re.sub(r"\n +", " ", text).splitlines()):
            name, _, rest = line.partition(":")
            words = rest.split()
            if name.startswith("<"):
                only_sources = words[:2] == ["sources", "of"]
                self.external.append((name[1:], words[2 * only_sources :], only_sources))
            else:
                self.allowed[name] = words

    def folder_of(self, path):
        parents = [p.as_posix() for p in PurePosixPath(path).parents]
        return next((p for p in parents if p in self.allowed), None)

    def order_errors(self):
        """A folder may name only folders above it."""
        above = set()
        errors = []
        for folder, words in self.allowed.items():
            for word in words:
                owner = word if word in self.allowed else self.folder_of(word)
                if word != "*" and owner not in above:
                    errors.append(f"layers: {folder} names {word}, which is not above it")
            above.add(folder)
        return errors

    def edge_error(self, path, header):
        """Why `path` may not include the project's `header`; None when it may."""
        folder, target = self.folder_of(path), self.folder_of(header)
        if folder is None:
            return f"{path.parent} is not in the table of layers"
        words = self.allowed[folder]
        if target == folder or "*" in words or target in words or header in words:
            return None
        return f"{folder} may not include {header}; it may include: {' '.join(words) or 'nothing'}"

    def external_error(self, path, header):
        """Why `path` may not include a library's header: there are rules for it, none allows it."""
        where = []
        for prefix, folders, only_sources in self.external:
            if not header.startswith(prefix):
                continue
            in_folder = any(path.is_relative_to(f) for f in folders)
            if in_folder and (path.suffix == ".cc" or not only_sources):
                return None
            where.append(("the sources of " if only_sources else "") + " ".join(folders))
        return f"<{header}> may be included only in {', '.join(where)}" if where else None


def check_layers(root, files, layers):
    errors = layers.order_errors()
    for path in files:
        if path.suffix not in SOURCE_SUFFIXES:
            continue
        for number, line in enumerate(lines_of(root, path), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            own, external = match.groups()
            if own and layers.folder_of(own) is not None:
                error = layers.edge_error(path, own)
            else:
                error = layers.external_error(path, own or external)
            if error:
                errors.append(f"{path}:{number}: {error}")
    return errors


def check_budgets(root, files):
    errors = []
    for path in files:
        if path.suffix not in SOURCE_SUFFIXES | {".py"}:
            continue
        lines = lines_of(root, path)
        limit = MAX_HEADER_LINES if path.suffix in HEADER_SUFFIXES else MAX_FILE_LINES
        if len(lines) > limit:
            errors.append(f"{path}:{limit}: {len(lines)} lines; at most {limit}")
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS:
                errors.append(f"{path}:{number}: {len(line)} columns; at most {MAX_COLUMNS}")
        if path.suffix in HEADER_SUFFIXES:
            errors += check_header(path, lines)
    return errors


def check_header(path, lines):
    errors = []
    if not lines or not lines[0].startswith("//"):
        errors.append(f"{path}:1: a header begins with a comment: what it is")
    if "#pragma once" not in lines:
        errors.append(f"{path}:1: #pragma once is missing")
    pure_virtuals = 0
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*(?:class|struct)\s+\w+.*\{", line):
            pure_virtuals = 0
        pure_virtuals += bool(re.search(r"\)\s*(?:const\s*)?(?:noexcept\s*)?=\s*0;", line))
        if pure_virtuals == MAX_PURE_VIRTUALS + 1:
            errors.append(f"{path}:{number}: more than {MAX_PURE_VIRTUALS} pure virtual functions")
            pure_virtuals = 0
    return errors


def check_words(root, files):
    errors = []
    for path in files:
        data = (root / path).read_bytes()
        if len(data) > MAX_TEXT_BYTES or b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            for what, pattern in FORBIDDEN.items():
                match = pattern.search(line)
                if match:
                    errors.append(f"{path}:{number}: '{match.group()}' is {what}")
    return errors
