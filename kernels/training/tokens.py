"""Text -> tokens: a byte-level BPE vocabulary trained on a sample of the corpus.

    python3 tokens.py --corpus CORPUS --out TOKENS --vocabulary 4096

Writes TOKENS/tokenizer.json, TOKENS/train.u16 (little-endian uint16, documents in the corpus'
shuffled order, each ended by token 0), TOKENS/held_out.json (per document: domain, source, ids) and
TOKENS/tokens.json (vocabulary size, number of tokens, the corpus' description).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import read_documents

END_OF_DOCUMENT = "<|end|>"
BATCH = 256


def train_tokenizer(texts: Iterator[str], vocabulary: int) -> Tokenizer:
    """A byte-level BPE tokenizer; token 0 ends a document."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_DOCUMENT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def sample(path: Path, max_bytes: int) -> Iterator[str]:
    """The first texts of the shuffled corpus: all domains in proportion."""
    size = 0
    for document in read_documents(path):
        if size >= max_bytes:
            return
        size += len(document.text.encode())
        yield document.text


def encode_stream(tokenizer: Tokenizer, texts: Iterator[str], out: Path) -> int:
    """Writes the tokens of all texts behind one another; their number."""
    total = 0

    def flush(batch: list[str], file) -> int:
        ids = [encoding.ids + [0] for encoding in tokenizer.encode_batch(batch)]
        flat = numpy.fromiter((i for document in ids for i in document), dtype="<u2")
        flat.tofile(file)
        return len(flat)

    with out.open("wb") as file:
        batch = []
        for text in texts:
            batch.append(text)
            if len(batch) == BATCH:
                total += flush(batch, file)
                batch = []
        return total + (flush(batch, file) if batch else 0)


def prepare(corpus: Path, out: Path, vocabulary: int, sample_bytes: int) -> dict:
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(sample(corpus / "train.jsonl", sample_bytes), vocabulary)
    tokenizer.save(str(out / "tokenizer.json"))
    texts = (document.text for document in read_documents(corpus / "train.jsonl"))
    count = encode_stream(tokenizer, texts, out / "train.u16")
    held_out = [
        {"domain": d.domain, "source": d.source, "ids": tokenizer.encode(d.text).ids}
        for d in read_documents(corpus / "held_out.jsonl")
    ]
    (out / "held_out.json").write_text(json.dumps(held_out))
    description = {
        "vocabulary": tokenizer.get_vocab_size(),
        "tokens": count,
        "corpus": json.loads((corpus / "corpus.json").read_text()),
    }
    (out / "tokens.json").write_text(json.dumps(description, indent=1) + "\n")
    return description


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="the folder corpus.py wrote")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--sample-megabytes", type=float, default=20.0)
    arguments = parser.parse_args()
    made = prepare(
        arguments.corpus, arguments.out, arguments.vocabulary, int(arguments.sample_megabytes * 1e6)
    )
    print(f"{made['tokens']} tokens, vocabulary {made['vocabulary']}")


if __name__ == "__main__":
    main()
