// CusumDetector: cumulative sums of normal scores (Page, 1954), one upwards and one downwards for
// each feature:
//   z = Phi^-1(conformal rank),  S <- max(0, S + z - k), and with -z;  alarm at S >= h
// h is such that all sums together give a false alarm in `false_alarm_every` samples: each may have
// one in 2 * features * false_alarm_every, of which Siegmund's approximation (1985) tells h.
// It sees shifts, not changes of spread.
#pragma once

#include <array>
#include <vector>

#include "monitor/conformal.h"
#include "monitor/detector.h"

namespace insitu {

class CusumDetector final : public Detector {
 public:
  static constexpr double kSlack = 0.5;       // k: shifts of twice this are found fastest
  static constexpr uint64_t kLeastCalm = 50;  // samples without an alarm before recovery

  static Result<CusumDetector> Create(const ReferenceProfile& profile,
                                      const DetectorOptions& options = {});
  // The h whose single sum has one false alarm in `samples` on average.
  static double LimitFor(double samples);

  void Restart() override;
  void Reset() override;
  size_t features() const override { return features_.size(); }
  double limit() const { return limit_; }

 private:
  struct FeatureState {
    std::array<float, kKnots> knots;
    double up = 0, down = 0;
  };

  explicit CusumDetector(const DetectorOptions& options)
      : seed_(options.seed), chance_(options.seed) {}
  Change Observe(std::span<const double> row) override;

  std::vector<FeatureState> features_;
  double limit_ = 0;
  uint64_t seed_, since_restart_ = 0;
  Chance chance_;
};

}  // namespace insitu
