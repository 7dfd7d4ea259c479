// Measuring correlation and deciding on the factor.
#include "monitor/thinning.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <utility>

namespace insitu {
namespace {

constexpr size_t kShortLag = 8, kLongLag = 64;
constexpr double kShortMemory = 256;
constexpr uint64_t kLongMemory = 1024;
constexpr uint64_t kFirstPairs = 32, kLeastPairs = 16;  // of all rows, and of one feature
// A share tells correlation from here on, and further above 1/2 the fewer rows there are: by 3.7
// standard deviations, which are 0.4 / sqrt(pairs * features) of independent features. Features
// seldom are independent: more than two count as two.
constexpr double kLeastAbove = 0.06, kDeviations = 3.7 * 0.4;
constexpr double kLeft = 0.05;               // between neighbours that are kept
constexpr double kForLongLag = 0.7;          // correlation that the long lag tells better
constexpr double kNegligible = 0.1;          // correlation that is left alone
constexpr double kFromFew = 2;               // a first answer errs on the side of too few samples
constexpr double kFewer = 0.7, kMore = 1.2;  // changes of the factor that are worth beginning anew
constexpr uint64_t kLargestFactor = 1000, kLargestFirst = 64;

// At 32, 48, 64, 96, 128, 192 pairs and at every 256: seldom, so that chance gets few chances.
bool IsTimeToJudge(uint64_t pairs) {
  constexpr uint64_t kRegular = 256;
  if (pairs >= kRegular) return pairs % kRegular == 0;
  return pairs >= kFirstPairs && pairs >> std::countr_zero(pairs) <= 3;
}

uint64_t FactorFor(double correlation) {
  const double factor = std::ceil(std::log(kLeft) / std::log(correlation));
  return std::clamp<uint64_t>(static_cast<uint64_t>(factor), 1, kLargestFactor);
}

}  // namespace

void CorrelationMeter::Add(std::span<const double> row) {
  ++rows_;
  for (size_t k = 0; k < features_.size(); ++k) {
    if (!std::isfinite(row[k])) continue;
    FeatureState& feature = features_[k];
    float* last = last_.data() + k * lag_;
    const auto x = static_cast<float>(row[k]);
    if (feature.observed >= lag_) {
      const float near = std::abs(x - last[(feature.observed - 1) % lag_]);
      const float far = std::abs(x - last[feature.observed % lag_]);
      if (near > 0 || far > 0) {
        const double farther = near == far ? 0.5 : near < far ? 1.0 : 0.0;
        const auto pairs = static_cast<double>(++feature.pairs);
        feature.farther += (farther - feature.farther) / std::min(pairs, memory_);
      }
    }
    last[feature.observed++ % lag_] = x;
  }
}

double CorrelationMeter::FartherShare() const {
  double sum = 0, measured = 0;
  for (const FeatureState& feature : features_) {
    if (feature.pairs < kLeastPairs) continue;
    sum += feature.farther;
    ++measured;
  }
  return measured > 0 ? sum / measured : 0.5;
}

double CorrelationMeter::Correlation() const {
  const double root = std::tan((1 - FartherShare()) * std::numbers::pi / 2);
  double low = 0, high = 0.999;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    const double ratio = (1 - middle) / (1 - std::pow(middle, static_cast<double>(lag_)));
    (ratio > root * root ? low : high) = middle;
  }
  return low;
}

void CorrelationMeter::Reset() {
  std::ranges::fill(features_, FeatureState());
  rows_ = 0;
}

Thinning::Thinning(size_t features)
    : features_(features),
      quick_(features, kShortLag, kShortMemory),
      steady_(features, kShortLag, static_cast<double>(kLongMemory)),
      slow_(features, kLongLag, static_cast<double>(kLongMemory)) {}

bool Thinning::Judges() const { return quick_.pairs() >= kFirstPairs; }

bool Thinning::Keep(std::span<const double> row) {
  quick_.Add(row);
  steady_.Add(row);
  slow_.Add(row);
  if (const uint64_t best = BestFactor(); best != factor_) ChangeTo(best);
  if (++since_kept_ < factor_) return false;
  since_kept_ = 0;
  return true;
}

bool Thinning::LooksCorrelated() const {
  const uint64_t pairs = quick_.pairs();
  if (!IsTimeToJudge(pairs)) return false;
  const auto independent = static_cast<double>(pairs * std::min<size_t>(features_, 2));
  return quick_.FartherShare() > 0.5 + std::max(kLeastAbove, kDeviations / std::sqrt(independent));
}

// The present one where there is nothing new to know.
uint64_t Thinning::BestFactor() const {
  if (slow_.pairs() > 0 && slow_.pairs() % kLongMemory == 0) {
    double correlation = steady_.Correlation();
    if (correlation > kForLongLag) correlation = slow_.Correlation();
    const uint64_t best = correlation < kNegligible ? 1 : FactorFor(correlation);
    const double change = static_cast<double>(best) / static_cast<double>(factor_);
    return change < kFewer || change > kMore ? best : factor_;
  }
  if (factor_ > 1 || !LooksCorrelated()) return factor_;
  const double careful = kFromFew * static_cast<double>(FactorFor(quick_.Correlation()));
  return std::min(kLargestFirst, static_cast<uint64_t>(careful));
}

void Thinning::ChangeTo(uint64_t factor) {
  factor_ = factor;
  since_kept_ = 0;
  changed_ = true;
}

bool Thinning::TakeChange() { return std::exchange(changed_, false); }

void Thinning::Reset() {
  quick_.Reset();
  steady_.Reset();
  slow_.Reset();
  ChangeTo(1);
  changed_ = false;
}

Detector::Change UpdateThinned(Detector& detector, Thinning& thinning,
                               std::span<const double> row) {
  const bool keep = thinning.Keep(row);
  if (thinning.TakeChange()) detector.Restart();
  detector.Hold(!thinning.Judges());
  if (keep) return detector.Update(row);
  detector.Skip();
  return Detector::Change::kNone;
}

}  // namespace insitu
