#include <array>
#include <cmath>
#include <map>
#include <string>
#include <tuple>

#include "sim/graph/activity_graph.h"

namespace switchyard {
namespace {

std::string Describe(const ActivityGraph& graph, std::size_t task) {
  const OpLabel& label = graph.tasks[task].label;
  std::string out = "task " + std::to_string(task) + " (" + std::string(ToString(label.name));
  if (label.layer != kNoLayer) out += ", layer " + std::to_string(label.layer);
  return out + ", micro-batch " + std::to_string(label.micro_batch) + ")";
}

void CheckGroup(const ActivityGraph& graph, std::size_t t, Diagnostics& problems) {
  const Task& task = graph.tasks[t];
  const auto complain = [&](const std::string& what) {
    problems.push_back(Problem(Describe(graph, t) + " " + what));
  };
  if (task.num_devices == 0 || task.first_device > graph.num_devices ||
      task.num_devices > graph.num_devices - task.first_device) {
    complain("runs on devices that do not exist");
  }
  if (task.is_transfer) return;
  if (task.durations.size() != 1 && task.durations.size() != task.num_devices) {
    complain("has neither one duration nor one for each device");
  }
  for (const Seconds duration : task.durations) {
    if (!std::isfinite(duration.value) || duration.value < 0) {
      complain("has a duration that is negative or not a number");
      return;
    }
  }
}

bool CheckDependencies(const ActivityGraph& graph, std::size_t t, Diagnostics& problems) {
  const Task& task = graph.tasks[t];
  for (const TaskId before : task.after) {
    if (before.index() >= graph.tasks.size()) {
      problems.push_back(Problem(Describe(graph, t) + " waits for a task that does not exist"));
      return false;
    }
    const Task& other = graph.tasks[before.index()];
    if (other.first_device > task.first_device ||
        other.first_device + other.num_devices < task.first_device + task.num_devices) {
      problems.push_back(Problem(Describe(graph, t) + " waits on a device for " +
                                 Describe(graph, before.index()) + ", which does not run there"));
    }
  }
  return true;
}

// Kahn's algorithm; tasks in an order that respects dependencies, shorter than the graph if it has
// a cycle.
std::vector<std::size_t> TopologicalOrder(const ActivityGraph& graph) {
  std::vector<std::vector<std::size_t>> successors(graph.tasks.size());
  std::vector<std::size_t> waiting(graph.tasks.size());
  for (std::size_t t = 0; t < graph.tasks.size(); ++t) {
    waiting[t] = graph.tasks[t].after.size();
    for (const TaskId before : graph.tasks[t].after) successors[before.index()].push_back(t);
  }
  std::vector<std::size_t> order;
  for (std::size_t t = 0; t < waiting.size(); ++t) {
    if (waiting[t] == 0) order.push_back(t);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (const std::size_t next : successors[order[i]]) {
      if (--waiting[next] == 0) order.push_back(next);
    }
  }
  return order;
}

// For each stream the newest task of it that must have ended before a given task starts, or the
// task itself.
constexpr std::size_t kNone = static_cast<std::size_t>(-1);
using Newest = std::array<std::size_t, kNumStreams>;

// Keeps, stream by stream, the later of two in topological order.
void KeepLater(const std::vector<std::size_t>& position, const Newest& other, Newest& newest) {
  for (std::size_t s = 0; s < kNumStreams; ++s) {
    if (other[s] == kNone) continue;
    if (newest[s] == kNone || position[other[s]] > position[newest[s]]) newest[s] = other[s];
  }
}

// Tasks of one stream must form a chain: the one before a task in topological order must be the
// newest of its stream that the task waits for.
void CheckStreams(const ActivityGraph& graph, const std::vector<std::size_t>& order,
                  Diagnostics& problems) {
  std::vector<std::size_t> position(graph.tasks.size());
  for (std::size_t i = 0; i < order.size(); ++i) position[order[i]] = i;
  std::vector<Newest> newest(graph.tasks.size());
  std::map<std::tuple<std::size_t, std::uint32_t>, std::size_t> last;  // (stream, first device)
  for (const std::size_t t : order) {
    newest[t].fill(kNone);
    for (const TaskId before : graph.tasks[t].after) {
      KeepLater(position, newest[before.index()], newest[t]);
    }
    const auto stream = static_cast<std::size_t>(graph.tasks[t].label.stream);
    const auto [entry, is_first] = last.try_emplace({stream, graph.tasks[t].first_device}, t);
    if (!is_first && newest[t][stream] != entry->second) {
      problems.push_back(Problem(Describe(graph, t) + " and " + Describe(graph, entry->second) +
                                 " share a stream but no order"));
    }
    entry->second = t;
    newest[t][stream] = t;
  }
}

}  // namespace

Diagnostics Verify(const ActivityGraph& graph) {
  Diagnostics problems;
  bool references_exist = true;
  for (std::size_t t = 0; t < graph.tasks.size(); ++t) {
    CheckGroup(graph, t, problems);
    references_exist = CheckDependencies(graph, t, problems) && references_exist;
  }
  if (!references_exist) return problems;
  const std::vector<std::size_t> order = TopologicalOrder(graph);
  if (order.size() < graph.tasks.size()) {
    problems.push_back(Problem("the step's tasks depend on each other in a cycle"));
    return problems;
  }
  CheckStreams(graph, order, problems);
  return problems;
}

}  // namespace switchyard
