// WindowReport: how one window of samples differs from a profile, feature by feature. Tests say how
// sure a difference is, effect sizes how large.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "monitor/profile.h"

namespace insitu {

struct FeatureReport {
  std::string name;
  uint64_t count = 0;  // finite values of the window
  // Of the values' ranks against the uniform distribution; p-values allow for the profile being a
  // sample, too.
  double ks = 0, ks_p = 1;
  // Of counts in ten bins between the profile's deciles (fewer where values tie).
  double chi_square = 0, degrees = 0, chi_square_p = 1;
  double psi = 0;             // population stability index over these bins, in nats
  double jensen_shannon = 0;  // divergence over these bins, in bits: 0 to 1
  double wasserstein = 0;     // mean distance of quantiles, in the profile's standard deviations;
                              // NaN where that is 0
  double ks_adjusted = 1, chi_square_adjusted = 1;  // for as many tests as there are features
};

struct WindowReport {
  uint64_t count = 0;  // rows
  std::vector<FeatureReport> features;

  // `rows`: n x features of the profile, row-major. ShapeMismatch for another number of values,
  // InvalidArgument for fewer than 20 rows.
  static Result<WindowReport> Compare(const ReferenceProfile& profile, std::span<const float> rows);
  std::string ToJson() const;
};

}  // namespace insitu
