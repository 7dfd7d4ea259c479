// LoweredOp: what backends can be asked to compute, as a closed set of plain structs.
// Invariant: quantization is resolved to numbers, constant operands are tensors, attributes are
// defaults-filled; shapes are not part of it (they come at planning), ranks are where they matter.
// Spatial structs say whether data is NHWC. What a kernel packs it no longer needs: ForgetWeights
// leaves only its type and extents. Arithmetic of integer types follows
// "Numbers that must be right" of the design: exact int32 sums, then
// y = saturate(rint_half_even(float32(acc) * m) + zero_point_y), m = float32(float32(sx * sw) /
// sy).
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <variant>
#include <vector>

#include "base/archive.h"
#include "base/dtype.h"
#include "base/tensor.h"

namespace insitu {

// Per-tensor affine quantization of an activation: real = scale * (q - zero_point).
struct Quantization {
  float scale = 1.0f;
  int32_t zero_point = 0;

  void Transfer(Archive& a) { a(scale, zero_point); }
};

// Output clamp in real numbers (float ops) or in quantized steps (integer ops).
struct Clamp {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();
  bool IsNone() const {
    return min == -std::numeric_limits<float>::infinity() &&
           max == std::numeric_limits<float>::infinity();
  }
  void Transfer(Archive& a) { a(min, max); }
};

namespace lowered {

// Results of convolutions and linear layers of 8-bit data are 8-bit, int32 (the sums) or float32
// (the sums times scale_x * scale_w, plus a float bias). Where `x` is not set and the result is not
// 8-bit, operands 1 and 2 are the zero point and (for float32) the scale of x, one element each.

// 1-D and 2-D; 1-D comes as 2-D with height 1. Weights are OHWI per group: [O, kh, kw, I/groups].
struct Convolution {
  DType input = DType::kFloat32, output = DType::kFloat32;
  bool channels_last = false;
  int64_t groups = 1;
  int64_t kernel[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1};
  int64_t pad_begin[2] = {0, 0}, pad_end[2] = {0, 0};
  bool auto_pad_same_upper = false, auto_pad_same_lower = false;
  Tensor weights;  // float32, int8 or uint8; element type = weights.dtype()
  Tensor bias;     // float32, or int32 in accumulator steps; empty: none
  std::optional<Quantization> x, y;
  std::vector<float> w_scale;  // one, or one per output channel
  std::vector<int32_t> w_zero_point;
  Clamp clamp;

  void Transfer(Archive& a) {
    a(input, output, channels_last, groups, kernel, stride, dilation, pad_begin, pad_end,
      auto_pad_same_upper, auto_pad_same_lower, weights, bias, x, y, w_scale, w_zero_point, clamp);
  }
  void ForgetWeights() { weights = Tensor::WithoutContents(weights.dtype(), weights.dims()); }
};

// y[..., O] = x[..., I] * weights^T + bias, with weights [O, I]; float32 ones may be [I, O].
struct FullyConnected {
  DType input = DType::kFloat32, output = DType::kFloat32;
  bool inputs_first = false;  // weights are [I, O]
  Tensor weights;
  Tensor bias;
  std::optional<Quantization> x, y;
  std::vector<float> w_scale;
  std::vector<int32_t> w_zero_point;
  Clamp clamp;

  void Transfer(Archive& a) {
    a(input, output, inputs_first, weights, bias, x, y, w_scale, w_zero_point, clamp);
  }
  void ForgetWeights() { weights = Tensor::WithoutContents(weights.dtype(), weights.dims()); }
};

// Two run-time operands, numpy broadcasting of batch dims. 8-bit ones have all three quantizations.
struct BatchMatMul {
  DType dtype = DType::kFloat32;  // of the left operand
  DType right = DType::kFloat32, output = DType::kFloat32;
  std::optional<Quantization> a, b, y;
  Clamp clamp;

  void Transfer(Archive& archive) { archive(dtype, right, output, a, b, y, clamp); }
};

enum class BinaryKind : uint8_t { kAdd, kSub, kMul, kDiv, kMin, kMax, kPow, kSquaredDifference };
// Numpy broadcasting; either side may be a constant operand.
struct Binary {
  BinaryKind kind = BinaryKind::kAdd;
  DType dtype = DType::kFloat32;
  std::optional<Quantization> a, b, y;
  Clamp clamp;

  void Transfer(Archive& archive) { archive(kind, dtype, a, b, y, clamp); }
};

enum class UnaryKind : uint8_t {
  kAbs,
  kNeg,
  kFloor,
  kCeil,
  kRound,
  kSqrt,
  kRsqrt,
  kExp,
  kLog,
  kSigmoid,
  kTanh,
  kRelu,
  kLeakyRelu,
  kElu,
  kClamp,
  kHardSwish,
  kGelu,
  kSquare,
  kCopy,
  kErf,
  kGeluTanh,     // 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
  kSigmoidGate,  // x * sigmoid(alpha * x)
};
struct Unary {
  UnaryKind kind = UnaryKind::kCopy;
  DType dtype = DType::kFloat32;
  float alpha = 0.0f;
  Clamp clamp;

  void Transfer(Archive& a) { a(kind, dtype, alpha, clamp); }
};

enum class PoolKind : uint8_t { kMax, kAverage, kGlobalAverage, kGlobalMax };
struct Pool {
  PoolKind kind = PoolKind::kMax;
  DType dtype = DType::kFloat32;
  bool channels_last = false;
  int64_t kernel[2] = {1, 1}, stride[2] = {1, 1}, dilation[2] = {1, 1};
  int64_t pad_begin[2] = {0, 0}, pad_end[2] = {0, 0};
  bool auto_pad_same_upper = false, auto_pad_same_lower = false;
  bool ceil_mode = false, count_include_pad = false;
  std::optional<Quantization> x, y;
  Clamp clamp;

  void Transfer(Archive& a) {
    a(kind, dtype, channels_last, kernel, stride, dilation, pad_begin, pad_end, auto_pad_same_upper,
      auto_pad_same_lower, ceil_mode, count_include_pad, x, y, clamp);
  }
};

struct Softmax {
  DType dtype = DType::kFloat32;
  bool last_axis = true;

  void Transfer(Archive& a) { a(dtype, last_axis); }
};

// Output axis i is input axis perm[i].
struct Permute {
  DType dtype = DType::kFloat32;
  std::vector<int64_t> perm;

  void Transfer(Archive& a) { a(dtype, perm); }
};

// The bytes do not change; the planner makes it an alias.
struct Reshape {
  void Transfer(Archive&) {}
};

struct Concat {
  DType dtype = DType::kFloat32;
  int64_t axis = 0;  // non-negative
  int64_t inputs = 2;

  void Transfer(Archive& a) { a(dtype, axis, inputs); }
};

// float -> integer, y = saturate(rint_half_even(x / scale) + zero_point), per tensor.
struct Quantize {
  DType from = DType::kFloat32, to = DType::kUint8;
  Quantization y;

  void Transfer(Archive& a) { a(from, to, y); }
};

// integer -> float, y = (float)(x - zero_point) * scale, per tensor.
struct Dequantize {
  DType from = DType::kUint8, to = DType::kFloat32;
  Quantization x;

  void Transfer(Archive& a) { a(from, to, x); }
};

// float32 -> uint8 by the tensor's own range (ops/dynamic_range.h); outputs are the steps, the
// scale and the zero point, one element each.
struct DynamicQuantize {
  void Transfer(Archive&) {}
};

// DynamicQuantizeLinear, MatMulInteger, Cast, Mul by scales and bias in one: the quantized_dynamic
// linear layer. weights [O, I] int8, float output.
struct DynamicFullyConnected {
  Tensor weights;
  Tensor bias;
  std::vector<float> w_scale;
  std::vector<int32_t> w_zero_point;  // empty: 0
  Clamp clamp;

  void Transfer(Archive& a) { a(weights, bias, w_scale, w_zero_point, clamp); }
  void ForgetWeights() { weights = Tensor::WithoutContents(weights.dtype(), weights.dims()); }
};

// y[..., columns] = x[..., depth] * W^T + bias in float32, with weights of 2, 4 or 8 bits in
// blocks: W[n, k] = (weights[n, k] - zero_point[n, block]) * scale[n, block], block = k /
// block_size. Blocks of a column are padded to whole ones.
struct BlockFullyConnected {
  int64_t depth = 0, columns = 0, bits = 4, block_size = 32;
  bool byte_inputs = false;    // each block of x may be rounded to 8 bits
  Tensor weights;              // uint8 [columns, blocks, block_size * bits / 8], low bits first
  Tensor scales;               // float32 [columns, blocks]
  Tensor zero_points;          // float32 [columns, blocks]
  Tensor bias;                 // float32 [columns], or empty
  std::vector<int32_t> order;  // x[order[k]] meets weight k; empty: in order

  int64_t blocks() const { return (depth + block_size - 1) / block_size; }

  void Transfer(Archive& a) {
    a(depth, columns, bits, block_size, byte_inputs, weights, scales, zero_points, bias, order);
  }
  void ForgetWeights() {
    weights = Tensor::WithoutContents(weights.dtype(), weights.dims());
    scales = Tensor::WithoutContents(scales.dtype(), scales.dims());
    zero_points = Tensor::WithoutContents(zero_points.dtype(), zero_points.dims());
  }
};

// (x - mean) / sqrt(variance + epsilon) * scale + bias over rows of the last `count` elements of
// float32 data; without `centred` the mean is taken to be 0 (RMS normalization).
struct Normalize {
  int64_t count = 1;
  float epsilon = 1e-5f;
  bool centred = true;
  Tensor scale, bias;  // float32 [count]; bias may be empty

  void Transfer(Archive& a) { a(count, epsilon, centred, scale, bias); }
};

// 8-bit elements replaced by what a table holds for their bits.
struct ByteMap {
  std::array<uint8_t, 256> table = {};

  void Transfer(Archive& a) { a(table); }
};

// Softmax of 8-bit elements along one axis; formula in ops/qlinear_softmax.cc.
struct QuantizedSoftmax {
  DType dtype = DType::kUint8;
  int64_t axis = -1;      // non-negative
  bool flattens = false;  // along all axes from `axis` on
  Quantization x, y;

  void Transfer(Archive& a) { a(dtype, axis, flattens, x, y); }
};

// Elements of `x` where the condition holds, of `y` elsewhere, each through its table; numpy
// broadcasting of condition, x and y.
struct ByteSelect {
  std::array<uint8_t, 256> x = {}, y = {};

  void Transfer(Archive& a) { a(x, y); }
};

struct Reduce {
  DType dtype = DType::kFloat32;
  bool mean = false;  // else sum
  std::vector<int64_t> axes;
  bool keep_dims = true;

  void Transfer(Archive& a) { a(dtype, mean, axes, keep_dims); }
};

}  // namespace lowered

using LoweredOp =
    std::variant<lowered::Convolution, lowered::FullyConnected, lowered::BatchMatMul,
                 lowered::Binary, lowered::Unary, lowered::Pool, lowered::Softmax, lowered::Permute,
                 lowered::Reshape, lowered::Concat, lowered::Quantize, lowered::Dequantize,
                 lowered::DynamicFullyConnected, lowered::BlockFullyConnected, lowered::Normalize,
                 lowered::ByteMap, lowered::QuantizedSoftmax, lowered::ByteSelect, lowered::Reduce,
                 lowered::DynamicQuantize>;

inline void ForgetWeights(LoweredOp& op) {
  std::visit(
      [](auto& one) {
        if constexpr (requires { one.ForgetWeights(); }) one.ForgetWeights();
      },
      op);
}

// A node in lowered form. `operands` are the indices of the node's inputs that the kernel reads at
// run time, in the order the struct documents (x; or a, b; constants may be among them). Every
// other input has been absorbed into the struct.
struct LoweredNode {
  LoweredOp op;
  std::vector<size_t> operands;
};

}  // namespace insitu
