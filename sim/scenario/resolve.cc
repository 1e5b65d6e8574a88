#include "sim/scenario/resolve.h"

#include <cstdint>
#include <string>

#include "scenarios/schema/scenario.pb.h"
#include "sim/scenario/canonical.h"

namespace switchyard {
namespace {

std::string Divisors(std::uint32_t n) {
  std::string out;
  for (std::uint32_t d = 1; d <= n; ++d) {
    if (n % d == 0) out += (out.empty() ? "" : " ") + std::to_string(d);
  }
  return out;
}

// Devices of the cluster, 0 when the file does not say how many.
std::uint32_t CountDevices(const pb::Scenario& message, const Resolution& at) {
  if (!at.problems.Usable({"cluster.nodes", "cluster.node.gpus"})) return 0;
  return message.cluster().nodes() * message.cluster().node().gpus();  // at most 2^26
}

void CheckTensorParallel(const pb::Scenario& message, const Resolution& at) {
  const std::string path = "parallelism.tensor";
  const std::uint32_t tensor = message.parallelism().tensor();
  if (!at.problems.Usable({path})) return;
  if (at.problems.Usable({"cluster.node.gpus"})) {
    const std::uint32_t gpus = message.cluster().node().gpus();
    if (gpus % tensor != 0) {
      at.Error(path, "tensor_parallel " + std::to_string(tensor) + " does not divide the " +
                         std::to_string(gpus) + " GPUs of a node; allowed: " + Divisors(gpus));
    }
  }
  if (at.problems.Usable({"model.attention.heads"})) {
    const std::uint32_t heads = message.model().attention().heads();
    if (heads % tensor != 0) {
      at.Error(path, "tensor_parallel " + std::to_string(tensor) + " does not divide " +
                         std::to_string(heads) + " attention heads");
    }
  }
}

void CheckExpertParallel(pb::Parallelism& parallelism, const pb::Scenario& message,
                         const Resolution& at) {
  const std::string path = "parallelism.expert";
  const std::uint32_t devices = CountDevices(message, at);
  if (!at.problems.Usable({path}) || devices == 0) return;
  const bool given = parallelism.has_expert();
  if (!given) parallelism.set_expert(devices);
  const std::uint32_t expert = parallelism.expert();
  const std::string name =
      "expert_parallel " + std::to_string(expert) + (given ? "" : " (the default: all devices)");
  if (expert != devices) {
    at.Error(path, name + " is not the number of devices: experts are spread over all " +
                       std::to_string(devices) + " devices");
  }
  if (!message.model().has_moe() || !at.problems.Usable({"model.moe.num_experts"})) return;
  const std::uint32_t experts = message.model().moe().num_experts();
  if (experts % expert == 0) return;
  at.Error(path, name + " does not divide " + std::to_string(experts) +
                     " routed experts; allowed: " + Divisors(experts));
}

void CheckWorkload(const pb::Scenario& message, const Resolution& at) {
  const pb::Workload& workload = message.workload();
  if (!at.problems.Usable({"workload.tokens_per_device"})) return;
  const std::uint64_t tokens = workload.tokens_per_device();
  if (at.problems.Usable({"workload.micro_batches"}) && tokens % workload.micro_batches() != 0) {
    at.Error("workload.micro_batches", std::to_string(workload.micro_batches()) +
                                           " does not divide the " + std::to_string(tokens) +
                                           " tokens of a device (tokens_per_device)");
  }
  constexpr std::uint64_t kMaxTokens = (std::uint64_t{1} << 31) - 1;  // token indices are 32-bit
  const std::uint64_t devices = CountDevices(message, at);
  if (tokens * devices > kMaxTokens) {
    at.Error("workload.tokens_per_device", std::to_string(tokens) + " on each of " +
                                               std::to_string(devices) +
                                               " devices are more than 2^31 - 1 tokens in all");
  }
}

Workload ToWorkload(const pb::Workload& from) {
  Workload workload;
  workload.phase = from.phase() == pb::Workload::PREFILL ? StepPhase::kPrefill : StepPhase::kDecode;
  workload.tokens_per_device = from.tokens_per_device();
  workload.context_length = from.context_length();
  workload.micro_batches = from.micro_batches();
  return workload;
}

}  // namespace

Scenario ResolveScenario(pb::Scenario& message, const Resolution& at) {
  FillDefaults(message);
  Scenario scenario;
  scenario.name = message.name();
  scenario.description = message.description();
  scenario.model = ResolveModel(*message.mutable_model(), at);
  scenario.cluster = ResolveCluster(*message.mutable_cluster(), at);
  CheckTensorParallel(message, at);
  CheckExpertParallel(*message.mutable_parallelism(), message, at);
  scenario.parallelism = {message.parallelism().tensor(), message.parallelism().expert()};
  CheckWorkload(message, at);
  scenario.workload = ToWorkload(message.workload());
  scenario.routing = ResolveRouting(message, at);
  scenario.capacity = ResolveCapacity(message, at);
  scenario.communication = ResolveCommunication(message, at);
  const pb::Compute& compute = message.compute();
  scenario.compute = {compute.gemm_efficiency(), compute.attention_efficiency(),
                      compute.memory_efficiency(), Seconds{compute.kernel_overhead()}};
  scenario.gemm_tile = compute.gemm_tile();
  scenario.seed = message.simulation().seed();
  return scenario;
}

}  // namespace switchyard
