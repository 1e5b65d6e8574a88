"""Text for the router models: Debian packages -> documents with a domain label.

Every source is a package of Debian main, fetched with `apt-get download` and unpacked with
`dpkg-deb -x` into a cache folder; nothing is installed. A document is one file of a package turned
into plain text. Documents are deduplicated, lines that many documents of a domain share (licences,
navigation) are dropped, and every domain is cut to the same size. Some documents of each domain are
held out: they are recorded later and never trained on.

    python3 corpus.py --cache CACHE
    python3 corpus.py --cache CACHE --megabytes-per-domain 12

Writes CACHE/train.jsonl and CACHE/held_out.jsonl, one document a line, {"domain", "source",
"text"}, in an order that depends on the seed alone, and CACHE/corpus.json: domain names, sizes, and
every package with its version.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import hashlib
import html
import json
import random
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MIN_CHARACTERS = 1500
MAX_CHARACTERS = 60_000
HELD_OUT_CHARACTERS = 5000  # enough for one recorded sequence in any of the languages
SHARED_LINE_CHARACTERS = 30
SHARED_LINE_DOCUMENTS = 12


@dataclass(frozen=True)
class Source:
    """Files of one package: those that match `pattern`, read as `form`."""

    package: str
    pattern: str
    form: str  # plain, man, html


@dataclass(frozen=True)
class Document:
    domain: int
    source: str  # package/path
    text: str


def _language(code: str, handbook: str) -> tuple[Source, ...]:
    """The sources of one natural language other than English."""
    return (
        Source("debian-handbook", f"usr/share/doc/debian-handbook/html/{handbook}/*.html", "html"),
        Source(f"manpages-{code}", f"usr/share/man/{code}/man*/*.gz", "man"),
        Source(f"libreoffice-help-{code}", "**/text/**/*.html", "html"),
    )


DOMAINS: dict[str, tuple[Source, ...]] = {
    "manuals": (
        Source("manpages", "usr/share/man/man*/*.gz", "man"),
        Source("manpages-dev", "usr/share/man/man*/*.gz", "man"),
    ),
    "perl": (Source("perl-doc", "**/*.pod", "plain"),),
    "database": (
        Source("postgresql-doc-15", "**/*.html", "html"),
        Source("sqlite3-doc", "**/*.html", "html"),
    ),
    "python-docs": (Source("python3.11-doc", "**/_sources/**/*.txt", "plain"),),
    "editor": (Source("vim-doc", "**/*.html", "html"), Source("git-doc", "**/*.txt", "plain")),
    "essays": (Source("anarchism", "**/*.md.gz", "plain"),),
    "dictionary": (Source("dict-gcide", "**/gcide.dict.dz", "plain"),),
    "german": _language("de", "de-DE"),
    "french": _language("fr", "fr-FR"),
    "spanish": _language("es", "es-ES"),
    "japanese": _language("ja", "ja-JP"),
    "c-headers": (
        Source("libc6-dev", "usr/include/**/*.h", "plain"),
        Source("linux-libc-dev", "usr/include/**/*.h", "plain"),
    ),
    "cpp-templates": (Source("libboost1.74-dev", "usr/include/boost/**/*.hpp", "plain"),),
    "python-code": (
        Source("libpython3.11-stdlib", "**/*.py", "plain"),
        Source("python3-sympy", "**/*.py", "plain"),
    ),
}


def packages_of(domains: dict[str, tuple[Source, ...]]) -> list[str]:
    return sorted({source.package for sources in domains.values() for source in sources})


def fetch(packages: Iterable[str], cache: Path) -> dict[str, str]:
    """Downloads and unpacks what the cache lacks; the version of each package."""
    debs, files = cache / "debs", cache / "files"
    debs.mkdir(parents=True, exist_ok=True)
    versions = {}
    for package in packages:
        if not list(debs.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", "-qq", package], cwd=debs, check=True)
        deb = sorted(debs.glob(f"{package}_*.deb"))[-1]
        if not (files / package).exists():
            subprocess.run(["dpkg-deb", "-x", str(deb), str(files / package)], check=True)
        field = ["dpkg-deb", "-f", str(deb), "Version"]
        versions[package] = subprocess.run(
            field, check=True, capture_output=True, text=True
        ).stdout.strip()
    return versions


BLOCK_TAG = re.compile(
    r"</?(?:p|div|li|tr|h\d|dt|dd|table|ul|ol|dl|section|blockquote)\b[^>]*>|<br[^>]*>", re.I
)
SKIPPED_ELEMENT = re.compile(
    r"<(script|style|head|nav|footer)\b.*?</\1\s*>|<!--.*?-->", re.I | re.S
)
ANY_TAG = re.compile(r"<[^>]*>")
ROFF_ESCAPES = (
    (re.compile(r"\\f(?:\[[^\]]*\]|\(..|.)|\\s[+-]?\d|\\[&|^/,:]"), ""),
    (re.compile(r"\\(?:-|\(hy|\[hy\])"), "-"),
    (re.compile(r"\\(?:e|\(rs|\[rs\])"), "\\\\"),
    (re.compile(r"\\\((?:aq|cq|oq)|\\\[(?:aq|cq|oq)\]"), "'"),
    (re.compile(r"\\\((?:lq|rq|dq)|\\\[(?:lq|rq|dq)\]"), '"'),
    (re.compile(r"\\(?:\((?:..)|\[[^\]]*\]|\*\(..|\*\[[^\]]*\])"), ""),
    (re.compile(r"\\ |\\~|\\0"), " "),
)
ROFF_TEXT_MACRO = re.compile(
    r"[.'](?:SH|SS|B|I|BR|RB|IR|RI|BI|IB|SM|TP|IP|Nm|Ar|Fl|Sh|Ss|Xr)\s+(.*)"
)
ROFF_PARAGRAPH = re.compile(r"[.'](?:PP|LP|P|TP|IP|SH|SS|Pp|Sh|Ss)\b")


def html_to_text(markup: str) -> str:
    text = SKIPPED_ELEMENT.sub("", markup)
    text = ANY_TAG.sub("", BLOCK_TAG.sub("\n", text))
    return html.unescape(text)


def man_to_text(roff: str) -> str:
    """The words of a manual page: macros that carry text keep it, all others go."""
    lines = []
    for line in roff.splitlines():
        if line[:1] in (".", "'"):
            if ROFF_PARAGRAPH.match(line):
                lines.append("")
            kept = ROFF_TEXT_MACRO.match(line)
            line = kept.group(1).replace('"', "") if kept else None
        if line is not None:
            for pattern, replacement in ROFF_ESCAPES:
                line = pattern.sub(replacement, line)
            lines.append(line)
    return "\n".join(lines)


CONVERTERS = {"plain": lambda text: text, "man": man_to_text, "html": html_to_text}


def tidy(text: str) -> str:
    """Without trailing blanks, with at most one empty line in a row."""
    text = re.sub(r"[ \t\r\f\v\u00a0]+\n", "\n", text.replace("\r\n", "\n"))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def read_source(source: Source, files: Path) -> Iterator[tuple[str, str]]:
    """(package/path, text) of every file of a source, in the order of the paths."""
    root = files / source.package
    for path in sorted(root.glob(source.pattern)):
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        if path.suffix in (".gz", ".dz"):
            data = gzip.decompress(data)
        text = tidy(CONVERTERS[source.form](data.decode("utf-8", "replace")))
        yield f"{source.package}/{path.relative_to(root)}", text


def split_long(name: str, text: str) -> Iterator[tuple[str, str]]:
    """A text that is far too long for one document, cut at ends of lines."""
    start, part = 0, 0
    while start < len(text):
        end = (
            len(text)
            if len(text) - start <= MAX_CHARACTERS
            else text.rfind("\n", start, start + MAX_CHARACTERS) + 1
        )
        end = end if end > start else min(len(text), start + MAX_CHARACTERS)
        yield (f"{name}#{part}" if part or end < len(text) else name), text[start:end]
        start, part = end, part + 1


def without_shared_lines(texts: list[str]) -> list[str]:
    """Without the long lines that stand in many documents: licences, navigation, generators."""
    documents = collections.Counter()
    for text in texts:
        documents.update(
            {line.strip() for line in text.split("\n") if len(line) >= SHARED_LINE_CHARACTERS}
        )
    shared = {line for line, count in documents.items() if count > SHARED_LINE_DOCUMENTS}
    return [
        tidy("\n".join(line for line in text.split("\n") if line.strip() not in shared))
        for text in texts
    ]


def fingerprint(text: str) -> bytes:
    """Equal for texts that differ in blanks, case or digits (dates, versions) only."""
    return hashlib.sha256(re.sub(r"[\s\d]+", " ", text.lower()).encode()).digest()


def domain_documents(domain: int, texts: Iterable[tuple[str, str]], seed: int) -> list[Document]:
    """The documents of a domain, each once, in an order drawn from the seed."""
    pieces = [piece for name, text in texts for piece in split_long(name, text)]
    cleaned = without_shared_lines([text for _, text in pieces])
    seen, documents = set(), []
    for (name, _), text in zip(pieces, cleaned):
        key = fingerprint(text)
        if len(text) >= MIN_CHARACTERS and key not in seen:
            seen.add(key)
            documents.append(Document(domain, name, text))
    random.Random(f"{seed}/{domain}").shuffle(documents)
    return documents


def split_held_out(
    documents: list[Document], held_out: int, max_bytes: int
) -> tuple[list[Document], list[Document]]:
    """(to train on, to record): the first long documents are held out, the rest cut to size."""
    recorded = [d for d in documents if len(d.text) >= HELD_OUT_CHARACTERS][:held_out]
    kept_apart = {document.source for document in recorded}
    training, size = [], 0
    for document in documents:
        if document.source in kept_apart or size >= max_bytes:
            continue
        training.append(document)
        size += len(document.text.encode())
    return training, recorded


def write_documents(path: Path, documents: list[Document]) -> None:
    with path.open("w", encoding="utf-8") as out:
        for document in documents:
            out.write(json.dumps(document.__dict__, ensure_ascii=False) + "\n")


def read_documents(path: Path) -> Iterator[Document]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield Document(**json.loads(line))


def build(cache: Path, seed: int, held_out: int, max_bytes: int) -> dict:
    """Makes the corpus in `cache`; its description."""
    versions = fetch(packages_of(DOMAINS), cache)
    training, recorded, sizes = [], [], {}
    for domain, (name, sources) in enumerate(DOMAINS.items()):
        texts = (text for source in sources for text in read_source(source, cache / "files"))
        train, held = split_held_out(domain_documents(domain, texts, seed), held_out, max_bytes)
        sizes[name] = {
            "documents": len(train),
            "bytes": sum(len(d.text.encode()) for d in train),
            "held_out": len(held),
        }
        print(f"{name:15} {sizes[name]}", flush=True)
        training += train
        recorded += held
    random.Random(seed).shuffle(training)
    write_documents(cache / "train.jsonl", training)
    write_documents(cache / "held_out.jsonl", recorded)
    description = {"seed": seed, "domains": list(DOMAINS), "sizes": sizes, "packages": versions}
    (cache / "corpus.json").write_text(json.dumps(description, indent=1) + "\n")
    return description


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder for packages and text")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--held-out", type=int, default=8, help="documents of each domain to record"
    )
    parser.add_argument("--megabytes-per-domain", type=float, default=4.0)
    arguments = parser.parse_args()
    build(
        arguments.cache,
        arguments.seed,
        arguments.held_out,
        int(arguments.megabytes_per_domain * 1e6),
    )


if __name__ == "__main__":
    main()
