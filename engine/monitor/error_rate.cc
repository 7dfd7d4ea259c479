// The bets on single labels.
#include "monitor/error_rate.h"

#include <algorithm>
#include <cmath>

namespace insitu {
namespace {

constexpr double kLargestWealth = 1e200;

}  // namespace

ErrorRateDetector::ErrorRateDetector(uint64_t wrong, uint64_t count, double false_alarm_every)
    : threshold_(false_alarm_every) {
  // With one more of each kind, so that a classifier that was never wrong is not expected to stay
  // so.
  const double n = static_cast<double>(count) + 2;
  const double rate = (static_cast<double>(wrong) + 1) / n;
  expected_ = std::min(rate + std::sqrt(rate * (1 - rate) / n), 1.0);
}

Detector::Change ErrorRateDetector::Update(bool wrong) {
  last_[samples_++ % kRecent] = wrong;
  ++since_restart_;
  double statistic = 0;
  for (size_t i = 0; i < bets_.size(); ++i) {
    Bet& bet = bets_[i];
    const double e = 1 + kGammas[i] * ((wrong ? 1 / expected_ : 0) - 1);
    bet.wealth = std::min((bet.wealth + 1) * e, kLargestWealth);
    if (bet.best <= 1) bet = {bet.wealth, 1, samples_};
    bet.best = std::min(bet.best * e, kLargestWealth);
    statistic += bet.wealth / static_cast<double>(bets_.size());
  }
  if (statistic >= threshold_) {
    const bool begins = state_ == DriftState::kCalm;
    if (begins) {
      const auto strongest = std::ranges::max_element(bets_, {}, &Bet::best);
      alarm_ = {samples_, strongest->since, statistic, recent()};
    }
    state_ = DriftState::kDrifting;
    bets_ = {};
    since_restart_ = 0;
    return begins ? Detector::Change::kDrift : Detector::Change::kNone;
  }
  const bool back = state_ == DriftState::kDrifting && since_restart_ >= kRecent &&
                    statistic < std::sqrt(threshold_) && recent() <= expected_;
  if (!back) return Detector::Change::kNone;
  state_ = DriftState::kCalm;
  return Detector::Change::kRecovered;
}

void ErrorRateDetector::Reset() {
  bets_ = {};
  last_ = {};
  samples_ = since_restart_ = 0;
  state_ = DriftState::kCalm;
  alarm_.reset();
}

void ErrorRateDetector::Transfer(Archive& archive) {
  archive(bets_, last_, samples_, since_restart_, state_, alarm_);
}

double ErrorRateDetector::recent() const {
  const uint64_t count = std::min<uint64_t>(samples_, kRecent);
  if (count == 0) return 0;
  return static_cast<double>(std::ranges::count(last_, true)) / static_cast<double>(count);
}

}  // namespace insitu
