"""tools/bench_compare.py on made-up results.

    python3 tests/tools/bench_compare_test.py [-v]
"""

import io
import json
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import bench_compare  # noqa: E402


def row(name, cpu, unit="ms", **more):
    return {
        "name": name, "run_name": name, "run_type": "iteration", "iterations": 1,
        "real_time": 999.0, "cpu_time": cpu, "time_unit": unit, **more,
    }  # fmt: skip


def result(*rows):
    return {
        "context": {"num_cpus": 2, "build": "GCC 12 Release", "host_name": "somewhere"},
        "benchmarks": list(rows),
    }


class RowsTest(unittest.TestCase):
    def test_median_and_least_of_repetitions(self):
        rows = bench_compare.rows_of(result(*(row("A", t) for t in (9.0, 2.0, 3.0))))
        self.assertEqual(rows, {"A": {"cpu_time_ns": 3e6, "least_ns": 2e6}})

    def test_aggregates_and_fits_are_no_rows(self):
        rows = bench_compare.rows_of(
            result(row("A", 1.0), row("A", 7.0, run_type="aggregate", aggregate_name="mean"))
        )
        self.assertEqual(rows, {"A": {"cpu_time_ns": 1e6, "least_ns": 1e6}})

    def test_manual_time_counts_where_there_is_one(self):
        name = "Step/flow/gpus:8/iterations:1/repeats:3/manual_time"
        rows = bench_compare.rows_of(result(row(name, 0.1, real_time=40.0)))
        self.assertEqual(rows["Step/flow/gpus:8"]["cpu_time_ns"], 4e7)

    def test_counters_are_kept(self):
        rows = bench_compare.rows_of(result(row("A", 1.0, "us", flows=12.0, peak_MB=41.0)))
        self.assertEqual(rows["A"]["cpu_time_ns"], 1e3)
        self.assertEqual(rows["A"]["counters"], {"flows": 12.0, "peak_MB": 41.0})

    def test_a_row_that_failed_is_an_error(self):
        failed = row("A", 0.0, error_occurred=True, error_message="the program failed")
        with self.assertRaisesRegex(bench_compare.ResultError, "A: the program failed"):
            bench_compare.rows_of(result(failed))


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.baseline = self.folder / "baseline.json"

    def put(self, *rows):
        path = self.folder / "x_bench.json"
        path.write_text(json.dumps(result(*rows)))
        return str(path)

    def run_it(self, command, *rows, options=()):
        out, err = io.StringIO(), io.StringIO()
        with redirect_stderr(err):
            code = bench_compare.main(
                [command, *options, str(self.baseline), self.put(*rows)], out
            )
        return code, out.getvalue() + err.getvalue()

    def update(self, *rows):
        code, text = self.run_it("update", *rows)
        self.assertEqual((code, text), (0, ""))

    def test_the_baseline_names_the_class_of_machine_and_no_machine(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        baseline = json.loads(self.baseline.read_text())
        self.assertRegex(baseline["machine"], r"^2 cores, [\w-]+, GCC 12 Release$")
        self.assertNotIn("somewhere", self.baseline.read_text())
        self.assertEqual(baseline["programs"]["x_bench"]["A"]["least_ns"], 1e7)

    def test_the_same_again_passes(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        code, text = self.run_it("check", row("Calibrate", 4.0), row("A", 10.0))
        self.assertEqual(code, 0)
        self.assertRegex(text, r"x: A +10 ms +10 ms +1\.00\n")

    def test_a_machine_half_as_fast_passes(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        code, text = self.run_it("check", row("Calibrate", 8.0), row("A", 20.0))
        self.assertEqual(code, 0)
        self.assertRegex(text, r"x: A +10 ms +20 ms +1\.00\n")

    def test_code_that_got_slower_fails_also_on_a_faster_machine(self):
        # The machine takes half as long, the row as long as before: twice as slow.
        self.update(row("Calibrate", 4.0), row("A", 10.0), row("B", 1.0))
        code, text = self.run_it("check", row("Calibrate", 2.0), row("A", 10.0), row("B", 0.5))
        self.assertEqual(code, 1)
        self.assertRegex(text, r"x: A +10 ms +10 ms +2\.00  SLOWER\n")
        self.assertRegex(text, r"x: B +1 ms +500 us +1\.00\n")

    def test_a_disturbed_repetition_does_not_count(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        rows = (row("A", time) for time in (40.0, 11.0, 30.0))
        code, text = self.run_it("check", row("Calibrate", 4.0), *rows)
        self.assertEqual(code, 0)
        self.assertRegex(text, r"x: A +10 ms +11 ms +1\.10\n")

    def test_programs_with_slower_rows_are_named(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        slow = self.run_it("slower", row("Calibrate", 4.0), row("A", 16.0))
        self.assertEqual(slow, (0, "x_bench\n"))
        good = self.run_it("slower", row("Calibrate", 4.0), row("A", 14.0), row("B", 1.0))
        self.assertEqual(good, (0, ""))

    def test_a_program_measured_twice_has_more_repetitions(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        again = self.folder / "again"
        again.mkdir()
        again = again / "x_bench.json"
        again.write_text(json.dumps(result(row("Calibrate", 4.0), row("A", 12.0))))
        first = self.put(row("Calibrate", 4.0), row("A", 50.0))
        out = io.StringIO()
        code = bench_compare.main(["check", str(self.baseline), first, str(again)], out)
        self.assertEqual(code, 0)
        self.assertRegex(out.getvalue(), r"x: A +10 ms +12 ms +1\.20\n")

    def test_the_limit_itself_passes(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        self.assertEqual(self.run_it("check", row("Calibrate", 4.0), row("A", 15.0))[0], 0)
        self.assertEqual(self.run_it("check", row("Calibrate", 4.0), row("A", 15.1))[0], 1)

    def test_rows_must_be_those_of_the_baseline(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        code, text = self.run_it("check", row("Calibrate", 4.0), row("B", 10.0))
        self.assertEqual(code, 1)
        self.assertRegex(text, r"x: A .*NOT RUN\n")
        self.assertRegex(text, r"x: B .*NOT IN THE BASELINE\n")

    def test_with_a_filter_rows_may_be_left_out(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0), row("B", 10.0))
        rows = (row("Calibrate", 4.0), row("B", 10.0))
        code, text = self.run_it("check", *rows, options=["--partial"])
        self.assertEqual(code, 0)
        self.assertNotIn("x: A", text)

    def test_without_calibration_nothing_can_be_said(self):
        self.update(row("Calibrate", 4.0), row("A", 10.0))
        for command in ("check", "update"):
            code, text = self.run_it(command, row("A", 10.0))
            self.assertEqual(code, 2)
            self.assertIn("x_bench: no row Calibrate", text)

    def test_a_broken_file_is_named(self):
        self.baseline.write_text("{")
        code, text = self.run_it("check", row("Calibrate", 4.0))
        self.assertEqual(code, 2)
        self.assertIn("baseline.json", text)


if __name__ == "__main__":
    unittest.main()
