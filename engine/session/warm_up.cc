#include "session/warm_up.h"

#include <cstring>

#include "ir/body.h"
#include "ops/op_def.h"

namespace insitu {
namespace {

bool IsPlain(const Node& node) {
  const OpDef* def = FindOp(node.op, node.domain);
  return def && def->deterministic && !HasBody(node);
}

// OutOfMemory, or UnsupportedOp for what is no tensor of numbers.
Result<Tensor> ZerosOf(const ValueType& type) {
  if (!type.shape || type.dtype == DType::kUndefined || type.dtype == DType::kString ||
      type.element)
    return Fail(ErrorCode::kUnsupportedOp, "only tensors of numbers are made up");
  Dims dims;
  for (const Dim& dim : *type.shape) dims.push_back(dim.IsKnown() ? dim.value() : 1);
  INSITU_ASSIGN(Tensor zeros, Tensor::Allocate(type.dtype, std::move(dims)));
  std::memset(zeros.data(), 0, zeros.size_bytes());
  return zeros;
}

}  // namespace

void WarmUp(GraphRunner& runner, double ms) {
  const Graph& graph = runner.program().graph();
  for (NodeId id : graph.Order())
    if (!IsPlain(graph.node(id))) return;
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs) {
    auto zeros = ZerosOf(graph.value(id).type);
    if (!zeros) return;
    inputs.push_back(*std::move(zeros));
  }
  static_cast<void>(
      runner.Run(inputs, {.cancel = nullptr, .step_times = {}, .deadline_ms = NowMs() + ms}));
}

}  // namespace insitu
