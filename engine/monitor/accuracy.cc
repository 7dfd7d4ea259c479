// Predictions in rings, labels against them, and what both say.
#include "monitor/accuracy.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace insitu {
namespace {

constexpr double kTwoSided95 = 1.96;  // standard errors

}  // namespace

void Accuracy::Use(Calibration calibration) {
  const auto count = static_cast<double>(calibration.count);
  const auto wrong = static_cast<uint64_t>(std::round((1 - calibration.accuracy) * count));
  errors_.emplace(wrong, calibration.count, false_alarm_every_);
  output_ = calibration.output;
  calibration_ = std::move(calibration);
}

void Accuracy::Observe(std::string_view output, int64_t winner, double confidence,
                       std::string_view id) {
  if (output_.empty()) output_ = output;
  if (output != output_) return;
  const auto kept =
      static_cast<float>(std::min(confidence, 1.0));  // rounded ones may add up to more
  if (window_.size() < kWindow) window_.emplace_back();
  window_[observed_++ % kWindow] = kept;
  if (id.empty()) return;
  for (Prediction& earlier : predictions_)
    if (earlier.id == id.substr(0, kLongestId)) earlier.id.clear();
  if (predictions_.size() < kRemembered) predictions_.emplace_back();
  predictions_[remembered_++ % kRemembered] = {std::string(id.substr(0, kLongestId)), winner, kept};
}

Result<int64_t> Accuracy::ClassOf(const Label& label) const {
  if (const double* number = std::get_if<double>(&label)) {
    if (*number >= 0 && *number == std::floor(*number) && *number <= 1e9)
      return static_cast<int64_t>(*number);
    return Fail(ErrorCode::kInvalidArgument, "the label is no number of a class",
                "Classes are numbered from 0, in the order of the output.");
  }
  const std::string& name = std::get<std::string>(label);
  if (calibration_) {
    const auto found = std::ranges::find(calibration_->labels, name);
    if (found != calibration_->labels.end()) return found - calibration_->labels.begin();
  }
  return Fail(ErrorCode::kInvalidArgument, "no class is called '" + name + "'",
              "Pass the number of the class, or a profile whose accuracy.labels name them.");
}

Result<Detector::Change> Accuracy::Feedback(std::string_view id, const Label& label, bool waits) {
  INSITU_ASSIGN(const int64_t truth, ClassOf(label));
  const std::string_view kept = id.substr(0, kLongestId);
  const auto found = std::ranges::find(predictions_, kept, &Prediction::id);
  if (kept.empty() || found == predictions_.end())
    return Fail(ErrorCode::kInvalidArgument,
                "no prediction is known by the id '" + std::string(kept) + "'",
                "Pass the id of one of the last 1,024 runs that had one, whose output holds the "
                "scores of classes of a single row; each takes one label.");
  const bool correct = found->winner == truth;
  const Judgement judgement{found->confidence, correct};
  found->id.clear();
  ++labelled_;
  correct_ += correct;
  if (errors_) return errors_->Update(!correct);
  judgements_.push_back(judgement);
  const size_t wanted = waits ? kMostLabels : Calibration::kMinimumLabels;
  if (judgements_.size() >= wanted) {
    INSITU_ASSIGN(Calibration calibration,
                  Calibration::Fit(output_, std::exchange(judgements_, {})));
    Use(std::move(calibration));
  }
  return Detector::Change::kNone;
}

void Accuracy::Reset() {
  window_.clear();
  predictions_.clear();
  judgements_.clear();
  observed_ = remembered_ = labelled_ = correct_ = 0;
  if (errors_) errors_->Reset();
}

void Accuracy::Transfer(Archive& archive) {
  archive(output_, calibration_);
  if (calibration_ && archive.reads()) Use(*std::exchange(calibration_, std::nullopt));
  if (errors_) archive(*errors_);
  archive(window_, predictions_, judgements_, observed_, remembered_, labelled_, correct_);
  if (window_.size() != std::min<uint64_t>(observed_, kWindow) ||
      predictions_.size() != std::min<uint64_t>(remembered_, kRemembered))
    archive.MarkFailed();
}

std::optional<Accuracy::Estimate> Accuracy::estimate() const {
  if (!calibration_ || observed_ < kLeast) return std::nullopt;
  double sum = 0, variance = 0;
  for (float confidence : window_) {
    const double p = calibration_->Probability(static_cast<double>(confidence));
    sum += p;
    variance += p * (1 - p);
  }
  const auto n = static_cast<double>(window_.size());
  const double reference = calibration_->accuracy;
  // That of the predictions themselves, and that of the labels behind the calibration.
  const double error = std::sqrt(variance / n / n + reference * (1 - reference) /
                                                        static_cast<double>(calibration_->count));
  const double value = sum / n;
  return Estimate{value, std::max(value - kTwoSided95 * error, 0.0),
                  std::min(value + kTwoSided95 * error, 1.0), window_.size()};
}

void Accuracy::WriteJson(JsonWriter& out) const {
  if (observed_ == 0 && !calibration_) {
    out.Null();
    return;
  }
  out.BeginObject().Key("output").String(output_);
  out.Key("reference");
  calibration_ ? out.Number(calibration_->accuracy) : out.Null();
  out.Key("estimate");
  if (const auto now = estimate()) {
    out.BeginObject().Key("value").Number(now->value);
    out.Key("low").Number(now->low).Key("high").Number(now->high);
    out.Key("predictions").Integer(static_cast<int64_t>(now->count)).EndObject();
  } else {
    out.Null();
  }
  out.Key("labelled").Integer(static_cast<int64_t>(labelled_));
  out.Key("correct").Integer(static_cast<int64_t>(correct_));
  out.Key("learning");
  if (calibration_) {
    out.Null();
  } else {
    out.BeginObject().Key("have").Integer(static_cast<int64_t>(judgements_.size()));
    out.Key("need").Integer(static_cast<int64_t>(Calibration::kMinimumLabels)).EndObject();
  }
  out.Key("errors");
  if (errors_) {
    out.BeginObject().Key("state").String(Name(errors_->state()));
    out.Key("expectedRate").Number(errors_->expected());
    out.Key("recentRate").Number(errors_->recent());
    out.Key("alarm");
    if (errors_->alarm()) {
      out.BeginObject();
      WriteAlarm(out);
      out.EndObject();
    } else {
      out.Null();
    }
    out.EndObject();
  } else {
    out.Null();
  }
  out.EndObject();
}

void Accuracy::WriteAlarm(JsonWriter& out) const {
  const ErrorRateAlarm& alarm = *errors_->alarm();
  out.Key("cause").String("errors");
  out.Key("sample").Integer(static_cast<int64_t>(alarm.sample));
  out.Key("since").Integer(static_cast<int64_t>(alarm.since));
  out.Key("statistic").Number(alarm.statistic).Key("threshold").Number(errors_->threshold());
  out.Key("features").BeginArray().BeginObject().Key("name").String(output_ + ".errors");
  out.Key("share").Number(1).Key("shift").Null();
  out.Key("since").Integer(static_cast<int64_t>(alarm.since));
  out.Key("recentMean").Number(alarm.recent).Key("profileMean").Number(errors_->expected());
  out.EndObject().EndArray();
}

}  // namespace insitu
