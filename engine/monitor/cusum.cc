// The sums, their limit, and the way back.
#include "monitor/cusum.h"

#include <algorithm>
#include <cmath>

#include "monitor/significance.h"

namespace insitu {

Result<CusumDetector> CusumDetector::Create(const ReferenceProfile& profile,
                                            const DetectorOptions& options) {
  INSITU_TRY(Check(profile, options));
  CusumDetector detector(options);
  for (const FeatureProfile& feature : profile.features)
    detector.features_.push_back({feature.knots});
  const auto sums = static_cast<double>(2 * detector.features_.size());
  detector.limit_ = LimitFor(sums * FalseAlarmEvery(profile, options));
  return detector;
}

// ARL = (exp(2 k b) - 2 k b - 1) / (2 k^2), b = h + 1.166, rises with h.
double CusumDetector::LimitFor(double samples) {
  const auto expected = [](double h) {
    const double exponent = 2 * kSlack * (h + 1.166);
    return (std::exp(exponent) - exponent - 1) / (2 * kSlack * kSlack);
  };
  double low = 0, high = 50;
  while (high - low > 1e-9) {
    const double middle = (low + high) / 2;
    (expected(middle) < samples ? low : high) = middle;
  }
  return high;
}

Detector::Change CusumDetector::Observe(std::span<const double> row) {
  bool seen = false;
  double largest = 0;
  for (size_t k = 0; k < features_.size(); ++k) {
    FeatureState& feature = features_[k];
    if (std::isfinite(row[k])) {
      const double z = NormalQuantile(ConformalRank(feature.knots, row[k], chance_));
      feature.up = std::max(0.0, feature.up + z - kSlack);
      feature.down = std::max(0.0, feature.down - z - kSlack);
      seen = true;
    }
    largest = std::max({largest, feature.up, feature.down});
  }
  if (!seen) return Change::kNone;
  ++since_restart_;
  if (largest >= limit_) {
    if (held_) return Change::kNone;
    const bool began = state_ == DriftState::kCalm;
    state_ = DriftState::kDrifting;
    Restart();
    return began ? Change::kDrift : Change::kNone;
  }
  if (state_ == DriftState::kDrifting && since_restart_ >= kLeastCalm && largest < limit_ / 2) {
    state_ = DriftState::kCalm;
    return Change::kRecovered;
  }
  return Change::kNone;
}

void CusumDetector::Restart() {
  for (FeatureState& feature : features_) feature.up = feature.down = 0;
  since_restart_ = 0;
}

void CusumDetector::Reset() {
  Restart();
  samples_ = 0;
  state_ = DriftState::kCalm;
  chance_ = Chance(seed_);
}

}  // namespace insitu
