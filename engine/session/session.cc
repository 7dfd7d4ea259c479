// Loading and running: import, passes, program, plans.
#include "session/session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "passes/passes.h"
#include "plan/assign.h"
#include "session/feeds.h"

namespace insitu {
namespace {

constexpr size_t kKeptPlans = 8;

// Replaces the named symbols of the inputs' declared shapes by numbers.
Status FixDims(Graph& graph, const std::map<std::string, int64_t>& dims) {
  for (const auto& [name, number] : dims) {
    bool found = false;
    const Dim symbol = Dim::Symbol(name);
    for (ValueId id : graph.inputs) {
      auto& shape = graph.value(id).type.shape;
      if (!shape) continue;
      for (Dim& dim : *shape) {
        if (!(dim == symbol)) continue;
        dim = number;
        found = true;
      }
    }
    if (!found)
      return Fail(ErrorCode::kInvalidArgument, "no input has a dim named '" + name + "'",
                  "inspect() lists the inputs with their dims.");
    if (number < 0)
      return Fail(ErrorCode::kInvalidArgument,
                  "dim '" + name + "' cannot be " + std::to_string(number));
  }
  return {};
}

std::vector<TensorInfo> InfosOf(const Graph& graph, std::span<const ValueId> ids) {
  std::vector<TensorInfo> infos;
  for (ValueId id : ids) {
    const Value& value = graph.value(id);
    infos.push_back({value.name, value.type.dtype, value.type.shape});
  }
  return infos;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::Load(const ModelBytes& model,
                                               const SessionOptions& options, Runtime& runtime) {
  INSITU_ASSIGN(ImportedModel imported, ImportModel(model, options.import));
  std::unique_ptr<Session> session(new Session);
  session->info_ = std::move(imported.info);
  Graph& graph = imported.graph;
  for (NodeId id : graph.Order())
    session->original_nodes_.emplace_back(graph.node(id).name, graph.node(id).op);
  INSITU_TRY(FixDims(graph, options.dims));

  const std::span<Backend* const> backends =
      options.reference_only ? std::span<Backend* const>() : runtime.backends();
  PassContext context;
  context.absorbed = &session->absorbed_;
  if (!backends.empty()) {
    context.wants_channels_last = [backends](const Graph& g, const Node& node) {
      return WantsChannelsLast(g, node, backends);
    };
  }
  INSITU_TRY(RunPasses(graph, context));
  session->inputs_ = InfosOf(graph, graph.inputs);
  session->outputs_ = InfosOf(graph, graph.outputs);
  INSITU_ASSIGN(session->program_, Program::Build(std::move(graph), backends));

  std::vector<Dims> fixed;
  for (const TensorInfo& input : session->inputs_) {
    auto dims = input.shape ? KnownDims(*input.shape) : std::nullopt;
    if (dims) fixed.push_back(*std::move(dims));
  }
  if (fixed.size() == session->inputs_.size()) INSITU_TRY(session->PlanFor(fixed));
  return session;
}

const std::map<std::string, std::string>& Session::metadata() const {
  return program_.graph().metadata;
}

Result<Plan*> Session::PlanFor(std::span<const Dims> input_dims) {
  auto known = std::ranges::find_if(plans_, [&](const Plan& plan) {
    return std::ranges::equal(plan.input_dims(), input_dims);
  });
  if (known != plans_.end() && &*known == active_) return active_;
  active_ = nullptr;
  if (known != plans_.end()) {
    INSITU_TRY(known->Activate(program_));
    plans_.splice(plans_.begin(), plans_, known);
  } else {
    INSITU_ASSIGN(Plan plan, Plan::Build(program_, input_dims));
    plans_.push_front(std::move(plan));
    if (plans_.size() > kKeptPlans) plans_.pop_back();
  }
  active_ = &plans_.front();
  return active_;
}

Result<std::vector<Tensor>> Session::Execute(std::span<const Tensor> inputs,
                                             const ExecuteOptions& options) {
  std::vector<Dims> dims;
  std::vector<TensorView> input_views;
  for (const Tensor& input : inputs) {
    dims.push_back(input.dims());
    input_views.push_back(input.View());
  }
  INSITU_ASSIGN(const Plan* plan, PlanFor(dims));
  std::vector<Tensor> outputs;
  std::vector<TensorView> output_views;
  for (ValueId id : program_.graph().outputs) {
    const PlannedValue& value = plan->values()[static_cast<size_t>(id)];
    INSITU_ASSIGN(Tensor output, Tensor::Allocate(value.dtype, value.dims));
    output_views.push_back(output.View());
    outputs.push_back(std::move(output));
  }
  INSITU_TRY(executor_.Run(program_, *plan, input_views, output_views, options));
  return outputs;
}

Result<std::vector<NamedTensor>> Session::Run(std::span<const NamedTensor> feeds,
                                              const SessionRunOptions& options) {
  std::vector<size_t> wanted;
  for (const std::string& name : options.outputs) {
    auto it = std::ranges::find(outputs_, name, &TensorInfo::name);
    if (it == outputs_.end())
      return std::unexpected(Error{ErrorCode::kInvalidArgument,
                                   "there is no output named '" + name + "'", name, {},
                                   "session.outputs lists the outputs."});
    wanted.push_back(static_cast<size_t>(it - outputs_.begin()));
  }
  if (options.outputs.empty())
    for (size_t i = 0; i < outputs_.size(); ++i) wanted.push_back(i);
  INSITU_ASSIGN(const std::vector<Tensor> inputs, MatchFeeds(inputs_, feeds));
  INSITU_ASSIGN(const std::vector<Tensor> outputs, Execute(inputs, {.cancel = options.cancel,
                                                                    .step_ms = {}}));
  std::vector<NamedTensor> named;
  for (size_t i : wanted) named.push_back({outputs_[i].name, outputs[i]});
  return named;
}

Result<std::vector<OperatorProfile>> Session::Profile(std::span<const NamedTensor> feeds,
                                                      int runs) {
  if (runs < 1)
    return Fail(ErrorCode::kInvalidArgument, "runs must be at least 1");
  INSITU_ASSIGN(const std::vector<Tensor> inputs, MatchFeeds(inputs_, feeds));
  std::vector<double> step_ms(program_.steps().size(), 0.0);
  for (int run = 0; run < runs; ++run)
    INSITU_TRY(Execute(inputs, {.cancel = nullptr, .step_ms = step_ms}));
  double sum = 0;
  for (double ms : step_ms) sum += ms;
  std::vector<OperatorProfile> rows;
  for (const PlannedStep& planned : active_->steps()) {
    const Step& step = program_.steps()[planned.step];
    if (step.alias) continue;
    const Node& node = program_.graph().node(step.node);
    const double ms = step_ms[planned.step];
    rows.push_back({node.name, node.op, step.on, runs, ms, sum > 0 ? ms / sum : 0});
  }
  return rows;
}

size_t Session::arena_bytes() const { return active_ ? active_->arena_bytes() : 0; }

}  // namespace insitu
