// If: one of two bodies, as a scalar condition says. https://onnx.ai/onnx/operators/onnx__If.html
// A branch that its inputs' extents do not fit is an error only when no constant condition excludes
// it (passes/choose_branch.cc).
#include "ops/control_flow.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

ValueType Common(const ValueType& a, const ValueType& b) {
  return {a.dtype, CommonShape(a.shape, b.shape), a.element ? a.element : b.element};
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kBoolType));
  const size_t outputs = context.node().outputs.size();
  const auto then_body = InferBody(context, "then_branch", 0, outputs);
  const auto else_body = InferBody(context, "else_branch", 0, outputs);
  if (!then_body && !else_body) return std::unexpected(then_body.error());
  const Graph& first = then_body ? **then_body : **else_body;
  const Graph& second = else_body ? **else_body : first;
  for (size_t i = 0; i < outputs; ++i) {
    const ValueType& a = first.value(first.outputs[i]).type;
    const ValueType& b = second.value(second.outputs[i]).type;
    if (a.dtype != b.dtype)
      return Fail(ErrorCode::kInvalidModel,
                  "the branches of If give output " + std::to_string(i) + " as " +
                      std::string(Name(a.dtype)) + " and as " + std::string(Name(b.dtype)),
                  "The model was written by a faulty exporter.");
    context.SetType(i, Common(a, b));
  }
  return {};
}

Status Run(RunContext& context) {
  if (context.inputs[0].elements() != 1)
    return Fail(ErrorCode::kShapeMismatch, "the condition of If must have one element, not dims " +
                                               ToString(context.inputs[0].dims));
  const bool condition = LoadInteger(context.inputs[0], 0) != 0;
  const auto body =
      context.node.Attr(condition ? "then_branch" : "else_branch", std::shared_ptr<Graph>());
  INSITU_ASSIGN(auto results,
                context.run_subgraph(*body, context.tensors.subspan(FormalInputs(context.node))));
  for (size_t i = 0; i < context.results.size(); ++i) context.results[i] = std::move(results[i]);
  return {};
}

constexpr int kSince[] = {1, 11, 13, 16, 19, 21, 23};
constexpr AttrSpec kAttributes[] = {{"else_branch", AttrKind::kGraph, true},
                                    {"formal_inputs", AttrKind::kInt},
                                    {"then_branch", AttrKind::kGraph, true}};

}  // namespace

const OpDef kIfOp = {.name = "If",
                     .since = kSince,
                     .attributes = kAttributes,
                     .max_inputs = -1,
                     .max_outputs = -1,
                     .infer = Infer,
                     .run = Run,
                     .no_lowering = "the nodes of its bodies run where each can",
                     .deterministic = false};

}  // namespace insitu
