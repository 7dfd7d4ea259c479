// Filling windows and testing them.
#include "monitor/ks_window.h"

#include <algorithm>
#include <cmath>

#include "monitor/significance.h"

namespace insitu {

double KolmogorovStatistic(std::span<double> ranks) {
  std::ranges::sort(ranks);
  const auto count = static_cast<double>(ranks.size());
  double largest = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    const auto below = static_cast<double>(i);
    largest = std::max({largest, ranks[i] - below / count, (below + 1) / count - ranks[i]});
  }
  return largest;
}

Result<KsDetector> KsDetector::Create(const ReferenceProfile& profile,
                                      const DetectorOptions& options) {
  INSITU_TRY(Check(profile, options));
  KsDetector detector(options);
  for (const FeatureProfile& feature : profile.features)
    detector.features_.push_back({feature.knots});
  detector.level_ = std::min(1.0, kWindow / FalseAlarmEvery(profile, options));
  return detector;
}

Detector::Change KsDetector::Observe(std::span<const double> row) {
  for (size_t k = 0; k < features_.size(); ++k) {
    FeatureState& feature = features_[k];
    if (std::isfinite(row[k]))
      feature.ranks[feature.observed++] = ConformalRank(feature.knots, row[k], chance_);
  }
  if (++in_window_ < kWindow) return Change::kNone;
  const double p = SmallestP();
  Restart();
  if (p <= level_ && state_ == DriftState::kCalm) {
    state_ = DriftState::kDrifting;
    return Change::kDrift;
  }
  if (p >= kCalmAgain && state_ == DriftState::kDrifting) {
    state_ = DriftState::kCalm;
    return Change::kRecovered;
  }
  return Change::kNone;
}

double KsDetector::SmallestP() {
  double smallest = 1;
  for (FeatureState& feature : features_) {
    if (feature.observed < kLeastObserved) continue;
    const double d = KolmogorovStatistic(std::span(feature.ranks).first(feature.observed));
    const double p = KolmogorovSurvival(static_cast<double>(feature.observed), d);
    smallest = std::min(smallest, p * static_cast<double>(features_.size()));
  }
  return smallest;
}

void KsDetector::Restart() {
  for (FeatureState& feature : features_) feature.observed = 0;
  in_window_ = 0;
}

void KsDetector::Reset() {
  Restart();
  samples_ = 0;
  state_ = DriftState::kCalm;
  chance_ = Chance(seed_);
}

}  // namespace insitu
