// Checked integer arithmetic for everything a model or an input sizes.
// Invariant: no function here wraps around; overflow is an empty optional, or of sizes kHugeSize.
#pragma once

#include <cstdint>
#include <initializer_list>
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

// More than there is memory for, and few enough that some of them can be added.
inline constexpr uint64_t kHugeSize = uint64_t{1} << 60;

// Of counts and sizes in bytes, whatever size_t holds; at most kHugeSize.
constexpr uint64_t SizeProduct(std::initializer_list<uint64_t> factors) {
  uint64_t product = 1;
  bool huge = false;
  for (uint64_t factor : factors) {
    if (factor == 0) return 0;
    huge = huge || __builtin_mul_overflow(product, factor, &product) || product > kHugeSize;
  }
  return huge ? kHugeSize : product;
}

}  // namespace insitu
