// What the operators share whose results are integer sums, or those in real numbers, and whose
// input may be quantized at run time.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/op_def.h"
#include "ops/quantization.h"

namespace insitu {

// Which inputs of a node quantize its input 0.
struct InputParameters {
  size_t zero_point = 0;
  std::optional<size_t> scale = {};  // where the result is in real numbers
};

// The operands of a lowered::FullyConnected or Convolution, which gets `x` where the parameters are
// constant.
template <class Op>
Lowering LowerInput(const LowerContext& context, Op op, const InputParameters& inputs) {
  const bool has_zero = context.HasInput(inputs.zero_point);
  std::vector<size_t> parameters;
  if (has_zero) parameters.push_back(inputs.zero_point);
  if (inputs.scale) parameters.push_back(*inputs.scale);
  bool constant = true;
  for (size_t i : parameters) {
    const Shape* shape = context.shape(i);
    if (!shape || !(Product(*shape) == Dim(1)))
      return Refuse("the input has more than one scale or zero point");
    constant = constant && context.constant(i);
  }
  if (inputs.scale && context.dtype(*inputs.scale) != DType::kFloat32)
    return Refuse("the scale is not float32");
  LoweredNode lowered{{}, {0}};
  if (constant) {
    op.x.emplace();
    if (has_zero)
      op.x->zero_point =
          static_cast<int32_t>(LoadInteger(context.constant(inputs.zero_point)->View(), 0));
    if (inputs.scale) op.x->scale = context.constant(*inputs.scale)->template As<float>()[0];
  } else if (!has_zero) {
    return Refuse("the zero point is omitted but the scale is computed at run time");
  } else {
    lowered.operands.insert(lowered.operands.end(), parameters.begin(), parameters.end());
  }
  lowered.op = std::move(op);
  return lowered;
}

// Constant zero points of weights: one, or one per channel; none where the input is omitted.
inline std::expected<std::vector<int32_t>, Refusal> LowerZeroPoints(const LowerContext& context,
                                                                    size_t input,
                                                                    int64_t channels) {
  if (!context.HasInput(input)) return std::vector<int32_t>();
  const Tensor* zeros = context.constant(input);
  if (!zeros) return Refuse("zero points of the weights are computed at run time");
  if (zeros->elements() != 1 && zeros->elements() != channels)
    return Refuse("zero points of the weights are neither one nor one per channel");
  std::vector<int32_t> read;
  for (int64_t i = 0; i < zeros->elements(); ++i)
    read.push_back(static_cast<int32_t>(LoadInteger(zeros->View(), i)));
  return read;
}

}  // namespace insitu
