// How collectives share a link: flow by flow, or each as one.
#include <gtest/gtest.h>

#include "sim/engine/executors.h"
#include "tests/engine/engine_fixture.h"

namespace switchyard::testing {
namespace {

// From device 0 over one 50 GB/s up-link: a transfer of three flows of 1 MB and one of a single
// flow of 3 MB, entered together.
Timeline RunBeside(const LinkSharing& sharing) {
  const Star star(5, 50_GBps, 0_s);
  const GivenFlows flows(
      {{0, {{star.Between(0, 1, 1_MB), star.Between(0, 2, 1_MB), star.Between(0, 3, 1_MB)}, 0_s}},
       {1, {{star.Between(0, 4, 3_MB)}, 0_s}}});
  ActivityGraph graph{5, {Exchange(5), Exchange(5)}};
  graph.tasks[1].label.stream = StreamKind::kCopyIn;
  ExecutionRequest request{graph, flows, star.platform, *star.paths};
  request.sharing = sharing;
  Result<Timeline> timeline = MakeFlowExecutor(0.0)->Run(request);
  if (!timeline.ok()) ADD_FAILURE() << ToString(timeline.errors());
  return std::move(timeline).value();
}

TEST(Sharing, PerFlowThreeFlowsGetThreeShares) {
  const Timeline t = RunBeside({});
  ExpectSeconds(80e-6, t.at(TaskId(0), DeviceId(1)).end, "4 x 1 MB / 50 GB/s");
  ExpectSeconds(120e-6, t.at(TaskId(1), DeviceId(4)).end, "80 us + (3 - 1) MB / 50 GB/s");
}

TEST(Sharing, PerCollectiveThreeFlowsGetOneShare) {
  LinkSharing sharing{};
  sharing[static_cast<std::size_t>(LinkTier::kNvLink)] = true;  // the star's links
  const Timeline t = RunBeside(sharing);
  // Half of the link each: 3 MB / 25 GB/s for both.
  ExpectSeconds(120e-6, t.at(TaskId(0), DeviceId(1)).end, "3 x 1 MB / 25 GB/s");
  ExpectSeconds(120e-6, t.at(TaskId(1), DeviceId(4)).end, "3 MB / 25 GB/s");
}

}  // namespace
}  // namespace switchyard::testing
