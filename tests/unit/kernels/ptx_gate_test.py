"""ptx_gate.py finds what it is for, on made-up PTX and budgets."""
import unittest

import ptx_gate


class BadArithmetic(unittest.TestCase):
    def reasons(self, ptx):
        return [line.split(": ")[1] for line in ptx_gate.bad_arithmetic(ptx)]

    def test_rounded_operations_pass(self):
        for code in ("add.rn.f32 %f1, %f2, %f3;", "div.rn.f32 %f1, %f2, %f3;",
                     "sqrt.rn.f32 %f1, %f2;",
                     "fma.rn.f32 %f1, %f2, %f3, %f4;",
                     "mul.wide.u32 %rd1, %r1, 4;"):
            self.assertEqual(self.reasons(code), [])

    def test_what_may_be_contracted_fails(self):
        self.assertEqual(self.reasons("mul.f32 %f1, %f2, %f3;\nadd.f32 %f1, %f2, %f3;\n"),
                         ["not rounded", "not rounded"])

    def test_approximations_fail(self):
        for code in ("ex2.approx.f32 %f1, %f2;", "rcp.approx.ftz.f32 %f1, %f2;",
                     "div.full.f32 %f1, %f2;"):
            self.assertEqual(self.reasons(code), ["approximate"])

    def test_flushed_subnormals_fail(self):
        self.assertEqual(self.reasons("add.rn.ftz.f32 %f1, %f2, %f3;\n"), ["flushes subnormals"])


class Budget(unittest.TestCase):
    def test_names(self):
        self.assertEqual(ptx_gate.short_name("_ZN10switchyard4PickILj8EEEvi"), "Pick<8>")
        self.assertEqual(ptx_gate.short_name("_ZN10switchyard7kernels4PickEvi"), "Pick")

    def test_registers_and_stack(self):
        budget = ptx_gate.read_budget("# most registers\nPick 40\n")
        self.assertEqual(ptx_gate.over_budget({"Pick": (40, 0)}, budget), [])
        self.assertEqual(len(ptx_gate.over_budget({"Pick": (41, 0)}, budget)), 1)
        self.assertEqual(len(ptx_gate.over_budget({"Pick": (40, 8)}, budget)), 1)
        self.assertEqual(len(ptx_gate.over_budget({"Other": (1, 0)}, budget)), 1)

    def test_instances_of_a_template_count_as_the_largest(self):
        kernels = [("Keys", 20, 8), ("Keys", 30, 0), ("Pick", 5, 0)]
        self.assertEqual(ptx_gate.largest(kernels), {"Keys": (30, 8), "Pick": (5, 0)})

    def test_nothing_kept_fails(self):
        self.assertEqual(len(ptx_gate.check_source(ptx_gate.pathlib.Path("/nowhere"), "a", {})), 1)


if __name__ == "__main__":
    unittest.main()
