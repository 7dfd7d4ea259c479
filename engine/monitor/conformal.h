// The conformal rank of a value in a profile: uniform on (0, 1) in distribution for values that the
// profile was made of, because ties and the gaps between knots are broken at random.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/archive.h"
#include "monitor/profile.h"

namespace insitu {

// splitmix64, the same on every machine.
class Chance {
 public:
  explicit Chance(uint64_t seed) : state_(seed) {}

  void Transfer(Archive& archive) { archive(state_); }
  // In (0, 1).
  double Uniform() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return (static_cast<double>(z >> 11) + 0.5) * 0x1p-53;
  }

 private:
  uint64_t state_;
};

inline double ConformalRank(const std::array<float, kKnots>& knots, double value, Chance& chance) {
  const auto equal = std::ranges::equal_range(knots, static_cast<float>(value));
  const auto below = static_cast<double>(equal.begin() - knots.begin());
  const auto ties = static_cast<double>(equal.size());
  return (below + chance.Uniform() * (ties + 1)) / (kKnots + 1);
}

}  // namespace insitu
