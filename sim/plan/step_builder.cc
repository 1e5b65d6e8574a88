#include "sim/plan/step_builder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "models/cost/work.h"

namespace switchyard {
namespace {

// Adds ops in program order. An op comes after the ops it needs and after the last op of its
// stream.
class Builder {
 public:
  Builder(const Scenario& scenario, const MoePlan& plan)
      : scenario_(scenario), plan_(plan), model_(scenario.model) {
    step_.num_devices = scenario.cluster.NumDevices();
    // Rows of one attention replica: its tensor-parallel ranks work on all of their tokens
    // together.
    const double tokens = scenario.workload.tokens_per_device;
    share_ = tokens / scenario.workload.micro_batches;
    rows_ = share_ * scenario.parallelism.tensor;
  }

  StepGraph Build() && {
    const std::uint32_t micro_batches = scenario_.workload.micro_batches;
    AddMigration();
    std::uint32_t moe_layer = 0;
    for (std::uint32_t layer = 0; layer < model_.num_layers; ++layer) {
      if (model_.IsMoeLayer(layer)) {
        AddMoeLayer(layer, moe_layer++, micro_batches);
      } else {
        for (std::uint32_t m = 0; m < micro_batches; ++m) AddDenseLayer(layer, m);
      }
    }
    for (std::uint32_t m = 0; m < micro_batches; ++m) {
      AddCompute({OpName::kLmHead, StreamKind::kCompute, kNoLayer, m},
                 {WorkOfLmHead(model_, LmHeadRows(), scenario_.parallelism.tensor), {}});
    }
    return std::move(step_);
  }

 private:
  // Layer by layer on a stream of its own; everything else waits for it, or nothing does.
  void AddMigration() {
    std::optional<TaskId> last;
    std::uint32_t moe_layer = 0;
    for (std::uint32_t layer = 0; layer < model_.num_layers; ++layer) {
      if (!model_.IsMoeLayer(layer)) continue;
      const std::uint32_t this_layer = moe_layer++;
      if (plan_.moves.empty() || plan_.moves[this_layer].empty()) continue;
      Op op{{OpName::kMigration, StreamKind::kCopyIn, layer, 0}, {}, MigrationOp{this_layer}};
      if (last) op.after.push_back(*last);
      step_.ops.push_back(std::move(op));
      last = TaskId(step_.ops.size() - 1);
    }
    if (last && plan_.moves_block) current_.fill(last);
  }

  void AddAttention(std::uint32_t layer, std::uint32_t m) {
    const bool decode = scenario_.workload.phase == StepPhase::kDecode;
    const TokenBatch batch{rows_, static_cast<double>(scenario_.workload.context_length), decode};
    AttentionWork work = WorkOfAttention(model_, batch, scenario_.parallelism.tensor);
    KernelList kernels = std::move(work.projections);
    kernels.insert(kernels.end(), work.core.begin(), work.core.end());
    AddCompute({OpName::kAttention, StreamKind::kCompute, layer, m}, {std::move(kernels), {}});
    AddTensorCollective(OpName::kAllReduce, CollectiveKind::kAllReduce, layer, m);
  }

  void AddDenseLayer(std::uint32_t layer, std::uint32_t m) {
    AddAttention(layer, m);
    const double width =
        static_cast<double>(model_.dense_intermediate_size) / scenario_.parallelism.tensor;
    AddCompute({OpName::kDenseFfn, StreamKind::kCompute, layer, m},
               {WorkOfFfn(model_, rows_, width), {}});
    AddTensorCollective(OpName::kAllReduce, CollectiveKind::kAllReduce, layer, m);
  }

  void AddMoeLayer(std::uint32_t layer, std::uint32_t moe_layer, std::uint32_t micro_batches) {
    std::array<TaskId, kMaxMicroBatches> dispatched;
    for (std::uint32_t m = 0; m < micro_batches; ++m) {
      AddAttention(layer, m);
      AddCompute({OpName::kRouter, StreamKind::kCompute, layer, m},
                 {WorkOfRouter(model_, share_), {}});
      dispatched[m] = AddExchange(OpName::kDispatch, {moe_layer, false}, layer, m);
    }
    for (std::uint32_t m = 0; m < micro_batches; ++m) {
      AddExperts(layer, moe_layer, m, dispatched[m]);
      AddExchange(OpName::kCombine, {moe_layer, true}, layer, m);
      AddTensorCollective(OpName::kAllGather, CollectiveKind::kAllGather, layer, m);
    }
  }

  void AddExperts(std::uint32_t layer, std::uint32_t moe_layer, std::uint32_t m,
                  TaskId dispatched) {
    const MoeSpec& moe = *model_.moe;
    if (moe.shared_intermediate_size > 0) {
      // The shared experts read what the router read: they need no token from elsewhere.
      current_[m] = routed_[m];
      AddCompute({OpName::kSharedExpert, StreamKind::kCompute, layer, m},
                 {WorkOfSharedExperts(model_, share_), {}});
    }
    current_[m] = dispatched;
    AddCompute({OpName::kExpertGemm, StreamKind::kCompute, layer, m},
               {{}, ExpertWork(moe_layer, m)});
  }

  [[nodiscard]] std::vector<KernelList> ExpertWork(std::uint32_t moe_layer, std::uint32_t m) const {
    const MoeLayerPlan& layer = plan_.at(moe_layer, m);
    std::vector<std::vector<std::uint32_t>> rows(step_.num_devices);
    for (std::size_t slot = 0; slot < layer.rows.size(); ++slot) {
      if (plan_.ExpertOfSlot(moe_layer, slot) == kNoExpert) continue;
      rows[plan_.DeviceOfSlot(slot)].push_back(layer.rows[slot]);
    }
    std::vector<KernelList> work;
    work.reserve(rows.size());
    for (const auto& of_device : rows) {
      work.push_back(WorkOfExperts(model_, of_device, scenario_.gemm_tile));
    }
    return work;
  }

  // Prefill needs the logits of each prompt's last token only; decode of every token.
  [[nodiscard]] double LmHeadRows() const {
    if (scenario_.workload.phase == StepPhase::kDecode) return rows_;
    return std::max(1.0, std::ceil(rows_ / scenario_.workload.context_length));
  }

  void AddCompute(OpLabel label, ComputeOp op) {
    const TaskId id = Add(label, std::move(op));
    if (label.name == OpName::kRouter) routed_[label.micro_batch] = id;
  }

  TaskId AddExchange(OpName name, ExpertExchangeOp op, std::uint32_t layer, std::uint32_t m) {
    return Add({name, StreamKind::kComm, layer, m}, op);
  }

  // Over the activations of one attention replica; nothing without tensor parallelism.
  void AddTensorCollective(OpName name, CollectiveKind kind, std::uint32_t layer, std::uint32_t m) {
    const std::uint32_t tensor = scenario_.parallelism.tensor;
    if (tensor == 1) return;
    const double bytes = rows_ * model_.hidden_size * BytesPerElement(model_.dtypes.activations);
    Add({name, StreamKind::kComm, layer, m}, CollectiveOp{kind, tensor, {bytes}});
  }

  template <class Body>
  TaskId Add(OpLabel label, Body body) {
    Op op{label, {}, std::move(body)};
    std::optional<TaskId>& stream = last_of_stream_[static_cast<std::size_t>(label.stream)];
    std::optional<TaskId>& chain = current_[label.micro_batch];
    if (chain) op.after.push_back(*chain);
    if (stream && stream != chain) op.after.push_back(*stream);
    step_.ops.push_back(std::move(op));
    const TaskId id(step_.ops.size() - 1);
    stream = id;
    chain = id;
    return id;
  }

  static constexpr std::size_t kMaxMicroBatches = 2;
  const Scenario& scenario_;
  const MoePlan& plan_;
  const ModelSpec& model_;
  double share_ = 0;  // tokens of one device in one micro-batch
  double rows_ = 0;   // tokens of its attention replica
  StepGraph step_;
  std::array<std::optional<TaskId>, kNumStreams> last_of_stream_;
  std::array<std::optional<TaskId>, kMaxMicroBatches>
      current_;  // last op of the micro-batch's data flow
  std::array<TaskId, kMaxMicroBatches> routed_;
};

}  // namespace

StepGraph BuildStep(const Scenario& scenario, const MoePlan& plan) {
  return Builder(scenario, plan).Build();
}

}  // namespace switchyard
