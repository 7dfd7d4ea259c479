// What the softmax of 8-bit elements adds up: powers of e as whole numbers, so that their sums are
// exact in whatever order they are made.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace insitu {

// By the distance from the largest element, in steps of `scale`, which is positive:
// rint(2^31 exp(-scale * distance)).
inline std::array<int64_t, 256> SoftmaxPowers(float scale) {
  std::array<int64_t, 256> powers;
  for (size_t d = 0; d < powers.size(); ++d)
    powers[d] = static_cast<int64_t>(
        std::rint(2147483648.0 * std::exp(-static_cast<double>(scale) * static_cast<double>(d))));
  return powers;
}

// p = power / sum, as a product with the reciprocal.
inline float SoftmaxShare(double power, double reciprocal_of_sum) {
  return static_cast<float>(power * reciprocal_of_sum);
}

}  // namespace insitu
