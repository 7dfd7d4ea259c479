// Thinning: which samples of a stream lie far enough apart to count as independent. Frames of a
// video resemble those before them, and every detector would take that for drift.
// A feature's difference over one step is compared with that over `lag` steps: how often is the
// latter larger? For Gaussian neighbours that correlate by phi
//   share = 1 - 2 / pi * atan(sqrt((1 - phi) / (1 - phi^lag)))
// which is 1/2 for independent samples, whatever their distribution, spread or place; a sudden
// shift counts in `lag` differences alone. Where the mean over the features is further above 1/2
// than chance has it, one sample in ceil(ln 0.05 / ln phi) is kept, so that neighbours correlate by
// 5 %. A first answer comes within 40 samples, until which detectors raise no alarm. A better one
// comes every 1,024, from a longer lag where phi is large.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/archive.h"
#include "monitor/detector.h"

namespace insitu {

// How much neighbours in a stream of rows resemble each other, with exponential forgetting.
class CorrelationMeter {
 public:
  CorrelationMeter(size_t features, size_t lag, double memory)
      : lag_(lag), memory_(memory), features_(features), last_(features * lag) {}

  // Values that are not finite are left out.
  void Add(std::span<const double> row);
  void Reset();
  void Transfer(Archive& archive) {
    const size_t features = features_.size(), last = last_.size();
    archive(rows_, features_, last_);
    if (features_.size() != features || last_.size() != last) archive.MarkFailed();
  }

  // The rows `lag` and more behind the first.
  uint64_t pairs() const { return rows_ > lag_ ? rows_ - lag_ : 0; }
  // How often the far difference is the larger one, mean over the features that move.
  double FartherShare() const;
  // The phi that has this share, from 0 to 0.999.
  double Correlation() const;

 private:
  struct FeatureState {
    uint64_t observed = 0, pairs = 0;  // pairs of which one difference is not 0
    double farther = 0;                // share of them; ties count half

    void Transfer(Archive& archive) { archive(observed, pairs, farther); }
  };

  size_t lag_;
  double memory_;
  uint64_t rows_ = 0;
  std::vector<FeatureState> features_;
  std::vector<float> last_;  // [features][lag]
};

class Thinning {
 public:
  explicit Thinning(size_t features);

  // Whether the row is kept.
  bool Keep(std::span<const double> row);
  // Whether the factor has changed since the last call.
  bool TakeChange();
  // One row in so many is kept.
  uint64_t factor() const { return factor_; }
  // Whether there were samples enough to tell.
  bool Judges() const;
  void Reset();
  void Transfer(Archive& archive) {
    archive(quick_, steady_, slow_, factor_, since_kept_, changed_);
  }

 private:
  bool LooksCorrelated() const;
  uint64_t BestFactor() const;
  void ChangeTo(uint64_t factor);

  size_t features_;
  CorrelationMeter quick_, steady_, slow_;
  uint64_t factor_ = 1, since_kept_ = 0;
  bool changed_ = false;
};

// A detector's update of the rows that are kept; it begins anew where rows came too fast.
Detector::Change UpdateThinned(Detector& detector, Thinning& thinning, std::span<const double> row);

}  // namespace insitu
