// Accuracy: how often a classifier is right, estimated without labels and counted where labels come
// later.
// Without labels: the mean of what its confidences are worth (confidence-based performance
// estimation), over the last kWindow predictions. With them: counts, and a detector of the error
// rate. Where no calibration is given, one is made of the first labels.
// Invariant: fixed memory; of a prediction only its number of a class and its confidence are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "monitor/calibration.h"
#include "monitor/error_rate.h"

namespace insitu {

class Accuracy {
 public:
  static constexpr size_t kWindow = 2'000;      // predictions of an estimate
  static constexpr uint64_t kLeast = 100;       // predictions before there is one
  static constexpr size_t kRemembered = 1'024;  // predictions that can be labelled later
  static constexpr size_t kLongestId = 128;
  static constexpr size_t kMostLabels = 20'000;

  // The truth about a prediction: the number of the class, or its name.
  using Label = std::variant<double, std::string>;

  explicit Accuracy(double false_alarm_every) : false_alarm_every_(false_alarm_every) {}

  void Use(Calibration calibration);
  // A prediction of a single row; `id` is what the label will come with, empty: none will.
  // Of several outputs the calibrated one counts, or the first ever seen.
  void Observe(std::string_view output, int64_t winner, double confidence, std::string_view id);
  // InvalidArgument for an id that is not among the last kRemembered, and for labels that name no
  // class. `waits`: more labels are to come, kMostLabels at most, before a calibration is made.
  Result<Detector::Change> Feedback(std::string_view id, const Label& label, bool waits = false);
  // Forgets predictions and labels; a calibration stays.
  void Reset();
  void Transfer(Archive& archive);

  const std::optional<Calibration>& calibration() const { return calibration_; }
  const std::optional<ErrorRateDetector>& errors() const { return errors_; }
  uint64_t labelled() const { return labelled_; }
  uint64_t correct() const { return correct_; }

  struct Estimate {
    double value = 0, low = 0, high = 0;  // with 95 % confidence
    uint64_t count = 0;                   // of predictions
  };
  // nullopt without a calibration, or before kLeast predictions.
  std::optional<Estimate> estimate() const;

  // null before anything is known; else {"output","reference","estimate":{..},"labelled",..}.
  void WriteJson(JsonWriter& out) const;
  // The members of an alarm of the error rate, within an object.
  void WriteAlarm(JsonWriter& out) const;

 private:
  struct Prediction {
    std::string id;
    int64_t winner = 0;
    float confidence = 0;

    void Transfer(Archive& archive) { archive(id, winner, confidence); }
  };

  Result<int64_t> ClassOf(const Label& label) const;

  double false_alarm_every_;
  std::string output_;
  std::optional<Calibration> calibration_;
  std::optional<ErrorRateDetector> errors_;
  std::vector<float> window_;            // a ring of confidences
  std::vector<Prediction> predictions_;  // a ring
  std::vector<Judgement> judgements_;    // while there is no calibration
  uint64_t observed_ = 0, remembered_ = 0, labelled_ = 0, correct_ = 0;
};

}  // namespace insitu
