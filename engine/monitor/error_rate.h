// ErrorRateDetector: whether a classifier is wrong more often than it was on labelled inputs.
// Shiryaev-Roberts over bets against "the error rate is `expected` at most": with w = 1 for a wrong
// prediction and 0 for a right one, e = 1 + gamma (w / expected - 1) has a mean of 1 or less as
// long as that holds, and each of the four keeps M <- (M + 1) e. The alarm is raised when their
// mean reaches the mean number of labels between false alarms (docs/monitoring.md has the proof).
// Invariant: no sequence of labels makes a state NaN or infinite.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/archive.h"
#include "monitor/detector.h"

namespace insitu {

struct ErrorRateAlarm {
  uint64_t sample = 0, since = 0;  // 1-based labels
  double statistic = 0;
  double recent = 0;  // rate

  void Transfer(Archive& archive) { archive(sample, since, statistic, recent); }
};

class ErrorRateDetector {
 public:
  static constexpr size_t kRecent = 100;  // labels of the recent rate, and least before recovery

  // `wrong` of `count` labelled predictions were wrong where the classifier was good: the rate that
  // is expected is that plus one standard error.
  ErrorRateDetector(uint64_t wrong, uint64_t count, double false_alarm_every);

  Detector::Change Update(bool wrong);
  void Reset();
  void Transfer(Archive& archive);

  DriftState state() const { return state_; }
  uint64_t samples() const { return samples_; }
  double expected() const { return expected_; }
  double threshold() const { return threshold_; }
  // Of the last kRecent labels; 0 before the first.
  double recent() const;
  const std::optional<ErrorRateAlarm>& alarm() const { return alarm_; }

 private:
  static constexpr std::array kGammas = {0.03, 0.1, 0.3, 0.6};
  // The wealth of a bet; the product since the start that makes it largest, and that start.
  struct Bet {
    double wealth = 0, best = 0;
    uint64_t since = 0;

    void Transfer(Archive& archive) { archive(wealth, best, since); }
  };

  double expected_, threshold_;
  std::array<Bet, kGammas.size()> bets_{};
  std::array<bool, kRecent> last_{};
  uint64_t samples_ = 0, since_restart_ = 0;
  DriftState state_ = DriftState::kCalm;
  std::optional<ErrorRateAlarm> alarm_;
};

}  // namespace insitu
