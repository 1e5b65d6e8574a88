"""kernels/training: routers and experts against slow references, exported files, a short training.

python3 tests/training/model_test.py [-v]
"""

import dataclasses
import json
import math
import sys
import tempfile
import unittest
from pathlib import Path

import support

support.need("numpy", "torch", "safetensors")

import experts  # noqa: E402
import export  # noqa: E402
import numpy  # noqa: E402
import presets  # noqa: E402
import routers  # noqa: E402
import stats  # noqa: E402
import torch  # noqa: E402
import train  # noqa: E402
from model import ModelConfig, MoeLayer, MoeTransformer  # noqa: E402

torch.set_num_threads(1)
VOCABULARY = 50
SHAPE = dict(d_model=16, layers=3, heads=2, experts=8, d_expert=8)
SMALL = {
    "deepseek_v3": ModelConfig(
        router="deepseek_v3", top_k=3, d_dense=16, dense_layers=1, d_shared=8, **SHAPE
    ),
    "mixtral": ModelConfig(router="mixtral", top_k=2, **SHAPE),
    "switch": ModelConfig(router="switch", top_k=1, capacity_factor=1.25, jitter=0.01, **SHAPE),
}


def logits_of(tokens, count, seed=0):
    return torch.randn(tokens, count, generator=torch.Generator().manual_seed(seed))


def best(keys, top_k):
    """Indices of the largest keys, one token at a time."""
    return sorted(range(len(keys)), key=lambda e: -keys[e])[:top_k]


class Routers(unittest.TestCase):
    def test_deepseek_selects_with_the_bias_and_weighs_without(self):
        logits, bias = logits_of(40, 8), 0.3 * logits_of(1, 8, 1)[0]
        routing = routers.route_deepseek(logits, bias, 3)
        for t, row in enumerate(logits.tolist()):
            score = [1 / (1 + math.exp(-z)) for z in row]
            chosen = best([s + b for s, b in zip(score, bias.tolist())], 3)
            total = sum(score[e] for e in chosen)
            self.assertEqual(routing.experts[t].tolist(), chosen)
            for weight, e in zip(routing.weights[t].tolist(), chosen):
                self.assertAlmostEqual(weight, routers.ROUTED_SCALE * score[e] / total, places=5)

    def test_mixtral_renormalises_its_two_probabilities(self):
        logits = logits_of(40, 8)
        routing = routers.route_mixtral(logits, 2)
        for t, row in enumerate(logits.tolist()):
            chosen = best(row, 2)
            powers = [math.exp(row[e]) for e in chosen]
            self.assertEqual(routing.experts[t].tolist(), chosen)
            for weight, power in zip(routing.weights[t].tolist(), powers):
                self.assertAlmostEqual(weight, power / sum(powers), places=5)

    def test_switch_weighs_by_the_probability(self):
        logits = logits_of(40, 8)
        routing = routers.route_switch(logits, 1.25)
        for t, row in enumerate(logits.tolist()):
            total = sum(math.exp(z) for z in row)
            self.assertEqual(routing.experts[t].tolist(), best(row, 1))
            self.assertAlmostEqual(routing.weights[t].item(), math.exp(max(row)) / total, places=5)

    def test_capacity_is_the_floor_of_the_fair_share_times_the_factor(self):
        """1.25 * 100 / 8 = 15.6; at least 4; at most all tokens, but for the 4."""
        self.assertEqual(routers.switch_capacity(100, 8, 1.25), 15)
        self.assertEqual(routers.switch_capacity(20, 8, 1.25), 4)
        self.assertEqual(routers.switch_capacity(10, 2, 9.0), 10)

    def test_balance_loss_is_one_when_uniform_and_the_number_of_experts_when_collapsed(self):
        uniform = torch.full((6, 8), 1 / 8)
        self.assertAlmostEqual(routers.balance_loss(uniform, uniform[0]).item(), 1.0, places=6)
        one = torch.zeros(6, 8).index_fill(1, torch.tensor([2]), 1.0)
        self.assertAlmostEqual(routers.balance_loss(one, one[0]).item(), 8.0, places=6)

    def test_the_bias_moves_by_gamma_towards_the_mean(self):
        """Loads 4, 0, 2, 2 have the mean 2."""
        bias = torch.zeros(4)
        routers.update_bias(bias, torch.tensor([4.0, 0.0, 2.0, 2.0]), 0.01)
        torch.testing.assert_close(bias, torch.tensor([-0.01, 0.01, 0.0, 0.0]))


class Experts(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(3)
        self.chosen = torch.stack([torch.randperm(8)[:3] for _ in range(70)])

    def test_each_expert_has_its_choices_in_token_order_and_padding_of_zeros(self):
        made = experts.plan(self.chosen, 8)
        rows = experts.Gather.apply(torch.arange(1.0, 71.0).unsqueeze(1), made).squeeze(1)
        for e, part in enumerate(rows.split(made.sizes.tolist())):
            tokens = [t + 1.0 for t in range(70) if e in self.chosen[t]]
            self.assertEqual(part.tolist()[: len(tokens)], tokens)
            self.assertEqual(len(part) % experts.BLOCK, 0)
            self.assertFalse(part[len(tokens) :].any())

    def test_drops_are_the_last_tokens_of_each_expert(self):
        """Kept are the first min(wanted, capacity) choices of each expert."""
        made = experts.plan(self.chosen, 8, capacity=20)
        kept = set(made.choices.tolist())
        self.assertTrue((made.wanted > 20).any())
        for e in range(8):
            wanted = [c for c, owner in enumerate(self.chosen.flatten().tolist()) if owner == e]
            self.assertEqual([c for c in wanted if c in kept], wanted[:20])

    def check_layer(self, config):
        """The layer's output and gradients against one token and one expert at a time."""
        torch.manual_seed(5)
        layer = MoeLayer(config).eval()
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
        layer.bias += 0.1 * torch.randn(config.experts)
        x = torch.randn(64, config.d_model, requires_grad=True)
        routing = layer.route(layer.router_logits(x))
        kept = [0] * config.experts
        rows = []
        for t in range(len(x)):
            out = layer.shared(x[t]) if layer.shared else torch.zeros(config.d_model)
            for e, weight in zip(routing.experts[t].tolist(), routing.weights[t]):
                kept[e] += 1
                if routing.capacity is None or kept[e] <= routing.capacity:
                    gate, value = (x[t] @ layer.up[e]).chunk(2)
                    out = out + weight * ((torch.nn.functional.silu(gate) * value) @ layer.out[e])
            rows.append(out)
        weights = torch.randn(64, config.d_model)
        inputs = [x, *layer.parameters()]
        slow = torch.autograd.grad((torch.stack(rows) * weights).sum(), inputs)
        fast_rows = layer(x)[0]
        torch.testing.assert_close(fast_rows, torch.stack(rows), rtol=1e-4, atol=1e-4)
        fast = torch.autograd.grad((fast_rows * weights).sum(), inputs)
        for a, b in zip(fast, slow):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3)
        return sum(kept), int(layer.load.sum()), routing

    def test_deepseek_layer_equals_the_token_by_token_one(self):
        self.check_layer(SMALL["deepseek_v3"])

    def test_mixtral_layer_equals_the_token_by_token_one(self):
        self.check_layer(SMALL["mixtral"])

    def test_switch_layer_equals_the_token_by_token_one_and_drops(self):
        """Capacity floor(1.25 * 64 / 8) = 10; a random router wants more of some."""
        *_, routing = self.check_layer(SMALL["switch"])
        wanted = torch.bincount(routing.experts.flatten(), minlength=8)
        self.assertEqual(routing.capacity, 10)
        self.assertGreater(wanted.max().item(), 10)


class Models(unittest.TestCase):
    def test_no_token_sees_a_later_one(self):
        """Without drops: a capacity is shared by all tokens of a group."""
        for router in ("deepseek_v3", "mixtral"):
            torch.manual_seed(1)
            model = MoeTransformer(SMALL[router], VOCABULARY).eval()
            ids = torch.randint(0, VOCABULARY, (2, 24))
            changed = ids.clone()
            changed[:, 20:] = (changed[:, 20:] + 1) % VOCABULARY
            with torch.no_grad():
                here, there = model(ids).logits, model(changed).logits
            torch.testing.assert_close(here[:, :20], there[:, :20], rtol=1e-4, atol=1e-5)
            self.assertGreater((here[:, 20:] - there[:, 20:]).abs().max().item(), 1e-3)

    def test_the_untrained_model_predicts_the_frequencies(self):
        model = MoeTransformer(SMALL["mixtral"], VOCABULARY)
        counts = torch.arange(float(VOCABULARY))
        model.start_from_counts(counts)
        torch.testing.assert_close(model.frequency.exp(), (counts + 1) / (counts + 1).sum())

    def test_presets_name_the_three_routers_in_both_sizes(self):
        for size in ("gpu", "cpu"):
            made = {presets.PRESETS[m, size].model.router for m in "abc"}
            self.assertEqual(made, {"deepseek_v3", "mixtral", "switch"})
        a = presets.PRESETS["a", "gpu"].model
        self.assertEqual((a.layers, a.dense_layers, a.experts, a.top_k), (12, 1, 64, 6))


def write_tokens(folder):
    """A token folder as tokens.py writes it: a counting text in three domains."""
    stream = numpy.arange(4000) % VOCABULARY
    stream.astype("<u2").tofile(folder / "train.u16")
    ids = list(range(30)) * 2
    held_out = [
        {"domain": d, "source": f"{d}/{n}", "ids": ids[d + n :]} for d in range(3) for n in range(2)
    ]
    (folder / "held_out.json").write_text(json.dumps(held_out))
    corpus = {"domains": ["x", "y", "z"], "packages": {"made-up": "1.0"}}
    described = {"vocabulary": VOCABULARY, "tokens": 4000, "corpus": corpus}
    (folder / "tokens.json").write_text(json.dumps(described))


class Runs(unittest.TestCase):
    """A training of 40 steps of 64 tokens in the small shapes, and its exports."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        write_tokens(self.path)
        self.addCleanup(setattr, train, "print", print)
        train.print = lambda *args, **kwargs: None
        self.addCleanup(presets.PRESETS.pop, ("a", "test"), None)

    def trainer(self, router, out, million_tokens=64 * 40 / 1e6):
        schedule = presets.TrainConfig(sequences=4, length=16, warmup_steps=5, peak_rate=1e-2)
        presets.PRESETS["a", "test"] = presets.Preset("small", SMALL[router], schedule)
        arguments = train.parse(["--model", "a", "--size", "cpu", "--device", "cpu"]
            + ["--tokens-from", str(self.path), "--out", str(self.path / out)]
            + ["--million-tokens", str(million_tokens)])  # fmt: skip
        arguments.size = "test"
        return train.Trainer(presets.PRESETS["a", "test"], arguments)

    def test_a_counting_text_is_learnt_and_four_checkpoints_are_left(self):
        """From ln 50 = 3.9, the loss of knowing nothing."""
        trainer = self.trainer("deepseek_v3", "run")
        trainer.run()
        self.assertLess(trainer.progress.loss, 3.5)
        names = sorted(p.name for p in (self.path / "run").glob("model_*.pt"))
        self.assertEqual(names, [f"model_{n}.pt" for n in ("000", "005", "030", "100")])
        tokens = [torch.load(self.path / "run" / n, weights_only=True)["tokens"] for n in names]
        self.assertEqual(tokens, [0, 128, 768, 2560])

    def test_a_stopped_training_goes_on_where_it_was(self):
        whole = self.trainer("mixtral", "whole")
        whole.run()
        half = self.trainer("mixtral", "half")
        for _ in range(17):
            half.step()
        half.save_state()
        resumed = self.trainer("mixtral", "half")
        self.assertEqual(resumed.progress.step, 17)
        resumed.run()
        for a, b in zip(whole.model.state_dict().values(), resumed.model.state_dict().values()):
            torch.testing.assert_close(a, b, rtol=0, atol=0)

    def exported(self, router):
        trainer = self.trainer(router, "run")
        for layer in trainer.model.moe_layers.values():
            layer.bias += torch.linspace(-0.1, 0.1, 8)
        trainer.save_model(0.05)
        saved, model = export.load(self.path / "run" / "model_005.pt")
        held_out = json.loads((self.path / "held_out.json").read_text())
        sequences = export.pick(held_out, 3, 40, 2)
        tensors, loss = export.record(model, sequences, group=3)
        described = export.metadata(saved, model, 3 * 40, loss)
        path = self.path / f"{router}.safetensors"
        export.save_file(tensors, path, described)
        return tensors, described, path, model

    def test_exported_files_have_the_shapes_that_the_recorder_reads(self):
        for router, config in SMALL.items():
            tensors, described, _, _ = self.exported(router)
            layers = range(config.dense_layers, 3)
            names = {f"logits.{n}" for n in layers} | {"token_ids", "sequence_lengths", "domains"}
            if router == "deepseek_v3":
                names |= {f"bias.{n}" for n in layers}
            self.assertEqual(set(tensors), names)
            self.assertEqual(
                (tensors["logits.2"].shape, tensors["logits.2"].dtype), ((240, 8), torch.float32)
            )
            self.assertEqual(
                (tensors["token_ids"].shape, tensors["token_ids"].dtype), ((240,), torch.int32)
            )
            self.assertEqual(tensors["sequence_lengths"].tolist(), [40] * 6)
            self.assertEqual(
                (tensors["domains"].tolist(), tensors["domains"].dtype),
                ([0, 1, 2] * 2, torch.uint8),
            )
            self.assertEqual((described["router"], described["top_k"]), (router, str(config.top_k)))
            self.assertEqual(described["domain_names"], "x,y,z")
            self.assertIn("made-up 1.0", described["corpus"])
            self.assertRegex(described["training"], r"checkpoint at 5 %.* loss [34]\.\d+ a token")
            self.assertEqual(described.get("group_tokens"), "120" if router == "switch" else None)

    def test_choices_made_again_from_the_file_are_the_models(self):
        for router in SMALL:
            tensors, _, path, model = self.exported(router)
            recorded = stats.read(path)
            for layer, sets in recorded.chosen.items():
                routing = model.moe_layers[layer].route(tensors[f"logits.{layer}"])
                own = torch.zeros(240, 8, dtype=torch.bool).scatter(1, routing.experts, True)
                self.assertTrue((torch.from_numpy(sets) == own).all())

    def test_too_few_long_documents_are_refused(self):
        with self.assertRaisesRegex(SystemExit, "fewer than 3 held-out documents of 40 tokens"):
            export.pick(json.loads((self.path / "held_out.json").read_text()), 3, 40, 3)

    def test_schedules_follow_the_larger_share(self):
        progress = train.Progress(tokens=500, seconds=30)
        self.assertEqual(progress.share(minutes=1, tokens=2000), 0.5)
        self.assertEqual(progress.share(minutes=None, tokens=2000), 0.25)
        config = dataclasses.replace(presets.TrainConfig(1, 1), warmup_steps=10)
        self.assertAlmostEqual(train.learning_rate(config, 0, 0.0), 1e-4)
        self.assertAlmostEqual(train.learning_rate(config, 50, 0.5), (1e-3 + 1e-4) / 2)
        self.assertAlmostEqual(train.learning_rate(config, 99, 1.0), 1e-4)


class Statistics(unittest.TestCase):
    def recorded(self, chosen, ids, domains):
        """One layer twice, one expert of four for each token, sequences of three tokens."""
        sets = numpy.eye(4, dtype=bool)[chosen]
        sequence = numpy.arange(len(chosen)) // 3
        return stats.Recorded(
            {0: sets, 1: sets}, numpy.array(ids), sequence, numpy.array(domains), 1, 4
        )

    def test_overlaps_by_hand(self):
        """Sequences 0 0 1 and 1 2 2: equal neighbours are 2 of the 4 pairs inside a sequence."""
        r = self.recorded([0, 0, 1, 1, 2, 2], [5, 5, 6, 6, 5, 7], [0] * 6)
        self.assertEqual(stats.lag_overlap(r.chosen[0], r.sequence, 1, 1), 0.5)
        self.assertEqual(stats.lag_overlap(r.chosen[0], r.sequence, 2, 1), 0.0)

    def test_same_token_by_hand(self):
        """Token 5 has experts 0, 0, 2: its places agree with 1/2, 1/2, 0 of the others; token 6
        has 1, 1: each agrees; token 7 stands once and does not count. (1 + 2) / 5."""
        r = self.recorded([0, 0, 1, 1, 2, 2], [5, 5, 6, 6, 5, 7], [0] * 6)
        self.assertAlmostEqual(stats.same_token_overlap(r.chosen[0], r.token_ids, 1), 0.6)

    def test_skew_and_affinity_by_hand(self):
        """Loads 2 2 2 0 have the mean 1.5; in domains of 3 tokens 2 1 0 0 and 0 1 2 0: 2 / 0.75."""
        r = self.recorded([0, 0, 1, 1, 2, 2], [0] * 6, [0, 0, 0, 1, 1, 1])
        self.assertAlmostEqual(stats.skew(r.chosen[0]), 2 / 1.5)
        self.assertAlmostEqual(stats.domain_skew(r.chosen[0], r.domain), 2 / 0.75)
        self.assertEqual(stats.affinity(r.chosen[0], r.chosen[1]), 1.0)
        cycle = numpy.eye(4, dtype=bool)[[0, 1, 2, 3, 0, 1]]
        self.assertAlmostEqual(stats.affinity(r.chosen[0], cycle), 3 / 6)


if __name__ == "__main__":
    sys.exit(unittest.main())
