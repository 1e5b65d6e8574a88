// Does a step hold the right operations in the right order?
#include "sim/plan/step_builder.h"

#include <gtest/gtest.h>

#include <string>

#include "models/cost/compute_cost.h"
#include "sim/plan/lower.h"
#include "tests/unit/plan/scenarios.h"

namespace switchyard::testing {
namespace {

StepGraph StepOf(const Scenario& scenario) {
  Result<MoePlan> plan = PlanExperts(scenario);
  if (!plan.ok()) {
    ADD_FAILURE() << ToString(plan.errors());
    return {};
  }
  return BuildStep(scenario, plan.value());
}

// "attention/0.0<- router/1.0<-3 ": name/layer.micro-batch<-dependencies, in program order.
std::string AsText(const StepGraph& step) {
  std::string text;
  for (const Op& op : step.ops) {
    text += ToString(op.label.name);
    if (op.label.layer != kNoLayer) text += "/" + std::to_string(op.label.layer);
    text += "." + std::to_string(op.label.micro_batch) + "<-";
    for (const TaskId t : op.after) text += std::to_string(t.value) + ",";
    text += " ";
  }
  return text;
}

TEST(StepBuilder, OneMicroBatch) {
  EXPECT_EQ(AsText(StepOf(SmallScenario())),
            "attention/0.0<- dense_ffn/0.0<-0, "
            "attention/1.0<-1, router/1.0<-2, dispatch/1.0<-3, expert_gemm/1.0<-4,3, "
            "combine/1.0<-5,4, "
            "attention/2.0<-6,5, router/2.0<-7, dispatch/2.0<-8,6, expert_gemm/2.0<-9,8, "
            "combine/2.0<-10,9, "
            "lm_head.0<-11,10, ");
}

TEST(StepBuilder, SharedExpertsRunWhileTokensTravel) {
  Scenario scenario = SmallScenario();
  scenario.model.num_layers = 1;
  scenario.model.dense_layers = {};
  scenario.model.moe->shared_intermediate_size = 128;
  EXPECT_EQ(AsText(StepOf(scenario)),
            "attention/0.0<- router/0.0<-0, dispatch/0.0<-1, shared_expert/0.0<-1, "
            "expert_gemm/0.0<-2,3, combine/0.0<-4,2, lm_head.0<-5,4, ");
}

TEST(StepBuilder, TwoMicroBatchesInterleave) {
  Scenario scenario = SmallScenario();
  scenario.model.num_layers = 1;
  scenario.model.dense_layers = {};
  scenario.workload.micro_batches = 2;
  EXPECT_EQ(AsText(StepOf(scenario)),
            "attention/0.0<- router/0.0<-0, dispatch/0.0<-1, "
            "attention/0.1<-1, router/0.1<-3, dispatch/0.1<-4,2, "
            "expert_gemm/0.0<-2,4, combine/0.0<-6,5, "
            "expert_gemm/0.1<-5,6, combine/0.1<-8,7, "
            "lm_head.0<-7,8, lm_head.1<-9,10, ");
}

TEST(StepBuilder, TensorParallelismAddsCollectives) {
  Scenario scenario = SmallScenario();
  scenario.parallelism.tensor = 2;
  const std::string text = AsText(StepOf(scenario));
  EXPECT_NE(
      text.find("attention/0.0<- all_reduce/0.0<-0, dense_ffn/0.0<-1,0, all_reduce/0.0<-2,1, "),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("combine/1.0<-8,7, all_gather/1.0<-9, "), std::string::npos) << text;
}

TEST(StepBuilder, LoweredGraphIsValid) {
  for (const std::uint32_t tensor : {1u, 2u}) {
    for (const std::uint32_t micro_batches : {1u, 2u}) {
      Scenario scenario = SmallScenario();
      scenario.parallelism.tensor = tensor;
      scenario.workload.micro_batches = micro_batches;
      const auto cost = MakeRoofline({3000_GBps, {}, 900_TFLOPs, {}, {}}, scenario.compute);
      const ActivityGraph graph = Lower(StepOf(scenario), *cost);
      EXPECT_EQ(ToString(Verify(graph)), "") << tensor << " x " << micro_batches;
    }
  }
}

}  // namespace
}  // namespace switchyard::testing
