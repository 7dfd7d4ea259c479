// ByteTable: a function of 8-bit steps, computed once for all 256 of them. What quantized operators
// of one operand do to every element costs a look-up, whatever their formula.
#pragma once

#include <array>
#include <cstdint>

#include "base/tensor.h"
#include "ops/lowering.h"
#include "ops/requantize.h"

namespace insitu {

class ByteTable {
 public:
  // f takes an element of `from` (uint8 or int8) and gives one of the output.
  template <class F>
  ByteTable(DType from, F&& f) {
    for (int raw = 0; raw < 256; ++raw) {
      const int32_t value = from == DType::kInt8 && raw > 127 ? raw - 256 : raw;
      table_[static_cast<size_t>(raw)] = static_cast<uint8_t>(f(value));
    }
  }

  uint8_t operator[](uint8_t raw) const { return table_[raw]; }
  const std::array<uint8_t, 256>& entries() const { return table_; }

  // `count` elements, `from_step` apart, to consecutive ones.
  void Apply(const TensorView& from, int64_t from_offset, int64_t from_step, const TensorView& to,
             int64_t to_offset, int64_t count) const {
    const auto* source = reinterpret_cast<const uint8_t*>(from.data) + from_offset;
    auto* target = reinterpret_cast<uint8_t*>(to.data) + to_offset;
    for (int64_t i = 0; i < count; ++i) target[i] = table_[source[i * from_step]];
  }

 private:
  std::array<uint8_t, 256> table_;
};

// What f(real) becomes in steps of `y`: dequantize, f, quantize, every step in float32.
template <class F>
ByteTable RequantizingTable(DType dtype, const Quantization& x, const Quantization& y, F&& f) {
  const QuantizedRange range = dtype == DType::kInt8 ? RangeOf<int8_t>({}) : RangeOf<uint8_t>({});
  return ByteTable(dtype, [&](int32_t value) {
    const float real = static_cast<float>(value - x.zero_point) * x.scale;
    return RoundToRange(f(real) / y.scale, y.zero_point, range);
  });
}

}  // namespace insitu
