// KsDetector: a Kolmogorov-Smirnov test of each feature's conformal ranks against the uniform
// distribution, once for every window of samples; windows do not overlap, so that tests are
// independent. The alarm is raised where the smallest p-value, times the features (Bonferroni), is
// at most window / false_alarm_every: one window in false_alarm_every samples, by chance.
#pragma once

#include <array>
#include <vector>

#include "monitor/conformal.h"
#include "monitor/detector.h"

namespace insitu {

// The Kolmogorov-Smirnov statistic of ranks in (0, 1) against the uniform distribution; sorts them.
double KolmogorovStatistic(std::span<double> ranks);

class KsDetector final : public Detector {
 public:
  static constexpr size_t kWindow = 50;         // samples
  static constexpr size_t kLeastObserved = 10;  // of a window, or a feature is not tested
  static constexpr double kCalmAgain = 0.05;    // adjusted p-value of a window that ends a drift

  static Result<KsDetector> Create(const ReferenceProfile& profile,
                                   const DetectorOptions& options = {});

  void Restart() override;
  void Reset() override;
  size_t features() const override { return features_.size(); }

 private:
  struct FeatureState {
    std::array<float, kKnots> knots;
    std::array<double, kWindow> ranks{};
    size_t observed = 0;
  };

  explicit KsDetector(const DetectorOptions& options)
      : seed_(options.seed), chance_(options.seed) {}
  Change Observe(std::span<const double> row) override;
  double SmallestP();

  std::vector<FeatureState> features_;
  double level_ = 0;
  uint64_t seed_;
  size_t in_window_ = 0;
  Chance chance_;
};

}  // namespace insitu
