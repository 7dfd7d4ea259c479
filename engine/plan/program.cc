// Building a Program: assign every node, pack weights, let go of the model's bytes.
#include "plan/program.h"

#include <utility>

#include "plan/assign.h"

namespace insitu {
namespace {

// Constants up to this size stay although only packing read them: shape inference may want the
// elements of axes, pads and the like when a plan is made.
constexpr size_t kKeptConstantBytes = 4096;

Result<Step> MakeStep(const Graph& graph, NodeId id, std::span<Backend* const> backends) {
  const Node& node = graph.node(id);
  Step step;
  step.node = id;
  step.def = FindOp(node.op, node.domain);
  if (!step.def)
    return Fail(ErrorCode::kUnsupportedOp, "operator " + node.op + " is not known",
                "Run `insitu ops` for the operators that are.");
  Assignment assignment = Assign(graph, node, backends);
  step.why = std::move(assignment.why);
  step.alias = assignment.alias;
  step.on = "reference";
  if (assignment.lowered) step.operands = std::move(assignment.lowered->operands);
  if (assignment.alias) {
    step.on = "kernel";
    step.why = "only the extents change";
  } else if (assignment.backend) {
    INSITU_ASSIGN(step.kernel, assignment.backend->Create(assignment.lowered->op));
    step.on = assignment.backend->name();
    step.in_place = assignment.offer.in_place;
  }
  return step;
}

// Marks the constants that some step reads while running.
std::vector<bool> ReadAtRun(const Graph& graph, std::span<const Step> steps) {
  std::vector<bool> read(graph.value_count(), false);
  auto mark = [&](ValueId id) {
    if (id != kNoValue) read[static_cast<size_t>(id)] = true;
  };
  for (const Step& step : steps) {
    const Node& node = graph.node(step.node);
    if (step.kernel || step.alias) {
      for (size_t operand : step.operands) mark(node.inputs[operand]);
    } else {
      for (ValueId input : node.inputs) mark(input);
    }
  }
  for (ValueId output : graph.outputs) mark(output);
  return read;
}

Status OwnConstants(Graph& graph, std::span<const Step> steps) {
  const std::vector<bool> read = ReadAtRun(graph, steps);
  for (size_t i = 0; i < graph.value_count(); ++i) {
    Value& value = graph.value(static_cast<ValueId>(i));
    if (!value.constant || value.constant->dtype() == DType::kString) continue;
    if (!read[i] && value.constant->size_bytes() > kKeptConstantBytes) {
      value.constant.reset();
      continue;
    }
    INSITU_ASSIGN(value.constant, Tensor::FromBytes(value.constant->dtype(),
                                                    value.constant->dims(),
                                                    value.constant->bytes()));
  }
  return {};
}

}  // namespace

Result<Program> Program::Build(Graph graph, std::span<Backend* const> backends) {
  Program program;
  for (NodeId id : graph.Order()) {
    auto step = MakeStep(graph, id, backends);
    if (!step)
      return std::unexpected(
          std::move(step.error()).At(graph.node(id).name, graph.node(id).op));
    program.steps_.push_back(*std::move(step));
  }
  INSITU_TRY(OwnConstants(graph, program.steps_));
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
