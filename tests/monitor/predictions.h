// A simulated classifier whose truth is known, for tests of accuracy: Gaussian classes in the
// plane, exact posteriors under equal shares, made too confident by a temperature.
#pragma once

#include <array>
#include <cmath>

#include "monitor/calibration.h"
#include "streams.h"

namespace insitu {

class PredictionStream {
 public:
  static constexpr size_t kClasses = 10;
  using Shares = std::array<double, kClasses>;

  explicit PredictionStream(uint64_t seed) : random_(seed) { shares_.fill(1.0 / kClasses); }

  // How often each class comes from now on: as large a label shift as drawing the shares evenly
  // from all there are (Dirichlet with a concentration of one).
  void ShiftLabels() {
    double sum = 0;
    for (double& share : shares_) sum += share = -std::log(1 - Uniform(random_));
    for (double& share : shares_) share /= sum;
  }
  // Inputs of all classes lie further apart from their middles.
  void Blur(double spread) { spread_ = spread; }

  struct Prediction {
    int64_t winner = 0, truth = 0;
    double confidence = 0;
  };
  Prediction Next() {
    double u = Uniform(random_);
    size_t truth = 0;
    while (truth + 1 < kClasses && u >= shares_[truth]) u -= shares_[truth++];
    const double x = Middle(truth)[0] + spread_ * normal_(random_);
    const double y = Middle(truth)[1] + spread_ * normal_(random_);
    std::array<double, kClasses> scores;
    double sum = 0, largest = -1;
    int64_t winner = 0;
    for (size_t c = 0; c < kClasses; ++c) {
      const auto [mx, my] = Middle(c);
      const double distance = (x - mx) * (x - mx) + (y - my) * (y - my);
      scores[c] = std::exp(-distance / (2 * kTemperature));
      sum += scores[c];
      if (scores[c] <= largest) continue;
      largest = scores[c];
      winner = static_cast<int64_t>(c);
    }
    return {winner, static_cast<int64_t>(truth), largest / sum};
  }
  Judgement NextJudgement() {
    const Prediction prediction = Next();
    return {static_cast<float>(prediction.confidence), prediction.winner == prediction.truth};
  }

 private:
  static constexpr double kTemperature = 0.6;

  // On a spiral: some classes have near neighbours, others far ones.
  static std::array<double, 2> Middle(size_t c) {
    const double turn = 0.9 * static_cast<double>(c), radius = 1.5 + 0.45 * static_cast<double>(c);
    return {radius * std::cos(turn), radius * std::sin(turn)};
  }

  std::mt19937_64 random_;
  Normal normal_;
  Shares shares_;
  double spread_ = 1;
};

inline Calibration CalibrationOf(PredictionStream& stream, size_t count) {
  std::vector<Judgement> judgements;
  for (size_t i = 0; i < count; ++i) judgements.push_back(stream.NextJudgement());
  return *Calibration::Fit("scores", std::move(judgements));
}

}  // namespace insitu
