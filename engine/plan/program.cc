// Building a Program: assign every node, pack weights, let go of the model's bytes.
#include "plan/program.h"

#include <algorithm>
#include <utility>

#include "ops/control_flow.h"
#include "plan/assign.h"

namespace insitu {
namespace {

// Constants up to this size stay although only packing read them: shape inference may want the
// elements of axes, pads and the like when a plan is made.
constexpr size_t kKeptConstantBytes = 4096;

bool AllHaveBytes(const Graph& graph, const Node& node) {
  const auto has = [&](ValueId id) {
    return id == kNoValue || HasBytes(graph.value(id).type.dtype);
  };
  return std::ranges::all_of(node.inputs, has) && std::ranges::all_of(node.outputs, has);
}

// What is left in the attribute of a body: the types of its outputs.
Graph Shell(const Graph& body) {
  Graph shell;
  for (ValueId id : body.outputs) {
    const Value& output = body.value(id);
    shell.outputs.push_back(shell.AddValue({output.name, output.type, std::nullopt, std::nullopt}));
  }
  return shell;
}

std::unexpected<Error> Garbled(const Archive& archive) {
  if (archive.why()) return std::unexpected(*archive.why());
  return Fail(ErrorCode::kInvalidModel, "a prepared model does not hold what it should",
              "Load the model itself.");
}

// Whatever a step has besides its kernel, its node and its bodies.
void Transfer(Archive& archive, Step& step) {
  archive(step.operands, step.planned, step.in_place, step.alias, step.on, step.why);
}

// The kernel, as the operation and what was packed for it.
void Keep(Archive& archive, const LoweredOp& op, Kernel* kernel) {
  bool is_there = kernel != nullptr;
  archive(is_there);
  if (!is_there) return;
  PackedWeights none;
  PackedWeights& packed = kernel->packed() ? *kernel->packed() : none;
  LoweredOp kept = op;
  if (!packed.empty()) ForgetWeights(kept);
  archive.CopyBlobs(true);  // what is left of the operation goes with the model's bytes
  archive(kept);
  archive.CopyBlobs(false);
  packed.Transfer(archive);
}

Result<std::unique_ptr<Kernel>> RestoreKernel(Archive& archive, std::string_view on,
                                              std::span<Backend* const> backends) {
  bool is_there = false;
  LoweredOp op;
  PackedWeights packed;
  archive(is_there);
  if (!is_there) return nullptr;
  archive(op);
  packed.Transfer(archive);
  const auto backend = std::ranges::find(backends, on, &Backend::name);
  if (archive.failed() || backend == backends.end()) return Garbled(archive);
  return (*backend)->Create(op, std::move(packed));
}

Result<Step> MakeStep(const Graph& graph, NodeId id, std::span<Backend* const> backends,
                      Archive* kept) {
  const Node& node = graph.node(id);
  Step step;
  step.node = id;
  step.def = FindOp(node.op, node.domain);
  if (!step.def)
    return Fail(ErrorCode::kUnsupportedOp, "operator " + node.op + " is not known",
                "Run `insitu ops` for the operators that are.");
  step.on = "reference";
  const auto bodies = Bodies(node);
  if (kept) kept->Count(bodies.size());
  for (const auto& body : bodies) {
    INSITU_ASSIGN(Program program,
                  Program::Build(std::exchange(*body, Shell(*body)), backends, kept));
    step.bodies.emplace(body.get(), std::make_unique<Program>(std::move(program)));
  }
  step.planned = step.bodies.empty() && AllHaveBytes(graph, node);
  LoweredOp op;
  if (!step.planned) {
    step.why = step.def->no_lowering;
  } else {
    INSITU_ASSIGN(Assignment assignment, Assign(graph, node, backends));
    step.why = std::move(assignment.why);
    step.alias = assignment.alias;
    if (assignment.lowered) {
      step.operands = std::move(assignment.lowered->operands);
      op = std::move(assignment.lowered->op);
    }
    if (assignment.alias) {
      step.on = "kernel";
      step.why = "only the extents change";
    } else if (assignment.backend) {
      INSITU_ASSIGN(step.kernel, assignment.backend->Create(op, {}));
      step.on = assignment.backend->name();
      step.in_place = assignment.offer.in_place;
    }
  }
  if (kept) {
    Transfer(*kept, step);
    Keep(*kept, op, step.kernel.get());
  }
  return step;
}

// The constants of a graph while its steps are made: each is released once no step that is to come
// reads it, unless the program reads it at run. So packed weights take the place of those they are
// made of, one layer at a time.
class Constants {
 public:
  explicit Constants(Graph& graph)
      : graph_(graph), readers_(graph.value_count()), at_run_(graph.value_count()) {
    for (NodeId id : graph.Order())
      for (ValueId input : DistinctInputs(graph.node(id))) ++readers_[Index(input)];
    for (ValueId output : graph.outputs) at_run_[Index(output)] = true;
    for (size_t i = 0; i < graph.value_count(); ++i) ReleaseUnread(static_cast<ValueId>(i));
  }

  void StepIsMade(const Step& step) {
    const Node& node = graph_.node(step.node);
    if (step.kernel || step.alias) {
      for (size_t operand : step.operands)
        if (node.inputs[operand] != kNoValue) at_run_[Index(node.inputs[operand])] = true;
    } else {
      for (ValueId input : DistinctInputs(node)) at_run_[Index(input)] = true;
    }
    for (ValueId input : DistinctInputs(node)) {
      --readers_[Index(input)];
      ReleaseUnread(input);
    }
  }

  // Copies those that are left out of the model's bytes.
  Status Own() {
    for (size_t i = 0; i < graph_.value_count(); ++i) {
      Value& value = graph_.value(static_cast<ValueId>(i));
      if (!value.constant) continue;
      INSITU_ASSIGN(value.constant, value.constant->Copy());
    }
    return {};
  }

 private:
  static size_t Index(ValueId id) { return static_cast<size_t>(id); }
  void ReleaseUnread(ValueId id) {
    Value& value = graph_.value(id);
    if (!value.constant || !HasBytes(value.constant->dtype()) || readers_[Index(id)] > 0 ||
        at_run_[Index(id)] || value.constant->size_bytes() <= kKeptConstantBytes)
      return;
    value.constant.reset();
  }

  Graph& graph_;
  std::vector<size_t> readers_;  // steps to come, by value
  std::vector<bool> at_run_;     // by value
};

std::vector<size_t> LastReads(const Graph& graph, std::span<const Step> steps) {
  std::vector<size_t> last(graph.value_count(), 0);
  for (size_t s = 0; s < steps.size(); ++s)
    for (ValueId input : graph.node(steps[s].node).inputs)
      if (input != kNoValue) last[static_cast<size_t>(input)] = s;
  for (ValueId output : graph.outputs) last[static_cast<size_t>(output)] = steps.size();
  return last;
}

}  // namespace

Result<Program> Program::Build(Graph graph, std::span<Backend* const> backends, Archive* kept) {
  Program program;
  Constants constants(graph);
  const std::vector<NodeId> order = graph.Order();
  if (kept) kept->Count(order.size());
  for (NodeId id : order) {
    auto step = MakeStep(graph, id, backends, kept);
    if (!step)
      return std::unexpected(std::move(step.error()).At(graph.node(id).name, graph.node(id).op));
    constants.StepIsMade(*step);
    program.steps_.push_back(*std::move(step));
  }
  INSITU_TRY(constants.Own());
  program.last_reads_ = LastReads(graph, program.steps_);
  program.graph_ = std::move(graph);
  if (kept) (*kept)(program.graph_);
  return program;
}

Result<Program> Program::Restore(Archive& kept, std::span<Backend* const> backends) {
  Program program;
  program.steps_.resize(kept.Count(0));
  std::vector<std::vector<std::unique_ptr<Program>>> bodies(program.steps_.size());
  for (size_t i = 0; i < bodies.size(); ++i) {
    Step& step = program.steps_[i];
    bodies[i].resize(kept.Count(0));
    for (auto& body : bodies[i]) {
      INSITU_ASSIGN(Program restored, Restore(kept, backends));
      body = std::make_unique<Program>(std::move(restored));
    }
    Transfer(kept, step);
    INSITU_ASSIGN(step.kernel, RestoreKernel(kept, step.on, backends));
  }
  Graph graph;
  kept(graph);
  if (kept.failed()) return Garbled(kept);
  const std::vector<NodeId> order = graph.Order();
  if (order.size() != bodies.size()) return Garbled(kept);
  for (size_t i = 0; i < bodies.size(); ++i) {
    Step& step = program.steps_[i];
    const Node& node = graph.node(order[i]);
    step.node = order[i];
    step.def = FindOp(node.op, node.domain);
    const auto graphs = Bodies(node);
    if (!step.def || graphs.size() != bodies[i].size()) return Garbled(kept);
    for (size_t b = 0; b < graphs.size(); ++b)
      step.bodies.emplace(graphs[b].get(), std::move(bodies[i][b]));
  }
  program.last_reads_ = LastReads(graph, program.steps_);
  program.graph_ = std::move(graph);
  return program;
}

size_t Program::packed_bytes() const {
  size_t bytes = 0;
  for (const Step& step : steps_)
    if (step.kernel) bytes += step.kernel->packed_bytes();
  return bytes;
}

}  // namespace insitu
