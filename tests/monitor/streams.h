// Seeded streams and profiles the monitor's tests share, the same with every standard library.
#pragma once

#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "monitor/profile.h"

namespace insitu {

inline constexpr size_t kWidth = 12;

// In [0, 1).
inline double Uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

// Standard normal numbers (Box and Muller).
struct Normal {
  double operator()(std::mt19937_64& random) const {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform(random)));
    return radius * std::cos(6.283185307179586 * Uniform(random));
  }
};

// Twelve correlated features: a common part of half the variance; one heavy-tailed, one skewed, one
// with an atom at zero.
class CorrelatedStream {
 public:
  explicit CorrelatedStream(uint64_t seed) : random_(seed) {}

  // Each base value is moved by `shift` standard deviations and spread by `scale`.
  std::array<double, kWidth> Next(double shift = 0, double scale = 1) {
    const double common = normal_(random_);
    std::array<double, kWidth> row;
    for (double& x : row)
      x = scale * (std::sqrt(0.5) * common + std::sqrt(0.5) * normal_(random_)) + shift;
    row[0] = std::sinh(1.5 * row[0]);
    row[1] = std::exp(row[1]);
    row[2] = std::max(row[2], 0.0);
    return row;
  }

 private:
  std::mt19937_64 random_;
  Normal normal_;
};

inline std::vector<std::string> Names(size_t width) {
  std::vector<std::string> names;
  for (size_t k = 0; k < width; ++k) names.push_back("f" + std::to_string(k));
  return names;
}

inline ReferenceProfile CorrelatedProfile(uint64_t seed, size_t count) {
  CorrelatedStream stream(seed);
  std::vector<float> rows;
  for (size_t i = 0; i < count; ++i)
    for (double x : stream.Next()) rows.push_back(static_cast<float>(x));
  return *ReferenceProfile::FromRows(rows, Names(kWidth));
}

}  // namespace insitu
