"""Checks the repository against rules.py, and rules.py against small trees that break each rule.

    python3 tests/structure/structure_test.py [-v]
"""

import tempfile
import unittest
from pathlib import Path

import rules

ROOT = Path(__file__).resolve().parents[2]
TABLE = (ROOT / "tests/structure/layers.txt").read_text()


class RepositoryTest(unittest.TestCase):
    """The project itself."""

    files = rules.repository_files(ROOT)

    def assert_none(self, errors):
        self.assertFalse(errors, "\n" + "\n".join(errors))

    def test_files_are_found(self):
        self.assertIn("sim/base/units.h", [str(f) for f in self.files])

    def test_include_edges(self):
        self.assert_none(rules.check_layers(ROOT, self.files, rules.Layers(TABLE)))

    def test_budgets(self):
        self.assert_none(rules.check_budgets(ROOT, self.files))

    def test_words(self):
        self.assert_none(rules.check_words(ROOT, self.files))


class RulesTest(unittest.TestCase):
    """Each rule, against a file that breaks it."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def put(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def layers(self, name, text, table=TABLE):
        self.put(name, text)
        files = rules.repository_files(self.root)
        return "\n".join(rules.check_layers(self.root, files, rules.Layers(table)))

    def test_the_engine_knows_no_experts(self):
        self.assertIn(
            "sim/engine/a.cc:2: sim/engine may not include sim/plan/step.h",
            self.layers("sim/engine/a.cc", '// What it is.\n#include "sim/plan/step.h"\n'),
        )

    def test_one_header_of_a_folder_may_be_allowed(self):
        self.assertEqual("", self.layers("sim/plan/a.cc", '#include "sim/scenario/scenario.h"\n'))
        self.assertIn("may not", self.layers("sim/plan/a.cc", '#include "sim/scenario/load.h"\n'))

    def test_base_uses_nothing(self):
        self.assertIn("nothing", self.layers("sim/base/a.h", '#include "models/model_spec.h"\n'))

    def test_a_new_folder_must_be_in_the_table(self):
        self.assertIn("not in the table", self.layers("sim/new/a.h", '#include "sim/base/ids.h"\n'))

    def test_only_the_engine_sees_simgrid(self):
        line = "#include <simgrid/s4u.hpp>\n"
        self.assertEqual("", self.layers("sim/engine/a.cc", line))
        self.assertIn("<simgrid/s4u.hpp>", self.layers("sim/plan/a.cc", line))

    def test_only_topologies_see_boost_and_only_kernels_cuda(self):
        boost, cuda = "#include <boost/graph/graph.hpp>\n", "#include <cuda_runtime.h>\n"
        self.assertEqual("", self.layers("topologies/a.cc", boost))
        self.assertEqual("", self.layers("kernels/a.cu", cuda))
        self.assertIn("sim/graph/a.h:1: <boost/", self.layers("sim/graph/a.h", boost))
        self.assertIn("models/a.cc:1: <cuda", self.layers("models/a.cc", cuda))

    def test_heavy_headers_stay_in_sources(self):
        line = "#include <nlohmann/json.hpp>\n"
        self.assertEqual("", self.layers("sim/report/a.cc", line))
        self.assertEqual("", self.layers("tests/unit/models/a.h", line))
        self.assertIn("sim/report/a.h:1: <nlohmann/", self.layers("sim/report/a.h", line))

    def test_the_table_has_no_cycle(self):
        errors = self.layers("a/a.h", "", "a: b\nb: a\n")
        self.assertIn("a names b, which is not above it", errors)

    def budgets(self, name, text):
        self.put(name, text)
        return "\n".join(rules.check_budgets(self.root, rules.repository_files(self.root)))

    def test_sizes(self):
        self.assertEqual("", self.budgets("a.cc", "//\n" * 500))
        self.assertIn("501 lines; at most 500", self.budgets("a.cc", "//\n" * 501))
        self.assertIn("201 lines", self.budgets("a.h", "// x\n#pragma once\n" + "//\n" * 199))

    def test_columns_are_characters_not_bytes(self):
        self.assertEqual("", self.budgets("a.cc", "\u00e9" * 100))
        self.assertIn("a.cc:1: 101 columns", self.budgets("a.cc", "x" * 101))

    def test_headers(self):
        self.assertIn("begins with a comment", self.budgets("a.h", "#pragma once\n"))
        self.assertIn("#pragma once is missing", self.budgets("a.h", "// A header.\n"))
        start, member = "// x\n#pragma once\nclass A {\n", "  virtual int F() const = 0;\n"
        self.assertEqual("", self.budgets("a.h", start + 4 * member))
        self.assertIn("more than 4 pure", self.budgets("a.h", start + 5 * member))
        two_classes = start + 3 * member + "};\nclass B {\n" + 3 * member
        self.assertEqual("", self.budgets("a.h", two_classes))

    def words(self, text):
        self.put("a.md", text)
        return "\n".join(rules.check_words(self.root, rules.repository_files(self.root)))

    def test_words(self):
        self.assertIn("a.md:1: '/tm" + "p/'", self.words("see /tm" + "p/x"))
        self.assertIn("machine", self.words('"/ho' + 'me/me/x"'))
        self.assertIn("unfinished", self.words("TO" + "DO: later"))
        self.assertEqual("", self.words("example.com/home/x, network/work/y, ${HOME}/tmp/z"))


if __name__ == "__main__":
    unittest.main()
