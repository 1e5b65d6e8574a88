"""Does kernels/python/switchyard_trace.py record what the routers of a Transformers model choose?

On tiny models with random weights, against the router logits that the model itself returns and
against DeepSeek-V3's rule written out here. Exits with 77 (skipped) without torch and transformers.
"""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "kernels" / "python"))

try:
    import numpy
    import torch
    from transformers import DeepseekV3Config, DeepseekV3ForCausalLM
    from transformers import MixtralConfig, MixtralForCausalLM

    import switchyard_trace
except ImportError as error:
    print(f"skipped: {error}; pip install torch transformers to run this test")
    sys.exit(77)

SMALL = dict(vocab_size=97, hidden_size=32, intermediate_size=48, num_attention_heads=4,
             max_position_embeddings=64)
LENGTHS = (7, 4, 5)


def mixtral():
    torch.manual_seed(1)
    config = MixtralConfig(**SMALL, num_hidden_layers=3, num_key_value_heads=2,
                           num_local_experts=8, num_experts_per_tok=2)
    return MixtralForCausalLM(config).eval()


def deepseek():
    torch.manual_seed(2)
    config = DeepseekV3Config(
        **SMALL, num_hidden_layers=3, num_key_value_heads=4, moe_intermediate_size=16,
        n_routed_experts=16, num_experts_per_tok=4, n_group=4, topk_group=2, n_shared_experts=1,
        first_k_dense_replace=1, kv_lora_rank=8, q_lora_rank=8, qk_rope_head_dim=8,
        qk_nope_head_dim=8, v_head_dim=8, routed_scaling_factor=2.5)
    model = DeepseekV3ForCausalLM(config).eval()
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if name.endswith("gate.weight") or name.endswith("e_score_correction_bias"):
            torch.nn.init.normal_(tensor.data, std=0.3)
    return model


def batch(left=False):
    """Three sequences of LENGTHS, padded on the right or the left."""
    torch.manual_seed(3)
    width = max(LENGTHS)
    ids = torch.randint(1, SMALL["vocab_size"], (len(LENGTHS), width))
    mask = torch.zeros_like(ids)
    for row, length in enumerate(LENGTHS):
        mask[row, width - length:] = 1
        if not left:
            mask[row] = mask[row].flip(0)
    return {"input_ids": ids, "attention_mask": mask}


class Recording(unittest.TestCase):
    def record(self, model, **inputs):
        with torch.no_grad(), switchyard_trace.record(model) as trace:
            output = model(**inputs)
        return trace, output

    def expect_weights(self, found, expected):
        numpy.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)

    def test_mixtral_against_the_logits_it_returns(self):
        for left in (False, True):
            inputs = batch(left)
            trace, output = self.record(mixtral(), **inputs, output_router_logits=True)
            ids, weights, lengths = trace.arrays()
            self.assertEqual(trace.layers, [0, 1, 2])
            self.assertEqual(lengths.tolist(), list(LENGTHS))
            self.assertEqual(ids.shape, (sum(LENGTHS), 3, 2))
            kept = inputs["attention_mask"].flatten().bool()
            for layer, logits in enumerate(output.router_logits):
                probabilities = logits.float().softmax(-1)[kept]
                best, experts = probabilities.topk(2)
                numpy.testing.assert_array_equal(ids[:, layer], experts)
                self.expect_weights(weights[:, layer], best / best.sum(-1, keepdim=True))

    def test_deepseek_v3_against_its_rule(self):
        model = deepseek()
        seen = {}
        for layer in (1, 2):
            model.model.layers[layer].mlp.gate.register_forward_pre_hook(
                lambda _, args, layer=layer: seen.update({layer: args[0].reshape(-1, 32)}))
        inputs = batch()
        trace, _ = self.record(model, **inputs)
        ids, weights, _ = trace.arrays()
        self.assertEqual(trace.layers, [1, 2], "layer 0 is dense")
        kept = inputs["attention_mask"].flatten().bool()
        for i, layer in enumerate((1, 2)):
            gate = model.model.layers[layer].mlp.gate
            scores = torch.sigmoid(seen[layer][kept] @ gate.weight.T).detach()
            biased = scores + gate.e_score_correction_bias
            # Of four groups of four experts, the two whose two best sum to most (arXiv 2412.19437).
            groups = biased.reshape(-1, 4, 4).topk(2).values.sum(-1).topk(2).indices
            allowed = torch.zeros(len(biased), 4, dtype=bool).scatter(1, groups, True)
            allowed = allowed.repeat_interleave(4, dim=1)
            experts = biased.masked_fill(~allowed, float("-inf")).topk(4).indices
            own = scores.gather(1, experts)
            own = 2.5 * own / own.sum(-1, keepdim=True)
            order = own.argsort(dim=-1, descending=True)
            numpy.testing.assert_array_equal(ids[:, i], experts.gather(1, order))
            self.expect_weights(weights[:, i], own.gather(1, order))

    def test_hooks_are_gone_afterwards(self):
        model = mixtral()
        trace, _ = self.record(model, **batch())
        before = len(trace.sequences)
        with torch.no_grad():
            model(**batch())
        self.assertEqual(len(trace.sequences), before)

    def test_generation_continues_its_sequences(self):
        model = mixtral()
        inputs = batch(left=True)
        with torch.no_grad(), switchyard_trace.record(model) as trace:
            out = model.generate(**inputs, max_new_tokens=4, do_sample=False, eos_token_id=None,
                                 pad_token_id=0)
        ids, _, lengths = trace.arrays()
        # Four new tokens; the last one is never routed.
        self.assertEqual(lengths.tolist(), [length + 3 for length in LENGTHS])
        # The same tokens in one pass choose the same experts.
        mask = torch.cat([inputs["attention_mask"], torch.ones(3, 3, dtype=torch.long)], dim=1)
        whole, _ = self.record(model, input_ids=out[:, :-1], attention_mask=mask)
        numpy.testing.assert_array_equal(ids, whole.arrays()[0])

    def test_saves_the_three_files(self):
        trace, _ = self.record(mixtral(), **batch())
        with tempfile.TemporaryDirectory() as folder:
            trace.save(f"{folder}/t")
            loaded = [numpy.load(f"{folder}/t.{part}.npy")
                      for part in ("topk_ids", "topk_weights", "seq_len")]
        self.assertEqual([a.dtype.str for a in loaded], ["|u1", "<f4", "<i4"])
        for saved, array in zip(loaded, trace.arrays()):
            numpy.testing.assert_array_equal(saved, array)


class Routers(unittest.TestCase):
    """What routers of other versions return, without their models."""

    LOGITS = torch.tensor([[0.0, 2.0, 1.0, -1.0], [3.0, 0.0, 0.0, 1.0]])

    class Block:
        top_k = 2

    def expect(self, output, block, weights):
        ids, found = switchyard_trace.choices(object(), block, output)
        self.assertEqual(ids.tolist(), [[1, 2], [0, 3]])
        numpy.testing.assert_allclose(found, weights, rtol=1e-6)

    def test_logits_alone_with_and_without_normalisation(self):
        best = self.LOGITS.softmax(-1).topk(2).values
        self.expect(self.LOGITS, self.Block(), best / best.sum(-1, keepdim=True))
        plain = self.Block()
        plain.norm_topk_prob = False
        self.expect(self.LOGITS, plain, best)

    def test_logits_go_through_the_blocks_own_rule(self):
        class Ruled(self.Block):
            def route_tokens_to_experts(self, logits):
                values, indices = logits.sigmoid().topk(2)
                return indices.flip(-1), values.flip(-1)

        self.expect(self.LOGITS, Ruled(), self.LOGITS.sigmoid().topk(2).values)

    def test_indices_and_weights_in_any_order(self):
        indices = torch.tensor([[2, 1], [0, 3]])
        weights = torch.tensor([[0.25, 0.5], [0.75, 0.125]])
        for output in ((indices, weights), (self.LOGITS, weights, indices)):
            self.expect(output, self.Block(), [[0.5, 0.25], [0.75, 0.125]])

    def test_scores_of_all_experts(self):
        scores = torch.tensor([[0.0, 0.9, 0.7, 0.0], [0.8, 0.0, 0.0, 0.3]])
        self.expect((scores, self.LOGITS), self.Block(), [[0.9, 0.7], [0.8, 0.3]])


if __name__ == "__main__":
    unittest.main()
