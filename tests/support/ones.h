// Feeds of ones, which index and select what is there.
#pragma once

#include "ops/elements.h"

namespace insitu::test {

inline Result<Tensor> Ones(DType dtype, Dims dims) {
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(dtype, std::move(dims)));
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    if (ArithmeticOf(dtype) == Arithmetic::kReal) {
      const double one = 1;
      StoreElements(&one, 1, tensor.View(), i);
    } else {
      const int64_t one = 1;
      StoreElements(&one, 1, tensor.View(), i);
    }
  }
  return tensor;
}

}  // namespace insitu::test
