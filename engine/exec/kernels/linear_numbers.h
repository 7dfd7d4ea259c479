// What convolutions and linear layers of 8-bit data say of their arithmetic, and which of it
// insitu's kernels take: every zero point and every pairing of signed and unsigned.
#pragma once

#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "exec/kernels/kernels.h"

namespace insitu::kernels {

struct LinearNumbers {
  DType input = DType::kUint8, output = DType::kInt32;
  const Tensor& weights;  // [columns, ..., depth]
  const Tensor& bias;
  std::optional<Quantization> x, y;
  const std::vector<float>& w_scale;
  const std::vector<int32_t>& w_zero_point;
  Clamp clamp;

  size_t columns() const { return static_cast<size_t>(weights.dims()[0]); }
  size_t depth() const { return static_cast<size_t>(weights.elements()) / columns(); }
  int32_t weight_zero_point(size_t column) const {
    if (w_zero_point.empty()) return 0;
    return w_zero_point[w_zero_point.size() == 1 ? 0 : column];
  }
  float weight_scale(size_t column) const { return w_scale[w_scale.size() == 1 ? 0 : column]; }
  // The weights of a column less their zero point.
  struct Column {
    const std::byte* data;
    bool is_signed;
    int32_t zero_point;

    int32_t operator[](size_t k) const {
      const auto value = is_signed ? static_cast<int32_t>(static_cast<int8_t>(data[k]))
                                   : static_cast<int32_t>(data[k]);
      return value - zero_point;
    }

    // All `depth` of them as bytes, which they must fit: place(k) is where weight k goes, and those
    // of a Word from a multiple of its size on go side by side. They are copied word by word where
    // taking off the zero point is a change of sign or nothing.
    template <class Word, class Place>
    void CopyBytes(size_t depth, const Place& place) const {
      size_t k = 0;
      if (zero_point == (is_signed ? 0 : 128)) {
        const Word flip = is_signed ? Word{0} : static_cast<Word>(0x80808080u);
        for (; k + sizeof(Word) <= depth; k += sizeof(Word)) {
          Word word;
          std::memcpy(&word, data + k, sizeof(word));
          word ^= flip;
          std::memcpy(place(k), &word, sizeof(word));
        }
      }
      for (; k < depth; ++k) *place(k) = static_cast<int8_t>((*this)[k]);
    }
  };
  Column column(size_t c) const {
    return {weights.data() + c * depth(), weights.dtype() == DType::kInt8, weight_zero_point(c)};
  }
};

// The fields of that name of an operation that has them all.
template <class Op>
LinearNumbers NumbersOf(const Op& op) {
  return {op.input, op.output,  op.weights,      op.bias, op.x,
          op.y,     op.w_scale, op.w_zero_point, op.clamp};
}

// What XNNPACK offers costs 1. Without WebAssembly's SIMD there are only plain loops.
#ifdef __wasm_simd128__
inline constexpr double kLinearCost = 0.5;
#else
inline constexpr double kLinearCost = 6.0;
#endif

// Why these numbers are not taken, or nothing.
std::optional<Refusal> CheckNumbers(const LinearNumbers& numbers);

// The zero point and scale of the input: constants, or operands 1 and 2 of the run.
Quantization InputQuantization(const std::optional<Quantization>& x, DType dtype,
                               std::span<const std::byte* const> inputs);

}  // namespace insitu::kernels
