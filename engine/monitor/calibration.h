// Calibration: how often a classifier is right where it is so confident. Confidences of networks
// are too large, as a rule; what they are worth is measured once, on labelled inputs. Invariant:
// both coordinates of the points ascend, so a larger confidence never means less. Equal-count bins
// made monotone by pool-adjacent-violators (Zadrozny and Elkan, 2002).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/archive.h"
#include "base/error.h"
#include "base/json.h"

namespace insitu {

// A prediction whose truth is known.
struct Judgement {
  float confidence = 0;  // the largest probability, 0..1
  bool correct = false;

  void Transfer(Archive& archive) { archive(confidence, correct); }
};

struct Calibration {
  static constexpr uint64_t kMinimumLabels = 500;
  static constexpr size_t kMaximumPoints = 32;

  struct Point {
    double confidence = 0, accuracy = 0;

    void Transfer(Archive& archive) { archive(confidence, accuracy); }
  };

  std::string output;               // whose scores these are
  uint64_t count = 0;               // of labelled predictions it was made from
  double accuracy = 0;              // of those
  std::vector<Point> points;        // confidences ascend, accuracies do not fall
  std::vector<std::string> labels;  // names of the classes, where they have any

  // InvalidArgument for fewer than kMinimumLabels.
  static Result<Calibration> Fit(std::string output, std::vector<Judgement> judgements);
  // The probability that a prediction of this confidence is right: between points on a line, beyond
  // them as the outermost.
  double Probability(double confidence) const;

  // {"output","count","accuracy","points":[[confidence, accuracy],..],"labels":[..]}
  // InvalidArgument with the member that is wrong.
  static Result<Calibration> FromJson(const Json& json);
  void WriteJson(JsonWriter& out) const;
  void Transfer(Archive& archive) { archive(output, count, accuracy, points, labels); }
};

}  // namespace insitu
