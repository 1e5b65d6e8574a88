#include "sim/scenario/resolve.h"

#include <algorithm>
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

// A group lies within a node or covers nodes whole, and holds attention replicas whole.
void CheckExpertGroup(const pb::Scenario& message, const std::string& name, const Resolution& at) {
  const std::uint32_t expert = message.parallelism().expert();
  const std::uint32_t gpus = message.cluster().node().gpus();
  if (gpus % expert != 0 && expert % gpus != 0) {
    at.Error("parallelism.expert", name + " neither divides the " + std::to_string(gpus) +
                                       " GPUs of a node nor is a multiple of them");
  }
  const std::uint32_t tensor = message.parallelism().tensor();
  if (at.problems.Usable({"parallelism.tensor"}) && expert % tensor != 0) {
    at.Error("parallelism.expert", name + " is not a multiple of tensor_parallel " +
                                       std::to_string(tensor) +
                                       ": a group of experts serves whole attention replicas");
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
  if (expert > devices || devices % expert != 0) {
    at.Error(path, name + " does not divide the " + std::to_string(devices) +
                       " devices into groups; allowed: " + Divisors(devices));
  } else {
    CheckExpertGroup(message, name, at);
  }
  if (!message.model().has_moe() || !at.problems.Usable({"model.moe.num_experts"})) return;
  const std::uint32_t experts = message.model().moe().num_experts();
  // Redundant experts fill the ranks up (ResolvePlacement checks them), files bring their slots.
  if (message.placement().redundant_experts() > 0 || message.placement().has_file()) return;
  if (experts % expert == 0 || expert % experts == 0) return;
  at.Error(path, name + " neither divides " + std::to_string(experts) +
                     " routed experts nor is a multiple of them (as many replicas of each); "
                     "allowed: " +
                     Divisors(experts) + ", or others with placement.redundant_experts");
}

// Tokens that the ranks of one attention replica work on together in one micro-batch.
std::uint64_t TokensOfReplica(const pb::Scenario& message) {
  const pb::Workload& workload = message.workload();
  return std::uint64_t{workload.tokens_per_device()} * message.parallelism().tensor() /
         workload.micro_batches();
}

// The default depends on the phase: a usual context in decode, one prompt for each replica in
// prefill.
void FillContextLength(pb::Scenario& message) {
  constexpr std::uint32_t kDecodeContext = 4096;
  pb::Workload& workload = *message.mutable_workload();
  if (workload.has_context_length()) return;
  const bool prefill = workload.phase() == pb::Workload::PREFILL;
  workload.set_context_length(prefill ? static_cast<std::uint32_t>(TokensOfReplica(message))
                                      : kDecodeContext);
}

// A prompt is prefilled whole: chunks that attend to cached tokens are another workload.
void CheckPrompt(const pb::Scenario& message, const Resolution& at) {
  const pb::Workload& workload = message.workload();
  const bool known = at.problems.Usable({"workload.phase", "workload.tokens_per_device"}) &&
                     at.problems.Usable({"workload.context_length", "workload.micro_batches"}) &&
                     at.problems.Usable({"parallelism.tensor"});
  if (!known || workload.phase() != pb::Workload::PREFILL) return;
  const std::uint64_t tokens = TokensOfReplica(message);
  if (workload.context_length() <= tokens) return;
  at.Error("workload.context_length",
           "a prompt of " + std::to_string(workload.context_length()) +
               " tokens does not fit the " + std::to_string(tokens) +
               " tokens that an attention replica prefills in a micro-batch (tokens_per_device x "
               "tensor / micro_batches)");
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
  // Counts of choices are 32-bit.
  constexpr std::uint64_t kMaxChoices = (std::uint64_t{1} << 31) - 1;
  const std::uint64_t devices = CountDevices(message, at);
  const bool moe = message.model().has_moe() && at.problems.Usable({"model.moe.top_k"});
  const std::uint64_t choices = moe ? message.model().moe().top_k() : 1;
  if (tokens * devices > kMaxChoices / choices) {
    at.Error("workload.tokens_per_device",
             std::to_string(tokens) + " on each of " + std::to_string(devices) +
                 " devices are more than 2^31 - 1 tokens times choices in all");
  }
  CheckPrompt(message, at);
}

// Above it, tables that grow with devices and operations no longer fit a workstation's memory.
void CheckDevices(const pb::Scenario& message, const Resolution& at) {
  constexpr std::uint32_t kMaxDevices = 16384;
  const std::uint32_t devices = CountDevices(message, at);
  if (devices > kMaxDevices) {
    at.Error("cluster.nodes", std::to_string(devices) + " GPUs; a step is simulated on at most " +
                                  std::to_string(kMaxDevices));
  }
  // SimGrid's cost grows 35 times when the ranks of an all-to-all double: hours begin here.
  constexpr std::uint32_t kMaxPairwiseDevices = 256;
  const bool pairwise = at.problems.Usable({"simulation.fidelity"}) &&
                        message.simulation().fidelity() == pb::Simulation::PAIRWISE;
  if (pairwise && devices > kMaxPairwiseDevices && devices <= kMaxDevices) {
    at.Error("simulation.fidelity", "pairwise, the reference, takes at most " +
                                        std::to_string(kMaxPairwiseDevices) + " GPUs, not " +
                                        std::to_string(devices) + "; use flow");
  }
}

// Whether flow takes about a minute at most: the flows of a step, twice for dispatch and combine.
// 58 layers of 1,024 ranks with deduplication by node, 15 million flows, take 27 s; larger groups
// and direct forms have ranks^2 of them.
bool TakesTooLong(const pb::Scenario& message) {
  constexpr double kMostFlows = 3e7;
  const double ranks = message.parallelism().expert();
  const double gpus = std::max(1U, message.cluster().node().gpus());
  const bool two_hops = message.communication().all_to_all() == pb::Communication::NODE_DEDUP;
  const double partners = two_hops ? ranks / gpus + gpus : ranks;
  const double devices = ranks == 0 ? 0 : message.cluster().nodes() * gpus;
  return 2.0 * message.model().num_layers() * devices * partners > kMostFlows;
}

Fidelity ToFidelity(const pb::Scenario& message) {
  switch (message.simulation().fidelity()) {
    case pb::Simulation::AUTO:
      return TakesTooLong(message) ? Fidelity::kPort : Fidelity::kFlow;
    case pb::Simulation::PAIRWISE:
      return Fidelity::kPairwise;
    case pb::Simulation::PORT:
      return Fidelity::kPort;
    case pb::Simulation::FLOW:
    case pb::Simulation::UNSPECIFIED:
      break;
  }
  return Fidelity::kFlow;
}

void CheckSharing(const Scenario& scenario, const Resolution& at) {
  const LinkSharing& sharing = scenario.cluster.sharing;
  if (scenario.fidelity == Fidelity::kFlow || !at.problems.Usable({"cluster.sharing"})) return;
  if (std::find(sharing.begin(), sharing.end(), true) == sharing.end()) return;
  at.Error(
      "cluster.sharing",
      "per_collective is known to simulation.fidelity: flow only; SimGrid shares per flow, and "
      "port serves collectives one after the other");
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
  const bool context_given = message.workload().has_context_length();
  FillDefaults(message);
  if (!context_given) message.mutable_workload()->clear_context_length();
  FillContextLength(message);
  Scenario scenario;
  scenario.name = message.name();
  scenario.description = message.description();
  scenario.model = ResolveModel(*message.mutable_model(), at);
  scenario.cluster = ResolveCluster(*message.mutable_cluster(), at);
  CheckDevices(message, at);
  CheckTensorParallel(message, at);
  CheckExpertParallel(*message.mutable_parallelism(), message, at);
  scenario.parallelism = {message.parallelism().tensor(), message.parallelism().expert()};
  CheckWorkload(message, at);
  scenario.workload = ToWorkload(message.workload());
  scenario.routing = ResolveRouting(message, at);
  scenario.capacity = ResolveCapacity(message, at);
  scenario.communication = ResolveCommunication(message, at);
  scenario.placement = ResolvePlacement(message, at);
  const pb::Compute& compute = message.compute();
  scenario.compute = {compute.gemm_efficiency(), compute.attention_efficiency(),
                      compute.memory_efficiency(), Seconds{compute.kernel_overhead()}};
  scenario.gemm_tile = compute.gemm_tile();
  scenario.disturbances = ResolveDisturbances(message.disturbances(), scenario.cluster, at);
  scenario.fidelity = ToFidelity(message);
  CheckSharing(scenario, at);
  scenario.tolerance = message.simulation().tolerance();
  scenario.seed = message.simulation().seed();
  return scenario;
}

}  // namespace switchyard
