// The frame of elementwise operators of one input: a function from double to double over blocks.
// Integers that such an operator takes are computed in int64 by a second function.
#pragma once

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {

// The attributes of one call, read once.
struct UnaryParameters {
  double alpha = 0, beta = 0;
};

// y[i] = f(y[i]) in place.
template <class T>
using UnaryBlock = void (*)(T* y, int64_t count, const UnaryParameters& parameters);

// Output 0 = block(input 0); `integer_block` may be nullptr where only floats are taken.
Status RunUnary(RunContext& context, const UnaryParameters& parameters, UnaryBlock<double> block,
                UnaryBlock<int64_t> integer_block = nullptr);

// A block function from Op::Of(value) or Op::Of(value, parameters).
template <class Op, class T>
void UnaryLoop(T* y, int64_t count, const UnaryParameters& parameters) {
  for (int64_t i = 0; i < count; ++i) {
    if constexpr (requires { Op::Of(y[i], parameters); })
      y[i] = Op::Of(y[i], parameters);
    else
      y[i] = Op::Of(y[i]);
  }
}

inline Status InferFloatUnary(InferContext& context) { return InferSame(context, kFloatTypes); }

inline LoweredNode LowerUnary(const LowerContext& context, lowered::UnaryKind kind,
                              float alpha = 0) {
  return {lowered::Unary{.kind = kind, .dtype = context.dtype(0), .alpha = alpha, .clamp = {}},
          {0}};
}

}  // namespace insitu
