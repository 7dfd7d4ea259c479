// LinearResults: what becomes of the int32 sums of a linear operator, eight columns at a time.
//   int32:   y = acc
//   float32: y = clamp(float32(acc) * float32(scale_x * scale_w[c]) + bias[c] (float32 bias))
//   8 bits:  y = saturate(rint_half_even(float32(acc) * m[c]) + zero_point_y), then the clamp
// acc has the int32 bias already. m as in ops/requantize.h.
#pragma once

#include "exec/kernels/linear_numbers.h"
#include "exec/kernels/real_results.h"
#include "exec/kernels/simd_requantize.h"

namespace insitu::kernels {

class LinearResults {
 public:
  static constexpr size_t kColumns = EightSums::kCount;

  // The columns of numbers, in groups that each begin a new block of eight. OutOfMemory.
  static Result<LinearResults> Of(const LinearNumbers& numbers, size_t groups);

  size_t element_bytes() const { return ByteSize(output_, 1); }
  bool gives_bytes() const { return gives_bytes_; }
  bool gives_reals() const { return output_ == DType::kFloat32; }
  // For 8-bit results of the columns from this one on, of a single group.
  EightRequantizer requantizer_from(size_t column) const {
    return {Cast<float>(factor_.data()) + column, requantizer_};
  }
  // For those of a whole block.
  EightRequantizer requantizer(size_t block) const { return requantizer_from(block * kColumns); }

  // For real results of a whole block.
  RealResults reals(size_t block, float scale_x) const {
    const float* bias = real_bias_.data() ? Cast<float>(real_bias_.data()) : nullptr;
    return {factors(block), bias ? bias + block * kColumns : nullptr, scale_x, clamp_};
  }

  // Writes `count` results of a row's sums of a block (of all blocks) to y. scale_x counts for real
  // results. Sums are passed by value, so that those of a tile need no memory.
  void Store(EightSums sums, size_t block, size_t count, float scale_x, std::byte* y) const;

 private:
  const float* factors(size_t block) const {
    return Cast<float>(factor_.data()) + block * kColumns;
  }

  DType output_ = DType::kInt32;
  Buffer factor_;     // float32 per place: m, or scale_w
  Buffer real_bias_;  // float32 per place, or empty
  bool gives_bytes_ = false;
  Requantizer requantizer_;
  Clamp clamp_;
};

}  // namespace insitu::kernels
