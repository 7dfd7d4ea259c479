// Random convolutions that reach the corners: odd channel counts, groups, depthwise with several
// outputs per channel, strides, dilations, uneven padding, zero points and values at both ends.
#pragma once

#include <algorithm>

#include "kernel_fixture.h"
#include "reference_formulas.h"

namespace insitu::test {

enum class Grouping { kPlain, kGrouped, kDepthwise, kDepthwiseMultiplied };

inline int64_t OutputExtent(const lowered::Convolution& op, int i, int64_t in) {
  if (op.auto_pad_same_upper || op.auto_pad_same_lower)
    return (in + op.stride[i] - 1) / op.stride[i];
  const int64_t reach = (op.kernel[i] - 1) * op.dilation[i] + 1;
  const int64_t padded = in + op.pad_begin[i] + op.pad_end[i];
  return padded < reach ? 0 : (padded - reach) / op.stride[i] + 1;
}

inline Dims OutputDims(const lowered::Convolution& op, const Dims& in) {
  return {in[0], OutputExtent(op, 0, in[1]), OutputExtent(op, 1, in[2]), op.weights.dims()[0]};
}

inline int64_t InputChannels(const lowered::Convolution& op) {
  return op.weights.dims()[3] * op.groups;
}

// Window and groups; gives the weights' extents.
inline Dims RandomGeometry(Rng& rng, lowered::Convolution& op, Grouping grouping) {
  op.channels_last = true;
  const int64_t largest = Pick(rng, 0, 7) == 0 ? 7 : 4;
  for (int i = 0; i < 2; ++i) {
    op.kernel[i] = Pick(rng, 1, largest);
    op.stride[i] = Pick(rng, 1, 3);
    op.dilation[i] = Pick(rng, 0, 3) == 0 ? 2 : 1;
    op.pad_begin[i] = Pick(rng, 0, op.kernel[i]);
    op.pad_end[i] = Pick(rng, 0, op.kernel[i]);
  }
  if (Pick(rng, 0, 2) == 0) {
    op.kernel[0] = op.kernel[1] = op.stride[0] = op.stride[1] = 1;
    std::fill_n(op.pad_begin, 2, 0);
    std::fill_n(op.pad_end, 2, 0);
  }
  const int64_t many = Pick(rng, 0, 3) == 0 ? 67 : 19;
  int64_t in = Pick(rng, 1, many), out = Pick(rng, 1, many);
  op.groups = 1;
  if (grouping == Grouping::kGrouped) op.groups = Pick(rng, 2, 5);
  if (grouping == Grouping::kDepthwise || grouping == Grouping::kDepthwiseMultiplied) {
    op.groups = Pick(rng, 1, many);
    in = 1;
    out = grouping == Grouping::kDepthwise ? 1 : Pick(rng, 2, 3);
  }
  return {out * op.groups, op.kernel[0], op.kernel[1], in};
}

inline Quantization RandomQuantization(Rng& rng, DType dtype) {
  const int64_t low = dtype == DType::kInt8 ? -128 : 0;
  const int64_t corner = Pick(rng, 0, 3);
  const int64_t zero = corner == 0 ? low : corner == 1 ? low + 255 : Pick(rng, low, low + 255);
  return {PickFloat(rng, 0.001f, 0.1f), static_cast<int32_t>(zero)};
}

struct QuantizedCase {
  DType input = DType::kInt8, output = DType::kInt8, weights = DType::kInt8;
  Grouping grouping = Grouping::kPlain;
  bool per_channel = true, zero_weights = true;  // weights without a zero point
  bool weights_reach_lowest = true;              // -128 may occur
};

inline lowered::Convolution RandomQuantizedConvolution(Rng& rng, const QuantizedCase& c) {
  lowered::Convolution op;
  const Dims w = RandomGeometry(rng, op, c.grouping);
  op.input = c.input;
  op.output = c.output;
  const bool extreme = Pick(rng, 0, 4) == 0;
  op.weights = RandomBytes(rng, c.weights, w, extreme);
  if (!c.weights_reach_lowest) {
    const auto lowest = c.weights == DType::kInt8 ? std::byte{0x80} : std::byte{0};
    for (size_t i = 0; i < op.weights.size_bytes(); ++i)
      if (op.weights.data()[i] == lowest) op.weights.data()[i] ^= std::byte{1};
  }
  op.x = RandomQuantization(rng, c.input);
  op.y = RandomQuantization(rng, c.output);
  const int32_t middle = c.weights == DType::kInt8 ? 0 : 128;
  const size_t scales = c.per_channel ? static_cast<size_t>(w[0]) : 1;
  // A spread of about 100 steps in the output, now and then far too many.
  const float spread = std::sqrt(static_cast<float>(w[1] * w[2] * w[3])) * 5000.0f;
  const float target = Pick(rng, 0, 3) == 0 ? 5000.0f : 100.0f;
  for (size_t i = 0; i < scales; ++i) {
    op.w_scale.push_back(op.y->scale * target / spread / op.x->scale * PickFloat(rng, 0.3f, 2.0f));
    op.w_zero_point.push_back(
        c.zero_weights ? middle : static_cast<int32_t>(Pick(rng, middle - 128, middle + 127)));
  }
  if (Pick(rng, 0, 3) != 0) {
    op.bias = Make(DType::kInt32, {w[0]});
    for (int32_t& b : op.bias.As<int32_t>()) b = static_cast<int32_t>(Pick(rng, -20000, 20000));
  }
  if (Pick(rng, 0, 3) == 0) {
    const int64_t low = Pick(rng, op.output == DType::kInt8 ? -100 : 0, 100);
    op.clamp = {static_cast<float>(low), static_cast<float>(low + Pick(rng, 0, 150))};
  }
  return op;
}

// An input large enough for at least one output.
inline Dims RandomInput(Rng& rng, const lowered::Convolution& op) {
  Dims in{Pick(rng, 1, 3), 1, 1, InputChannels(op)};
  for (int i = 0; i < 2; ++i) {
    const int64_t reach = (op.kernel[i] - 1) * op.dilation[i] + 1;
    const int64_t least = std::max<int64_t>(1, reach - op.pad_begin[i] - op.pad_end[i]);
    in[static_cast<size_t>(1 + i)] = Pick(rng, least, least + 9);
  }
  return in;
}

// Runs on inputs of two sizes and the first again, and compares with the formula bit for bit.
inline void CheckQuantizedConvolution(Rng& rng, const lowered::Convolution& op, Kernel& kernel) {
  const Dims sizes[] = {RandomInput(rng, op), RandomInput(rng, op)};
  for (const Dims& in : {sizes[0], sizes[1], sizes[0]}) {
    const Dims out = OutputDims(op, in);
    CAPTURE(in, out, op.groups, op.kernel[0], op.kernel[1], op.stride[0], op.stride[1]);
    const Tensor x = RandomBytes(rng, op.input, in, Pick(rng, 0, 4) == 0);
    Tensor expected = Make(op.output, out);
    QuantizedConvolution(op, x, expected);
    const Tensor y = RunKernel(kernel, {x}, op.output, out);
    REQUIRE(SameBytes(y, expected));
  }
}

}  // namespace insitu::test
