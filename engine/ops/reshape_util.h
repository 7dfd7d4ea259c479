// Operators that keep the bytes and change the extents: Reshape, Flatten, Squeeze, Unsqueeze,
// Identity share their end.
#pragma once

#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {

// Output 0 with `shape`, the type and the known elements of input 0.
inline void SetReshaped(InferContext& context, std::optional<Shape> shape) {
  context.SetOutput(0, context.dtype(0), std::move(shape));
  if (const std::vector<Dim>* elements = context.elements(0)) context.SetElements(0, *elements);
}

// run(): the elements of input 0 under other extents, whose product the caller has checked.
inline Status RunReshaped(RunContext& context, Dims dims) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  CopyElements(x, 0, y, 0, x.elements());
  return {};
}

inline Lowering LowerReshape(const LowerContext&) { return LoweredNode{lowered::Reshape{}, {0}}; }

// The integers of an input tensor of any integer type.
std::vector<int64_t> ReadIntegers(const TensorView& tensor);

// Input i as axes of a tensor of this rank; InvalidModel when one is out of range or given twice.
Result<std::vector<size_t>> ReadAxes(const RunContext& context, size_t i, size_t rank);

}  // namespace insitu
