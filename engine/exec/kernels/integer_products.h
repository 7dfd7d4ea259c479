// IntegerProducts: constant 8-bit weights, packed, and what becomes of their exact int32 products
// with rows of 8-bit data: int32 sums, real numbers, or quantized ones. Takes every zero point and
// every pairing of signed and unsigned; formulas stand in ops/lowering.h and below.
//   acc = sum (x - zero_point_x) * (w - zero_point_w[c]) + bias[c] (int32 bias), wrapping
//   int32:   y = acc
//   float32: y = clamp(float32(acc) * float32(scale_x * scale_w[c]) + bias[c] (float32 bias))
//   8 bits:  y = saturate(rint_half_even(float32(acc) * m[c]) + zero_point_y), then the clamp
#pragma once

#include <expected>
#include <vector>

#include "exec/kernels/kernels.h"
#include "ops/requantize.h"

namespace insitu::kernels {

// What a linear operator says of its arithmetic.
struct LinearNumbers {
  DType input = DType::kUint8, output = DType::kInt32;
  const Tensor& weights;  // [columns, ..., depth]
  const Tensor& bias;
  std::optional<Quantization> x, y;
  const std::vector<float>& w_scale;
  const std::vector<int32_t>& w_zero_point;
  Clamp clamp;
};

// Why these numbers are not taken, or nothing.
std::optional<Refusal> CheckNumbers(const LinearNumbers& numbers);

class IntegerProducts {
 public:
  static constexpr int kRows = 4;  // at most, of one call of Run

  explicit IntegerProducts(const LinearNumbers& numbers);

  // Elements of a row of data: the depth, padded with zeros.
  size_t padded_depth() const { return padded_; }
  size_t columns() const { return columns_; }
  size_t packed_bytes() const { return weights_.size() * sizeof(int16_t); }

  // Products of `count` rows (x less its zero point) with columns [first, last). `y` is where
  // column 0 of the first row goes, `step` the elements between rows; scale_x counts for real
  // results.
  void Run(const int16_t* rows, int count, size_t first, size_t last, float scale_x, std::byte* y,
           size_t step) const;

 private:
  void Store(int32_t sum, size_t column, float scale_x, std::byte* y, size_t at) const;

  DType output_;
  size_t columns_, padded_;
  std::vector<int16_t> weights_;  // [columns, padded depth], less zero points
  std::vector<int32_t> bias_;
  std::vector<float> real_bias_, w_scale_, factor_;
  int32_t y_zero_point_ = 0;
  QuantizedRange range_;
  Clamp clamp_;
};

// The zero point and scale of the input: constants, or operands 1 and 2 of the run.
Quantization InputQuantization(const std::optional<Quantization>& x, DType dtype,
                               std::span<const std::byte* const> inputs);

// `count` bytes of `dtype` as int16, less the zero point.
void Widen(const std::byte* x, DType dtype, int32_t zero_point, size_t count, int16_t* to);

}  // namespace insitu::kernels
