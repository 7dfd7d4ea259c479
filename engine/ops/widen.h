// Widened: a float operand as float64, so that one reference loop serves all float types.
// float32 operands are read in place by the callers that care for speed.
#pragma once

#include "ops/elements.h"

namespace insitu {

// A float64 copy of the tensor.
inline Result<Tensor> Widened(const TensorView& from) {
  INSITU_ASSIGN(Tensor wide, Tensor::Allocate(DType::kFloat64, from.dims));
  LoadElements(from, 0, 1, from.elements(), wide.As<double>().data());
  return wide;
}

}  // namespace insitu
