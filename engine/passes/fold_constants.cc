// Computes at load what does not depend on the inputs: nodes whose inputs are all constant run on
// the reference, and integer tensors whose elements inference knows (Shape of a fixed shape and
// what is computed from it) become constants.
// Why: exporters compute shapes, masks and reshaped weights in the graph. DequantizeLinear of a
// constant is left alone until PassContext.fold_dequantize, for fuse_qdq.cc needs its integers.
#include <algorithm>

#include "ir/body.h"
#include "ops/elements.h"
#include "ops/evaluate_node.h"
#include "ops/op_def.h"
#include "passes/passes.h"

namespace insitu {
namespace {

// The tensor of a value all of whose elements are known numbers.
Result<std::optional<Tensor>> KnownTensor(const Value& value) {
  if (!value.elements || !value.type.shape) return std::nullopt;
  const auto dims = KnownDims(*value.type.shape), numbers = KnownDims(*value.elements);
  if (!dims || !numbers) return std::nullopt;
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(value.type.dtype, *dims));
  StoreElements(numbers->data(), tensor.elements(), tensor.View(), 0);
  return tensor;
}

// Whether the outputs stay within the limit or what goes in; unknown extents count as too large.
bool IsWorthIt(const Graph& graph, const Node& node, int64_t max_bytes) {
  uint64_t bytes = 0, inputs = 0;
  for (ValueId id : node.inputs)
    if (id != kNoValue) inputs += graph.Constant(id)->size_bytes();
  for (ValueId id : node.outputs) {
    if (id == kNoValue) continue;
    const ValueType& type = graph.value(id).type;
    const auto dims = type.shape ? KnownDims(*type.shape) : std::nullopt;
    if (!dims) return false;
    const auto size = CheckedByteSize(type.dtype, *dims);
    if (!size) return false;
    bytes += *size;
  }
  return bytes <= std::max(static_cast<uint64_t>(max_bytes), inputs);
}

bool AllInputsConstant(const Graph& graph, const Node& node) {
  return std::ranges::all_of(node.inputs,
                             [&](ValueId id) { return id == kNoValue || graph.IsConstant(id); });
}

Result<std::vector<Tensor>> Compute(const Graph& graph, NodeId id) {
  std::vector<Tensor> inputs;
  for (ValueId input : graph.node(id).inputs)
    inputs.push_back(input == kNoValue ? Tensor() : *graph.Constant(input));
  return EvaluateNode(graph, id, inputs);
}

// The node's outputs if they are known now; one Tensor an output.
Result<std::optional<std::vector<Tensor>>> Fold(Graph& graph, NodeId id, const PassContext& context,
                                                InferenceBudget& budget) {
  const Node& node = graph.node(id);
  const OpDef* def = FindOp(node.op, node.domain);
  if (!def || !def->deterministic || HasBody(node)) return std::nullopt;
  if (node.outputs.size() == 1 && node.outputs[0] != kNoValue) {
    INSITU_ASSIGN(auto known, KnownTensor(graph.value(node.outputs[0])));
    if (known) return std::vector<Tensor>{*std::move(known)};
  }
  if (!AllInputsConstant(graph, node)) return std::nullopt;
  if (node.op == "DequantizeLinear" && !context.fold_dequantize) return std::nullopt;
  INSITU_TRY(InferNode(graph, id, budget));
  if (!IsWorthIt(graph, node, context.max_folded_bytes)) return std::nullopt;
  return Compute(graph, id);
}

}  // namespace

Result<bool> FoldConstants(Graph& graph, PassContext& context) {
  bool changed = false;
  InferenceBudget budget;
  for (NodeId id : graph.Order()) {
    INSITU_ASSIGN(auto outputs, Fold(graph, id, context, budget));
    if (!outputs) continue;
    const Node& node = graph.node(id);
    context.NoteAbsorbed(node, "folded: a constant");
    const std::vector<ValueId> values = node.outputs;
    graph.Remove(id);
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] == kNoValue) continue;
      Value& value = graph.value(values[i]);
      value.type = {(*outputs)[i].dtype(), ToShape((*outputs)[i].dims())};
      value.constant = std::move((*outputs)[i]);
      value.elements.reset();
    }
    changed = true;
  }
  return changed;
}

}  // namespace insitu
