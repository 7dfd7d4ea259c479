// Widened: an operand in the element type of its arithmetic (float64, int64 or uint64), so that one
// reference loop serves all types. float32 operands are read in place where speed matters.
#pragma once

#include "ops/elements.h"

namespace insitu {

template <class T = double>
Result<Tensor> Widened(const TensorView& from) {
  INSITU_ASSIGN(Tensor wide, Tensor::Allocate(kDTypeOf<T>, from.dims));
  LoadElements(from, 0, 1, from.elements(), wide.As<T>().data());
  return wide;
}

}  // namespace insitu
