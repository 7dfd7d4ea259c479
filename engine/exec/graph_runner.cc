// Stages, steps that run alone, and what lives between them.
#include "exec/graph_runner.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "ops/evaluate_node.h"

namespace insitu {
namespace {

constexpr size_t kKeptPlans = 8;

std::vector<Fact> FactsOf(const std::map<ValueId, Tensor>& live) {
  std::vector<Fact> facts;
  for (const auto& [id, tensor] : live) facts.push_back({id, tensor.View()});
  return facts;
}

}  // namespace

GraphRunner::GraphRunner(Program program)
    : GraphRunner(std::move(program), std::make_shared<size_t>(0)) {}

GraphRunner::GraphRunner(Program program, std::shared_ptr<size_t> planned_values)
    : program_(std::move(program)), planned_values_(std::move(planned_values)) {
  for (Step& step : program_.steps())
    for (auto& [graph, body] : step.bodies)
      bodies_.emplace(graph, GraphRunner(std::move(*body), planned_values_));
}

Status GraphRunner::Prepare(std::span<const Dims> input_dims) {
  const Graph& graph = program_.graph();
  std::vector<Fact> facts;
  for (size_t i = 0; i < graph.inputs.size(); ++i)
    facts.push_back({graph.inputs[i],
                     {graph.value(graph.inputs[i]).type.dtype, input_dims[i], nullptr, nullptr}});
  std::ranges::sort(facts, {}, &Fact::id);  // as FactsOf has them
  INSITU_ASSIGN(Plan plan, Plan::Build(program_, 0, facts));
  if (plan.end() == program_.steps().size()) Keep(plans_[0], std::move(plan));
  return {};
}

void GraphRunner::Forget(std::list<Plan>& plans) {
  *planned_values_ -= plans.back().values().size();
  plans.pop_back();
}

void GraphRunner::Keep(std::list<Plan>& plans, Plan plan) {
  *planned_values_ += plan.values().size();
  plans.push_front(std::move(plan));
  if (plans.size() > kKeptPlans) Forget(plans);
}

Status GraphRunner::MakeRoom(const std::list<Plan>& wanted) {
  const size_t values = program_.graph().value_count();
  const auto has_room = [&] { return *planned_values_ + values <= kMostPlannedValues; };
  for (auto& [first, plans] : plans_)
    while (!has_room() && plans.size() > (&plans == &wanted ? 0 : 1)) Forget(plans);
  if (has_room()) return {};
  return Fail(ErrorCode::kLimitExceeded,
              "a run has so many parts whose extents depend on data that their plans would hold "
              "more than " +
                  std::to_string(kMostPlannedValues) + " values",
              "Split the model, or remove operators such as NonZero from it.");
}

Result<const Plan*> GraphRunner::PlanFor(size_t first, std::span<const Fact> facts) {
  std::list<Plan>& plans = plans_[first];
  auto found = std::ranges::find_if(plans, [&](const Plan& plan) { return plan.Fits(facts); });
  if (found == plans.end()) {
    INSITU_TRY(MakeRoom(plans));
    INSITU_ASSIGN(Plan plan, Plan::Build(program_, first, facts));
    Keep(plans, std::move(plan));
  } else {
    INSITU_TRY(found->Activate(program_));
    plans.splice(plans.begin(), plans, found);
  }
  return &plans.front();
}

Status GraphRunner::RunStage(const Plan& plan, std::span<const Fact> facts,
                             const ExecuteOptions& options, Live& live) {
  std::vector<Tensor> outputs;
  std::vector<TensorView> views;
  for (ValueId id : plan.outputs()) {
    const PlannedValue& value = plan.values()[static_cast<size_t>(id)];
    INSITU_ASSIGN(Tensor output, Tensor::Allocate(value.dtype, value.dims));
    views.push_back(output.View());
    outputs.push_back(std::move(output));
  }
  INSITU_TRY(executor_.Run(program_, plan, facts, views, options));
  for (size_t i = 0; i < outputs.size(); ++i)
    live.insert_or_assign(plan.outputs()[i], std::move(outputs[i]));
  return {};
}

// The time of a body's steps is that of the step that runs it.
SubgraphRunner GraphRunner::BodyRunner(size_t step, const ExecuteOptions& options) {
  if (program_.steps()[step].bodies.empty()) return {};
  return [this, &options](const Graph& graph, std::span<const Tensor> inputs) {
    return bodies_.at(&graph).Run(inputs, {.cancel = options.cancel, .step_times = {}});
  };
}

Status GraphRunner::RunAlone(size_t step, const ExecuteOptions& options, Live& live) {
  const Graph& graph = program_.graph();
  const Node& node = graph.node(program_.steps()[step].node);
  std::vector<Tensor> inputs;
  for (ValueId id : node.inputs) {
    const Tensor* constant = graph.Constant(id);
    inputs.push_back(id == kNoValue ? Tensor() : constant ? *constant : live.at(id));
  }
  return options.Around(step, [&]() -> Status {
    INSITU_ASSIGN(auto outputs, EvaluateNode(graph, program_.steps()[step].node, inputs,
                                             BodyRunner(step, options)));
    for (size_t i = 0; i < outputs.size(); ++i)
      if (node.outputs[i] != kNoValue)
        live.insert_or_assign(node.outputs[i], std::move(outputs[i]));
    return {};
  });
}

Result<std::vector<Tensor>> GraphRunner::Outputs(std::span<const Tensor> inputs,
                                                 const Live& live) const {
  const Graph& graph = program_.graph();
  std::vector<Tensor> outputs;
  for (ValueId id : graph.outputs) {
    const auto input = std::ranges::find(graph.inputs, id);
    if (input != graph.inputs.end()) {
      INSITU_ASSIGN(outputs.emplace_back(),
                    inputs[static_cast<size_t>(input - graph.inputs.begin())].Copy());
    } else if (const Tensor* constant = graph.Constant(id)) {
      INSITU_ASSIGN(outputs.emplace_back(), constant->Copy());
    } else {
      outputs.push_back(live.at(id));
    }
  }
  return outputs;
}

size_t GraphRunner::packed_bytes() const {
  size_t bytes = program_.packed_bytes();
  for (const auto& [graph, body] : bodies_) bytes += body.packed_bytes();
  return bytes;
}

size_t GraphRunner::plan_count() const {
  size_t count = 0;
  for (const auto& [first, plans] : plans_) count += plans.size();
  return count;
}

Result<std::vector<Tensor>> GraphRunner::Run(std::span<const Tensor> inputs,
                                             const ExecuteOptions& options) {
  Live live;
  for (size_t i = 0; i < inputs.size(); ++i)
    live.insert_or_assign(program_.graph().inputs[i], inputs[i]);
  for (size_t at = 0; at < program_.steps().size();) {
    std::erase_if(live, [&](const auto& entry) { return program_.last_read(entry.first) < at; });
    const Plan* plan = nullptr;
    if (program_.steps()[at].planned) {
      const std::vector<Fact> facts = FactsOf(live);
      INSITU_ASSIGN(plan, PlanFor(at, facts));
      if (plan->end() > at) INSITU_TRY(RunStage(*plan, facts, options, live));
    }
    if (plan && plan->end() > at) {
      at = plan->end();
    } else {
      INSITU_TRY(RunAlone(at++, options, live));
    }
  }
  return Outputs(inputs, live);
}

}  // namespace insitu
