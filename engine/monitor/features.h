// Features: the few numbers a tensor is reduced to before anything is compared or kept.
// Invariant: NaN and infinities are counted apart and take part in no statistic; the definitions
// here are those of every profile, so a change of one is a new profile version.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace insitu {

// Values at or above this are saturated: full ink or full brightness of inputs scaled to 0..1.
inline constexpr float kSaturated = 0.999f;
// An output is a probability vector where every row of its last axis (at least 2 wide) is
// non-negative and sums to 1 within this.
inline constexpr double kProbabilitySlack = 1e-3;

struct NamedView {
  std::string_view name;
  TensorView view;
};

struct Feature {
  std::string name;
  double value = 0;
};

// Statistics over the finite elements of a float32 or float64 tensor; NaN where there is none.
struct TensorStatistics {
  int64_t elements = 0, nans = 0, infinities = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  double spread = std::numeric_limits<double>::quiet_NaN();  // population standard deviation
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
  double zero_share = std::numeric_limits<double>::quiet_NaN();  // of exact zeros
  double saturation_share = std::numeric_limits<double>::quiet_NaN();
  // More than one element, all of the same finite value.
  bool constant = false;
};

// Whether the monitor reads tensors of this type: float32 and float64.
bool HasStatistics(DType dtype);
// All zero counts and NaN for a type without statistics.
TensorStatistics ComputeStatistics(const TensorView& view);

// Appends `<name>.mean`, `.spread`, `.min`, `.max`, `.zero_share`, `.saturation_share`.
void AppendInputFeatures(std::string_view name, const TensorStatistics& statistics,
                         std::vector<Feature>& features);
// Appends `<name>.top`, `.entropy` (nats) and `.margin` (top minus second), means over the rows,
// if the output is a probability vector; says whether it is.
bool AppendOutputFeatures(std::string_view name, const TensorView& view,
                          std::vector<Feature>& features);

}  // namespace insitu
