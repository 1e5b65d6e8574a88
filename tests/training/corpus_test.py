"""kernels/training/corpus.py on made-up documents; needs nothing but Python.

python3 tests/training/corpus_test.py [-v]
"""

import gzip
import sys
import tempfile
import unittest
from pathlib import Path

import support  # noqa: F401  (finds corpus)

import corpus


def page(words, size):
    """A text of `size` characters that differs from pages of other words."""
    lines = [f"{words} line {number} of the {words} page" for number in range(size // 20)]
    return "\n".join(lines)[:size] + "\n"


WORDS = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu".split()


class Texts(unittest.TestCase):
    def test_html_keeps_words_and_blocks_and_drops_scripts(self):
        markup = "<head><title>x</title></head><p>One &amp; two<br>three</p><b>f</b>our"
        markup += "<script>no()</script>"
        self.assertEqual(corpus.tidy(corpus.html_to_text(markup)), "One & two\nthree\nfour\n")

    def test_man_keeps_text_of_macros_and_drops_the_others(self):
        roff = (
            '.TH LS 1 "now"\n.SH NAME\nls \\- list\n.\\" a comment\n.B "\\-a"\nall\\fI files\\fP\n'
        )
        self.assertEqual(corpus.tidy(corpus.man_to_text(roff)), "NAME\nls - list\n-a\nall files\n")

    def test_a_long_text_is_cut_at_ends_of_lines_and_nothing_is_lost(self):
        text = page("alpha", 2 * corpus.MAX_CHARACTERS + 500)
        pieces = list(corpus.split_long("file", text))
        self.assertEqual("".join(part for _, part in pieces), text)
        self.assertEqual([name for name, _ in pieces], ["file#0", "file#1", "file#2"])
        self.assertTrue(all(part.endswith("\n") for _, part in pieces))
        self.assertLessEqual(max(len(part) for _, part in pieces), corpus.MAX_CHARACTERS)

    def test_a_text_without_line_ends_is_cut_all_the_same(self):
        pieces = [part for _, part in corpus.split_long("file", "x" * (corpus.MAX_CHARACTERS + 1))]
        self.assertEqual([len(part) for part in pieces], [corpus.MAX_CHARACTERS, 1])

    def test_lines_that_many_documents_share_go(self):
        licence = "This line of a licence stands in every file of the package."
        texts = [f"{licence}\nown text {n}\n" for n in range(corpus.SHARED_LINE_DOCUMENTS + 1)]
        self.assertEqual(corpus.without_shared_lines(texts)[3], "own text 3\n")
        self.assertIn(licence, corpus.without_shared_lines(texts[:-1])[3])


class Documents(unittest.TestCase):
    def setUp(self):
        self.texts = [(f"package/{word}", page(word, 6000)) for word in WORDS]

    def test_equal_documents_count_once_whatever_their_dates(self):
        again = [("package/copy", self.texts[0][1].replace("line 7 ", "LINE  9 "))]
        documents = corpus.domain_documents(0, self.texts + again, seed=1)
        self.assertEqual(len(documents), len(self.texts))

    def test_short_documents_are_left_out(self):
        short = [("package/short", page("omega", corpus.MIN_CHARACTERS - 2))]
        sources = {d.source for d in corpus.domain_documents(0, self.texts + short, seed=1)}
        self.assertNotIn("package/short", sources)

    def test_order_depends_on_the_seed_alone(self):
        orders = [[d.source for d in corpus.domain_documents(0, self.texts, s)] for s in (1, 1, 2)]
        self.assertEqual(orders[0], orders[1])
        self.assertNotEqual(orders[0], orders[2])

    def test_held_out_documents_are_never_trained_on(self):
        documents = corpus.domain_documents(0, self.texts, seed=1)
        train, held = corpus.split_held_out(documents, 4, 10**9)
        self.assertEqual((len(train), len(held)), (len(WORDS) - 4, 4))
        self.assertFalse({d.source for d in train} & {d.source for d in held})
        self.assertFalse({d.text for d in train} & {d.text for d in held})

    def test_a_domain_is_cut_to_its_size(self):
        """Documents are 6001 bytes: the third takes the sum past 15 000 and is the last."""
        documents = corpus.domain_documents(0, self.texts, seed=1)
        train, _ = corpus.split_held_out(documents, 2, 15_000)
        self.assertEqual(len(train), 3)

    def test_documents_survive_their_file(self):
        documents = corpus.domain_documents(3, self.texts, seed=1)
        with tempfile.TemporaryDirectory() as folder:
            corpus.write_documents(Path(folder) / "d.jsonl", documents)
            self.assertEqual(list(corpus.read_documents(Path(folder) / "d.jsonl")), documents)


class Sources(unittest.TestCase):
    def test_compressed_files_are_read_in_the_order_of_their_paths(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "package" / "doc"
            root.mkdir(parents=True)
            (root / "b.txt.gz").write_bytes(gzip.compress(b"zwei\n"))
            (root / "a.txt.gz").write_bytes(gzip.compress(b"eins\n"))
            source = corpus.Source("package", "**/*.gz", "plain")
            read = list(corpus.read_source(source, Path(folder)))
        self.assertEqual(
            read, [("package/doc/a.txt.gz", "eins\n"), ("package/doc/b.txt.gz", "zwei\n")]
        )

    def test_the_domains_are_many_and_not_only_english(self):
        self.assertGreaterEqual(len(corpus.DOMAINS), 8)
        self.assertLessEqual({"german", "french", "japanese", "python-code"}, set(corpus.DOMAINS))


if __name__ == "__main__":
    sys.exit(unittest.main())
