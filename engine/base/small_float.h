// Floating-point formats narrower than float32: float16, bfloat16 and the four float8 of ONNX.
// Invariant: Encode rounds to nearest, ties to even, once, straight from double.
// Reference: https://onnx.ai/onnx/technical/float8.html and IEEE 754 binary16.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "base/dtype.h"

namespace insitu {

struct SmallFloat {
  int exponent_bits, mantissa_bits, bias;
  bool infinity;  // has infinities, and NaN is any other pattern of the largest exponent
  bool fnuz;      // no infinity, no negative zero; the pattern of negative zero is the only NaN
};

// What a finite value too large for the format becomes: infinity (or NaN), or the largest finite.
enum class OnOverflow : uint8_t { kInfinity, kSaturate };

constexpr SmallFloat SmallFloatOf(DType dtype) {
  switch (dtype) {
    case DType::kFloat16:
      return {5, 10, 15, true, false};
    case DType::kBfloat16:
      return {8, 7, 127, true, false};
    case DType::kFloat8E4M3FN:
      return {4, 3, 7, false, false};
    case DType::kFloat8E4M3FNUZ:
      return {4, 3, 8, false, true};
    case DType::kFloat8E5M2:
      return {5, 2, 15, true, false};
    default:
      return {5, 2, 16, false, true};  // kFloat8E5M2FNUZ
  }
}

inline double DecodeSmallFloat(SmallFloat f, uint32_t bits) {
  const uint32_t mantissa = bits & ((1u << f.mantissa_bits) - 1);
  const uint32_t exponent = (bits >> f.mantissa_bits) & ((1u << f.exponent_bits) - 1);
  const uint32_t largest = (1u << f.exponent_bits) - 1;
  const uint64_t sign = static_cast<uint64_t>(bits >> (f.mantissa_bits + f.exponent_bits)) << 63;
  const bool is_nan =
      f.fnuz ? sign && !exponent && !mantissa
             : exponent == largest &&
                   (f.infinity ? mantissa != 0 : mantissa == (1u << f.mantissa_bits) - 1);
  if (is_nan) return std::bit_cast<double>((f.fnuz ? 0 : sign) | 0x7ff8000000000000u);
  if (f.infinity && exponent == largest) return std::bit_cast<double>(sign | 0x7ff0000000000000u);
  if (exponent == 0) {
    const double magnitude =
        std::ldexp(static_cast<double>(mantissa), 1 - f.bias - f.mantissa_bits);
    return sign ? -magnitude : magnitude;
  }
  const uint64_t wide = static_cast<uint64_t>(1023 + static_cast<int>(exponent) - f.bias);
  return std::bit_cast<double>(sign | wide << 52 |
                               static_cast<uint64_t>(mantissa) << (52 - f.mantissa_bits));
}

inline uint32_t EncodeSmallFloat(SmallFloat f, double value, OnOverflow overflow) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const uint32_t sign = static_cast<uint32_t>(bits >> 63) << (f.mantissa_bits + f.exponent_bits);
  const uint32_t top = (1u << f.exponent_bits) - 1;  // the largest exponent
  const uint32_t all = (1u << (f.exponent_bits + f.mantissa_bits)) - 1;
  // The quiet NaN of IEEE formats; float8 has NaN with every bit set.
  const uint32_t quiet = f.mantissa_bits > 3 ? all & ~((1u << (f.mantissa_bits - 1)) - 1) : all;
  const uint32_t nan = f.fnuz ? all + 1 : sign | quiet;
  const uint32_t infinity = f.infinity ? sign | top << f.mantissa_bits : nan;
  const uint32_t largest = f.fnuz ? all : f.infinity ? (top << f.mantissa_bits) - 1 : all - 1;
  if (std::isnan(value)) return nan;
  const auto too_large = [&] {
    return overflow == OnOverflow::kSaturate ? sign | largest : infinity;
  };
  if (std::isinf(value)) return too_large();

  const int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1023;
  const uint64_t fraction = bits & 0xfffffffffffffu;
  int shift = 52 - f.mantissa_bits;
  uint64_t scaled;  // the result, `shift` bits too long
  if (exponent >= 1 - f.bias) {
    scaled = static_cast<uint64_t>(exponent + f.bias) << 52 | fraction;
  } else {
    shift += 1 - f.bias - exponent;
    scaled = (exponent == -1023 ? 0 : uint64_t{1} << 52) | fraction;
    if (shift > 62) scaled = 0, shift = 62;
  }
  if (exponent + f.bias > static_cast<int>(top)) return too_large();
  uint64_t rounded = scaled >> shift;
  const uint64_t rest = scaled & ((uint64_t{1} << shift) - 1), half = uint64_t{1} << (shift - 1);
  if (rest > half || (rest == half && rounded & 1)) ++rounded;
  if (rounded > largest) return too_large();
  if (f.fnuz && rounded == 0) return 0;
  return sign | static_cast<uint32_t>(rounded);
}

}  // namespace insitu
