// The bets, the statistic, the alarm and the way back. docs/monitoring.md derives all of it.
#include "monitor/esr.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/compact_sort.h"

namespace insitu {
namespace {

constexpr std::array kGammas = {0.3, 0.6, 0.9};
// Far above any threshold, far below overflow.
constexpr double kLargestWealth = 1e200;
constexpr double kLargestValue = std::numeric_limits<float>::max();
constexpr double kSmallestShare = 0.01;  // of the statistic, to be named in an alarm
constexpr double kRecoveryShift = 0.3;   // standard deviations

}  // namespace

Result<EsrDetector> EsrDetector::Create(const ReferenceProfile& profile,
                                        const DetectorOptions& options) {
  INSITU_TRY(Check(profile, options));
  EsrDetector detector(options);
  for (const FeatureProfile& feature : profile.features) {
    FeatureState& state = detector.features_.emplace_back();
    state.knots = feature.knots;
    state.mean = feature.mean;
    state.std = feature.std;
    state.tolerance = feature.tolerance;
  }
  detector.threshold_ = FalseAlarmEvery(profile, options);
  return detector;
}

void EsrDetector::Bet(FeatureState& feature, double value) {
  const double p = ConformalRank(feature.knots, value, chance_);
  size_t bets = 0;
  double sum = 0;
  auto bet = [&](double e) {
    double &wealth = feature.wealth[bets], &best = feature.best[bets];
    wealth = std::min((wealth + 1) * e, kLargestWealth);
    if (best <= 1) {
      best = 1;
      feature.since[bets] = samples_;
    }
    best = std::min(best * e, kLargestWealth);
    sum += wealth;
    ++bets;
  };
  if (feature.tolerance) {
    const auto [tail, share] = *feature.tolerance;
    for (const bool hit : {p <= tail, p >= 1 - tail})
      for (double gamma : kGammas) bet(hit ? 1 + gamma * (1 / share - 1) : 1 - gamma);
  } else {
    const double location = 2 * p - 1, spread = 2 * std::abs(location) - 1;
    for (double gamma : kGammas) {
      bet(1 + gamma * location);
      bet(1 - gamma * location);
      bet(1 + gamma * spread);
      bet(1 - gamma * spread);
    }
  }
  feature.part = sum / static_cast<double>(bets);
}

Detector::Change EsrDetector::Observe(std::span<const double> row) {
  bool seen = false;
  for (size_t k = 0; k < features_.size(); ++k) {
    if (!std::isfinite(row[k])) continue;
    FeatureState& feature = features_[k];
    const double value = std::clamp(row[k], -kLargestValue, kLargestValue);
    feature.last = value;
    feature.recent_at[feature.observed % kRecent] = samples_;
    feature.recent[feature.observed++ % kRecent] = value;
    Bet(feature, value);
    seen = true;
  }
  if (!seen) return Change::kNone;
  ++since_restart_;
  statistic_ = 0;
  for (const FeatureState& feature : features_)
    statistic_ += feature.part / static_cast<double>(features_.size());

  if (statistic_ >= threshold_) {
    if (held_) return Change::kNone;
    const bool began = state_ == DriftState::kCalm;
    if (began) {
      alarm_ = MakeAlarm();
      state_ = DriftState::kDrifting;
      for (FeatureState& feature : features_) feature.alarm_part = feature.part;
    }
    Restart();
    return began ? Change::kDrift : Change::kNone;
  }
  if (state_ == DriftState::kDrifting && since_restart_ >= kRecent &&
      statistic_ < std::sqrt(threshold_) && BackInside()) {
    state_ = DriftState::kCalm;
    for (FeatureState& feature : features_) feature.alarm_part = 0;
    return Change::kRecovered;
  }
  return Change::kNone;
}

void EsrDetector::Transfer(Archive& archive) {
  for (FeatureState& feature : features_) archive(feature);
  archive(samples_, state_, statistic_, since_restart_, chance_, alarm_);
  if (!alarm_) return;
  for (const FeatureEvidence& evidence : alarm_->evidence)
    if (evidence.feature >= features_.size()) archive.MarkFailed();
}

void EsrDetector::Restart() {
  for (FeatureState& feature : features_) {
    feature.wealth.fill(0);
    feature.best.fill(0);
    feature.since.fill(0);
    feature.part = 0;
  }
  statistic_ = 0;
  since_restart_ = 0;
}

void EsrDetector::Reset() {
  Restart();
  for (FeatureState& feature : features_) {
    feature.observed = 0;
    feature.last = std::numeric_limits<double>::quiet_NaN();
    feature.alarm_part = 0;
  }
  samples_ = 0;
  chance_ = Chance(seed_);
  state_ = DriftState::kCalm;
  alarm_.reset();
}

std::vector<double> EsrDetector::Recent(size_t index, uint64_t since) const {
  const FeatureState& feature = features_[index];
  std::vector<double> recent;
  for (uint64_t i = 1; i <= std::min(feature.observed, uint64_t{kRecent}); ++i) {
    const size_t at = (feature.observed - i) % kRecent;
    if (feature.recent_at[at] < since) break;
    recent.push_back(feature.recent[at]);
  }
  return recent;
}

// The bets vote: each whose best run of products reaches half the largest one's logarithm names the
// start of that run, with that logarithm as its weight; the weighted median wins. One bet that
// happened to be ahead when the drift began is outvoted.
uint64_t EsrDetector::Start(std::span<const FeatureState> features) {
  std::vector<std::pair<uint64_t, double>> votes;
  double largest = 0, sum = 0;
  for (const FeatureState& feature : features)
    for (size_t i = 0; i < kMaximumBets; ++i)
      if (feature.best[i] > 1) {
        votes.emplace_back(feature.since[i], std::log(feature.best[i]));
        largest = std::max(largest, votes.back().second);
      }
  std::erase_if(votes, [&](const auto& vote) { return vote.second < largest / 2; });
  CompactSort(votes);
  for (const auto& [since, weight] : votes) sum += weight;
  double reached = 0;
  for (const auto& [since, weight] : votes)
    if ((reached += weight) >= sum / 2) return since;
  return 0;
}

FeatureEvidence EsrDetector::EvidenceSince(size_t index, uint64_t since) const {
  const FeatureState& feature = features_[index];
  const double whole = statistic_ * static_cast<double>(features_.size());
  FeatureEvidence evidence;
  evidence.feature = index;
  evidence.share = whole > 0 ? feature.part / whole : 0;
  evidence.since = Start({&feature, 1});
  const std::vector<double> recent = Recent(index, since);
  evidence.recent_mean =
      std::accumulate(recent.begin(), recent.end(), 0.0) / static_cast<double>(recent.size());
  evidence.shift = feature.std > 0 ? (evidence.recent_mean - feature.mean) / feature.std
                                   : std::numeric_limits<double>::quiet_NaN();
  return evidence;
}

FeatureEvidence EsrDetector::Evidence(size_t feature) const { return EvidenceSince(feature, 0); }

// The means of an alarm cover what came since the drift began.
Alarm EsrDetector::MakeAlarm() const {
  Alarm alarm{samples_, Start(features_), statistic_, {}};
  alarm.evidence.reserve(features_.size());  // the same memory for every alarm
  for (size_t k = 0; k < features_.size(); ++k) {
    FeatureEvidence evidence = EvidenceSince(k, alarm.since);
    if (evidence.share >= kSmallestShare) alarm.evidence.push_back(evidence);
  }
  CompactSort(alarm.evidence, std::ranges::greater{}, &FeatureEvidence::share);
  return alarm;
}

// A feature with a tolerance is allowed to stay shifted: the statistic alone speaks for it.
bool EsrDetector::BackInside() const {
  for (const FeatureEvidence& named : alarm_->evidence) {
    if (features_[named.feature].tolerance) continue;
    if (std::abs(Evidence(named.feature).shift) > kRecoveryShift) return false;
  }
  return true;
}

double EsrDetector::Meter(double statistic) const {
  return std::min(std::log1p(statistic) / std::log1p(threshold_), 1.0);
}

double EsrDetector::meter() const {
  return state_ == DriftState::kDrifting ? 1 : Meter(statistic_);
}

double EsrDetector::FeatureMeter(size_t index) const {
  const FeatureState& feature = features_[index];
  return Meter(std::max(feature.part, feature.alarm_part) / static_cast<double>(features_.size()));
}

double EsrDetector::recovery() const {
  if (state_ == DriftState::kCalm) return 1;
  return std::min(static_cast<double>(since_restart_) / kRecent, 1.0);
}

}  // namespace insitu
