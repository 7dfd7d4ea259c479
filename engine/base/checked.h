// Checked integer arithmetic for everything a model or an input sizes.
// Invariant: no function here wraps around; overflow is an empty optional.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace insitu {

inline std::optional<int64_t> CheckedAdd(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

inline std::optional<int64_t> CheckedMul(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

// Product of non-negative extents; empty on overflow or a negative factor. The empty product is 1.
inline std::optional<int64_t> CheckedProduct(std::span<const int64_t> factors) {
  int64_t product = 1;
  for (int64_t factor : factors) {
    if (factor < 0 || __builtin_mul_overflow(product, factor, &product)) return std::nullopt;
  }
  return product;
}

}  // namespace insitu
