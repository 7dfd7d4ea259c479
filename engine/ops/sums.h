// AddProduct: the multiply-add of every reference loop that sums products.
// Invariant: integers wrap, as every SIMD kernel does, instead of being undefined.
#pragma once

#include <cstdint>

namespace insitu {

inline void AddProduct(double& sum, double a, double b) { sum += a * b; }
inline void AddProduct(int32_t& sum, int32_t a, int32_t b) {
  sum = static_cast<int32_t>(static_cast<uint32_t>(sum) +
                             static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
}
inline void AddProduct(uint64_t& sum, uint64_t a, uint64_t b) { sum += a * b; }
inline void AddProduct(int64_t& sum, int64_t a, int64_t b) {
  sum = static_cast<int64_t>(static_cast<uint64_t>(sum) +
                             static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

}  // namespace insitu
