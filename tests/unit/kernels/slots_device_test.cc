// The kernels of slots on a GPU against the plain reference, bit for bit. Skipped without a GPU;
// parallel_slots_test.cc checks the same steps emulated.
#include <gtest/gtest.h>

#include "kernels/device.h"
#include "kernels/slots_device.h"
#include "tests/unit/kernels/device_array.h"
#include "tests/unit/kernels/slot_cases.h"

namespace switchyard::kernels {
namespace {

class SlotsOnDevice : public testing::Test {
 protected:
  void SetUp() override {
    const DeviceInfo gpu = FindDevice();
    ASSERT_FALSE(gpu.failed) << gpu.why_not;
    if (!gpu.usable) GTEST_SKIP() << gpu.why_not;
  }
};

void ExpectOk(const Status& s) { EXPECT_TRUE(s.ok()) << s.what << " (" << s.cuda_error << ")"; }

reference::Slots AssignOnDevice(const CapacitySpec& spec, std::uint32_t experts,
                                const RoutedChoices& routed) {
  const DeviceArray<std::uint16_t> expert(routed.expert);
  const DeviceArray<float> weight(routed.weight);
  const DeviceArray<std::int32_t> slot(routed.expert.size());
  const DeviceArray<std::uint32_t> wanted(experts);
  const DeviceArray<std::uint32_t> kept(experts);
  const DeviceArray<std::byte> workspace(
      AssignSlotsDeviceWorkspace(spec, routed.tokens, experts, routed.top_k));
  ExpectOk(AssignSlots(
      spec, experts,
      {{expert.data(), routed.tokens, routed.top_k}, {weight.data(), routed.tokens, routed.top_k}},
      {{slot.data(), routed.tokens, routed.top_k}, wanted.span(), kept.span()}, workspace.span(),
      nullptr));
  return {slot.ToHost(), wanted.ToHost(), kept.ToHost(), weight.ToHost()};
}

TEST_F(SlotsOnDevice, AgreeWithTheReference) {
  for (const CaseShape& shape :
       {CaseShape{0, 7, 2}, CaseShape{1, 1, 1}, CaseShape{33, 31, 8}, CaseShape{575, 7, 1},
        CaseShape{700, 192, 16}, CaseShape{33, 4096, 64}, CaseShape{4096, 256, 8}}) {
    const RoutedChoices choices = RandomChoices(shape.tokens, shape);
    for (const CapacitySpec& spec : EverySpec(3, 4)) {
      SCOPED_TRACE(Text(spec) + ", tokens " + std::to_string(shape.tokens));
      const std::uint32_t capacity =
          CapacityOf(spec.rule, shape.tokens, shape.experts, shape.top_k);
      const auto expected = reference::AssignSlots(spec, shape.experts, capacity, choices);
      for (int run = 0; run < 3; ++run) {
        const auto got = AssignOnDevice(spec, shape.experts, choices);
        ASSERT_EQ(got.slot, expected.slot);
        ASSERT_EQ(got.wanted, expected.wanted);
        ASSERT_EQ(got.kept, expected.kept);
        ASSERT_EQ(Bits(got.weight), Bits(expected.weight));
      }
    }
  }
}

// 64 ranks: counters in shared memory; 8192: in global memory.
TEST_F(SlotsOnDevice, LayOutWhatTheReferenceDoes) {
  for (const std::uint32_t ranks : {64U, 8192U}) {
    const CaseShape shape{1000, 256, 8};
    const RoutedChoices choices = RandomChoices(ranks, shape);
    reference::Places places{{}, {}, ranks / 8};
    for (std::uint32_t e = 0; e < shape.experts; ++e) {
      places.expert_to_rank.push_back(static_cast<std::uint16_t>(e * ranks / shape.experts));
    }
    for (std::uint32_t r = 0; r < ranks; ++r) {
      places.rank_to_node.push_back(static_cast<std::uint16_t>(r / 8));
    }
    const DeviceArray<std::uint16_t> expert(choices.expert);
    const DeviceArray<std::uint16_t> to_rank(places.expert_to_rank);
    const DeviceArray<std::uint16_t> to_node(places.rank_to_node);
    const DeviceArray<std::uint32_t> per_expert(shape.experts);
    const DeviceArray<std::uint32_t> per_rank(ranks);
    const DeviceArray<std::uint32_t> per_node(places.nodes);
    const DeviceArray<std::uint32_t> bits(std::size_t{shape.tokens} * ranks / 32);
    ExpectOk(
        DispatchLayout({expert.data(), shape.tokens, shape.top_k}, {},
                       {{to_rank.data(), shape.experts}, {to_node.data(), ranks}, places.nodes},
                       {per_expert.span(),
                        per_rank.span(),
                        per_node.span(),
                        {bits.data(), shape.tokens, ranks / 32}},
                       nullptr));
    const auto expected = reference::DispatchLayout(choices, {}, places);
    EXPECT_EQ(per_expert.ToHost(), expected.per_expert);
    EXPECT_EQ(per_rank.ToHost(), expected.per_rank);
    EXPECT_EQ(per_node.ToHost(), expected.per_node);
    EXPECT_EQ(bits.ToHost(), expected.rank_bits);
  }
}

TEST_F(SlotsOnDevice, PermuteAsTheReferenceDoes) {
  constexpr std::uint32_t kTile = 128;
  const CaseShape shape{1000, 96, 8};
  const RoutedChoices choices = RandomChoices(1, shape);
  CapacitySpec spec;
  spec.drop = DropBy::kPosition;
  const auto slots = Assign(spec, shape.experts, choices);
  const auto expected = reference::Permutation(choices, slots, kTile);
  const DeviceArray<std::uint16_t> expert(choices.expert);
  const DeviceArray<std::int32_t> slot(slots.slot);
  const DeviceArray<std::uint32_t> wanted(slots.wanted);
  const DeviceArray<std::uint32_t> kept(slots.kept);
  const DeviceArray<std::uint32_t> offset(shape.experts + 1);
  const DeviceArray<std::uint32_t> rows(
      MaxPermutationRows(shape.tokens, shape.top_k, shape.experts, kTile));
  const DeviceArray<std::uint32_t> flat(choices.expert.size());
  ExpectOk(Permutation({expert.data(), shape.tokens, shape.top_k},
                       {{slot.data(), shape.tokens, shape.top_k}, wanted.span(), kept.span()},
                       kTile, {offset.span(), rows.span(), flat.span()}, nullptr));
  EXPECT_EQ(offset.ToHost(), expected.offset);
  EXPECT_EQ(flat.ToHost(), expected.flat_to_row);
  std::vector<std::uint32_t> padded = expected.row_to_flat;
  padded.resize(rows.ToHost().size(), kNoRow);
  EXPECT_EQ(rows.ToHost(), padded);
}

}  // namespace
}  // namespace switchyard::kernels
