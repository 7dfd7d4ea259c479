// EsrDetector: Shiryaev-Roberts over bets on conformal p-values (e-detectors of Shin, Ramdas and
// Rinaldo).
// Invariant: on samples of an exact profile the mean time between false alarms is at least
// `false_alarm_every`, under any dependence between features; no input makes a state NaN or
// infinite.
// Derivation of the bets, tolerance bets and the rule of recovery: docs/monitoring.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "monitor/profile.h"

namespace insitu {

struct EsrOptions {
  double false_alarm_every = 10'000;   // samples; at least 10
  uint64_t seed = 0x9e3779b97f4a7c15;  // ties and gaps are broken by a generator of our own
};

enum class DriftState : uint8_t { kCalm, kDrifting };
// "calm", "drifting".
std::string_view Name(DriftState state);

// What one feature contributed to an alarm, or contributes now.
struct FeatureEvidence {
  size_t feature = 0;  // position in the profile
  double share = 0;    // of the statistic, 0..1
  uint64_t since = 0;  // 1-based sample at which its evidence began; 0: none yet
  double recent_mean = 0;
  double shift = 0;  // (recent mean - profile mean) / profile std; NaN when std is 0
};

struct Alarm {
  uint64_t sample = 0;  // 1-based sample that raised it
  uint64_t since = 0;   // 1-based sample at which the drift is estimated to have begun
  double statistic = 0;
  std::vector<FeatureEvidence> evidence;  // strongest first, only shares of 1 % and more
};

class EsrDetector {
 public:
  enum class Change : uint8_t { kNone, kDrift, kRecovered };
  static constexpr size_t kRecent = 50;  // samples of the recent mean, and least before recovery

  // InvalidArgument for a profile without features or false_alarm_every outside [10, 1e12].
  static Result<EsrDetector> Create(const ReferenceProfile& profile,
                                    const EsrOptions& options = {});

  // One sample, a value per feature of the profile. A value that is not finite is no observation of
  // its feature: nothing is bet on it. `row` must have features() values.
  Change Update(std::span<const double> row);
  void Reset();

  size_t features() const { return features_.size(); }
  uint64_t samples() const { return samples_; }
  DriftState state() const { return state_; }
  double statistic() const { return statistic_; }
  // false_alarm_every, raised for short profiles.
  double threshold() const { return threshold_; }
  // log(1 + statistic) / log(1 + threshold) in 0..1; 1 while drifting.
  double meter() const;
  // How far the way back is while drifting: samples since the last restart, of kRecent, in 0..1.
  double recovery() const;
  // How far along the meter one feature alone moves it; while drifting, at least as far as it did
  // at the alarm.
  double FeatureMeter(size_t feature) const;
  FeatureEvidence Evidence(size_t feature) const;
  // Observations of a feature, and the last one; NaN before the first.
  uint64_t observed(size_t feature) const { return features_[feature].observed; }
  double value(size_t feature) const { return features_[feature].last; }
  // The alarm that began the present or the latest drift.
  const std::optional<Alarm>& alarm() const { return alarm_; }

 private:
  static constexpr size_t kMaximumBets = 12;
  struct FeatureState {
    std::array<float, kKnots> knots;
    double mean, std;
    std::optional<Tolerance> tolerance;
    std::array<double, kMaximumBets> wealth{};
    // Product of the bets since the start that makes it largest (CUSUM), and that start.
    std::array<double, kMaximumBets> best{};
    std::array<uint64_t, kMaximumBets> since{};
    std::array<double, kRecent> recent{};
    uint64_t observed = 0;
    double last = std::numeric_limits<double>::quiet_NaN();
    double part = 0;        // mean wealth over its bets
    double alarm_part = 0;  // of the alarm, while drifting
  };

  EsrDetector() = default;
  double Uniform();
  double Rank(const FeatureState& feature, double value);
  void Bet(FeatureState& feature, double value);
  static uint64_t Start(std::span<const FeatureState> features);
  double RecentMean(const FeatureState& feature, uint64_t window) const;
  FeatureEvidence EvidenceOver(size_t feature, uint64_t window) const;
  double Meter(double statistic) const;
  Alarm MakeAlarm() const;
  bool BackInside() const;
  void Restart();

  std::vector<FeatureState> features_;
  double threshold_ = 0, statistic_ = 0;
  uint64_t seed_ = 0, random_ = 0;
  uint64_t samples_ = 0, since_restart_ = 0;
  DriftState state_ = DriftState::kCalm;
  std::optional<Alarm> alarm_;
};

}  // namespace insitu
