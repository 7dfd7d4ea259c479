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
#include <vector>

#include "base/archive.h"
#include "base/error.h"
#include "monitor/conformal.h"
#include "monitor/detector.h"
#include "monitor/profile.h"

namespace insitu {

// What one feature contributed to an alarm, or contributes now.
struct FeatureEvidence {
  size_t feature = 0;  // position in the profile
  double share = 0;    // of the statistic, 0..1
  uint64_t since = 0;  // 1-based sample at which its evidence began; 0: none yet
  double recent_mean = 0;
  double shift = 0;  // (recent mean - profile mean) / profile std; NaN when std is 0

  void Transfer(Archive& archive) { archive(feature, share, since, recent_mean, shift); }
};

struct Alarm {
  uint64_t sample = 0;  // 1-based sample that raised it
  uint64_t since = 0;   // 1-based sample at which the drift is estimated to have begun
  double statistic = 0;
  std::vector<FeatureEvidence> evidence;  // strongest first, only shares of 1 % and more

  void Transfer(Archive& archive) { archive(sample, since, statistic, evidence); }
};

class EsrDetector final : public Detector {
 public:
  static constexpr size_t kRecent = 50;  // samples of the recent mean, and least before recovery

  static Result<EsrDetector> Create(const ReferenceProfile& profile,
                                    const DetectorOptions& options = {});

  // What was observed; the profile and the options stay.
  void Transfer(Archive& archive);
  void Restart() override;
  void Reset() override;
  size_t features() const override { return features_.size(); }
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
  // Its observations from sample `since` on, kRecent at most, latest first.
  std::vector<double> Recent(size_t feature, uint64_t since) const;
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
    std::array<uint64_t, kRecent> recent_at{};  // the samples they are of
    uint64_t observed = 0;
    double last = std::numeric_limits<double>::quiet_NaN();
    double part = 0;        // mean wealth over its bets
    double alarm_part = 0;  // of the alarm, while drifting

    void Transfer(Archive& archive) {
      archive(wealth, best, since, recent, recent_at, observed, last, part, alarm_part);
    }
  };

  explicit EsrDetector(const DetectorOptions& options)
      : seed_(options.seed), chance_(options.seed) {}
  Change Observe(std::span<const double> row) override;
  void Bet(FeatureState& feature, double value);
  static uint64_t Start(std::span<const FeatureState> features);
  FeatureEvidence EvidenceSince(size_t feature, uint64_t since) const;
  double Meter(double statistic) const;
  Alarm MakeAlarm() const;
  bool BackInside() const;

  std::vector<FeatureState> features_;
  double threshold_ = 0, statistic_ = 0;
  uint64_t seed_, since_restart_ = 0;
  Chance chance_;
  std::optional<Alarm> alarm_;
};

}  // namespace insitu
