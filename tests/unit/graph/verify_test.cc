#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "sim/graph/activity_graph.h"

namespace switchyard {
namespace {

Task Compute(std::vector<TaskId> after = {}) {
  Task task;
  task.num_devices = 4;
  task.durations = {1_us};
  task.after = std::move(after);
  return task;
}

std::string Problems(const ActivityGraph& graph) { return ToString(Verify(graph)); }

TEST(Verify, AcceptsAChain) {
  EXPECT_EQ(Problems({4, {Compute(), Compute({TaskId(0)}), Compute({TaskId(1)})}}), "");
}

TEST(Verify, NamesTheTaskThatWaitsForNothing) {
  const std::string problems = Problems({4, {Compute({TaskId(7)})}});
  EXPECT_NE(problems.find("task 0 (attention, micro-batch 0) waits for a task that does not exist"),
            std::string::npos)
      << problems;
}

TEST(Verify, RejectsDevicesBeyondTheCluster) {
  ActivityGraph graph{4, {Compute()}};
  graph.tasks[0].first_device = 3;
  EXPECT_NE(Problems(graph).find("runs on devices that do not exist"), std::string::npos);
}

TEST(Verify, RejectsADependencyThatDoesNotRunOnTheDevice) {
  ActivityGraph graph{4, {Compute(), Compute({TaskId(0)})}};
  graph.tasks[0].num_devices = 2;
  EXPECT_NE(Problems(graph).find("which does not run there"), std::string::npos);
}

TEST(Verify, RejectsDurationsThatAreNotTimes) {
  for (const double bad :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    ActivityGraph graph{4, {Compute()}};
    graph.tasks[0].durations = {Seconds{bad}};
    EXPECT_NE(Problems(graph).find("negative or not a number"), std::string::npos) << bad;
  }
  ActivityGraph graph{4, {Compute()}};
  graph.tasks[0].durations = {1_us, 1_us};
  EXPECT_NE(Problems(graph).find("neither one duration nor one for each device"),
            std::string::npos);
}

TEST(Verify, OrderThroughAnotherStreamIsOrder) {
  // compute 0 -> comm 1 -> compute 2: the two compute tasks are ordered although no edge joins
  // them.
  ActivityGraph graph{4, {Compute(), Compute({TaskId(0)}), Compute({TaskId(1)})}};
  graph.tasks[1].is_transfer = true;
  graph.tasks[1].label.stream = StreamKind::kComm;
  EXPECT_EQ(Problems(graph), "");
}

TEST(Verify, TasksOfOneStreamWithoutOrderAreRefused) {
  const std::string problems = Problems({4, {Compute(), Compute()}});
  EXPECT_NE(problems.find("share a stream but no order"), std::string::npos) << problems;
}

TEST(Verify, FindsACycle) {
  EXPECT_NE(Problems({4, {Compute({TaskId(1)}), Compute({TaskId(0)})}}).find("in a cycle"),
            std::string::npos);
}

}  // namespace
}  // namespace switchyard
