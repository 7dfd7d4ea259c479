// Loading and running: import, passes, program, plans.
#include "session/session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "passes/passes.h"
#include "plan/assign.h"
#include "session/feeds.h"
#include "session/warm_up.h"

namespace insitu {
namespace {

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
    infos.push_back({value.name, value.type});
  }
  return infos;
}

// Those that were not left out; InvalidArgument where something is left out that is not known.
Result<std::vector<Backend*>> BackendsFor(const SessionOptions& options, const Runtime& runtime) {
  const std::vector<std::string> known = runtime.Switches();
  for (const std::string& name : options.without) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::string list;
    for (const std::string& one : known) list += (list.empty() ? "" : ", ") + one;
    return Fail(ErrorCode::kInvalidArgument, "there is no '" + name + "' to be left out",
                "These can be: " + list + ".");
  }
  std::vector<Backend*> backends;
  for (Backend* backend : runtime.backends())
    if (!options.reference_only && !options.without.contains(std::string(backend->name())))
      backends.push_back(backend);
  return backends;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::Load(const ModelBytes& model,
                                               const SessionOptions& options, Runtime& runtime) {
  INSITU_ASSIGN(ImportedModel imported, ImportModel(model, options.import));
  std::unique_ptr<Session> session(new Session);
  if (options.on_phase) options.on_phase(LoadPhase::kPlan);
  Graph& graph = imported.graph;
  for (NodeId id : graph.Order())
    session->original_nodes_.emplace_back(graph.node(id).name, graph.node(id).op);
  INSITU_TRY(FixDims(graph, options.dims));

  INSITU_ASSIGN(const std::vector<Backend*> backends, BackendsFor(options, runtime));
  PassContext context;
  context.absorbed = &session->absorbed_;
  context.without.insert(options.without.begin(), options.without.end());
  context.widens_halves = !backends.empty();
  context.wants_signed_data = std::ranges::any_of(backends, &Backend::wants_signed_data);
  if (!backends.empty()) {
    context.wants_channels_last = [&backends](const Graph& g, const Node& node) {
      return WantsChannelsLast(g, node, backends);
    };
  }
  INSITU_TRY(RunPasses(graph, context));
  session->inputs_ = InfosOf(graph, graph.inputs);
  session->outputs_ = InfosOf(graph, graph.outputs);
  if (options.keep) {
    session->kept_ = std::make_unique<Archive>();
    session->Transfer(*session->kept_);
  }
  INSITU_ASSIGN(Program program, Program::Build(std::move(graph), backends, session->kept_.get()));
  if (session->kept_ && session->kept_->failed()) session->kept_.reset();
  session->runner_ = GraphRunner(std::move(program));
  INSITU_TRY(session->Prepare(options));
  return session;
}

Result<std::unique_ptr<Session>> Session::Restore(const ModelBytes& archive,
                                                  const SessionOptions& options, Runtime& runtime) {
  INSITU_ASSIGN(Archive kept, Archive::Open(archive.bytes, archive.owner));
  std::unique_ptr<Session> session(new Session);
  session->Transfer(kept);
  INSITU_ASSIGN(Program program, Program::Restore(kept, runtime.backends()));
  session->runner_ = GraphRunner(std::move(program));
  INSITU_TRY(session->Prepare(options));
  return session;
}

Status Session::Prepare(const SessionOptions& options) {
  std::vector<Dims> fixed;
  for (const TensorInfo& input : inputs_) {
    auto dims = input.type.shape ? KnownDims(*input.type.shape) : std::nullopt;
    if (dims) fixed.push_back(*std::move(dims));
  }
  if (fixed.size() == inputs_.size()) INSITU_TRY(runner_.Prepare(fixed));
  if (options.warm_up_ms <= 0) return {};
  if (options.on_phase) options.on_phase(LoadPhase::kWarmUp);
  WarmUp(runner_, options.warm_up_ms);
  return {};
}

const std::map<std::string, std::string>& Session::metadata() const {
  return runner_.program().graph().metadata;
}

Result<std::vector<NamedTensor>> Session::Run(std::span<const NamedTensor> feeds,
                                              const SessionRunOptions& options) {
  std::vector<size_t> wanted;
  for (const std::string& name : options.outputs) {
    auto it = std::ranges::find(outputs_, name, &TensorInfo::name);
    if (it == outputs_.end())
      return std::unexpected(Error{ErrorCode::kInvalidArgument,
                                   "there is no output named '" + name + "'",
                                   name,
                                   {},
                                   "session.outputs lists the outputs."});
    wanted.push_back(static_cast<size_t>(it - outputs_.begin()));
  }
  if (options.outputs.empty())
    for (size_t i = 0; i < outputs_.size(); ++i) wanted.push_back(i);
  INSITU_ASSIGN(const std::vector<Tensor> inputs, MatchFeeds(inputs_, feeds));
  if (options.time_steps) sampled_.resize(runner_.program().steps().size());
  const std::span<StepTime> step_times = options.time_steps ? sampled_ : std::span<StepTime>();
  INSITU_ASSIGN(const std::vector<Tensor> outputs,
                runner_.Run(inputs, {.cancel = options.cancel, .step_times = step_times}));
  std::vector<NamedTensor> named;
  for (size_t i : wanted) named.push_back({outputs_[i].name, outputs[i]});
  return named;
}

Result<std::vector<OperatorProfile>> Session::Profile(std::span<const NamedTensor> feeds,
                                                      int runs) {
  if (runs < 1) return Fail(ErrorCode::kInvalidArgument, "runs must be at least 1");
  INSITU_ASSIGN(const std::vector<Tensor> inputs, MatchFeeds(inputs_, feeds));
  std::vector<StepTime> times(runner_.program().steps().size());
  for (int run = 0; run < runs; ++run)
    INSITU_TRY(runner_.Run(inputs, {.cancel = nullptr, .step_times = times}));
  return Rows(times);
}

std::vector<OperatorProfile> Session::Rows(std::span<const StepTime> times) const {
  const Program& program = runner_.program();
  double sum = 0;
  for (const StepTime& time : times) sum += time.ms;
  std::vector<OperatorProfile> rows;
  for (size_t i = 0; i < times.size(); ++i) {
    const auto [ms, calls] = times[i];
    if (calls == 0) continue;
    const Step& step = program.steps()[i];
    const Node& node = program.graph().node(step.node);
    rows.push_back({node.name, node.op, step.on, calls, ms, sum > 0 ? ms / sum : 0});
  }
  return rows;
}

}  // namespace insitu
