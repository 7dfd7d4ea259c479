// Fitting, reading and writing calibrations.
#include "monitor/calibration.h"

#include <algorithm>
#include <utility>

#include "base/compact_sort.h"
#include "monitor/json_fields.h"

namespace insitu {
namespace {

constexpr size_t kPerBin = 50;
constexpr size_t kMaximumLabelNames = 4096;

struct Bin {
  double confidences = 0, correct = 0, count = 0;

  double accuracy() const { return correct / count; }
  void Add(const Bin& other) {
    confidences += other.confidences;
    correct += other.correct;
    count += other.count;
  }
};

}  // namespace

Result<Calibration> Calibration::Fit(std::string output, std::vector<Judgement> judgements) {
  if (judgements.size() < kMinimumLabels)
    return Fail(ErrorCode::kInvalidArgument,
                "a calibration needs " + std::to_string(kMinimumLabels) +
                    " labelled predictions, not " + std::to_string(judgements.size()));
  CompactSort(judgements, {}, &Judgement::confidence);
  const size_t count = judgements.size();
  const size_t wanted = std::min(count / kPerBin, kMaximumPoints);
  std::vector<Bin> pooled;
  Bin all;
  size_t begin = 0;
  for (size_t b = 1; b <= wanted; ++b) {
    // Equal confidences stay together.
    size_t end = std::max(b * count / wanted, begin);
    while (end > begin && end < count &&
           judgements[end].confidence == judgements[end - 1].confidence)
      ++end;
    if (end == begin) continue;
    Bin& bin = pooled.emplace_back();
    for (; begin < end; ++begin)
      bin.Add({static_cast<double>(judgements[begin].confidence),
               static_cast<double>(judgements[begin].correct), 1});
    all.Add(bin);
    while (pooled.size() > 1 && pooled.back().accuracy() < pooled[pooled.size() - 2].accuracy()) {
      const Bin last = pooled.back();
      pooled.pop_back();
      pooled.back().Add(last);
    }
  }
  Calibration calibration{std::move(output), count, all.accuracy(), {}, {}};
  for (const Bin& bin : pooled)
    calibration.points.push_back({bin.confidences / bin.count, bin.accuracy()});
  return calibration;
}

double Calibration::Probability(double confidence) const {
  const auto above = std::ranges::lower_bound(points, confidence, {}, &Point::confidence);
  if (above == points.begin()) return points.front().accuracy;
  if (above == points.end()) return points.back().accuracy;
  const Point& below = *(above - 1);
  const double way = (confidence - below.confidence) / (above->confidence - below.confidence);
  return below.accuracy + way * (above->accuracy - below.accuracy);
}

Result<Calibration> Calibration::FromJson(const Json& json) {
  const JsonFields fields(json, "profile accuracy");
  Calibration calibration;
  INSITU_ASSIGN(calibration.output, fields.String("output"));
  INSITU_ASSIGN(calibration.count, fields.Count("count"));
  if (calibration.count < kMinimumLabels) return fields.Wrong("count", "must be 500 or more");
  INSITU_ASSIGN(calibration.accuracy, fields.Number("accuracy", 0, 1));
  INSITU_ASSIGN(const Json::Array* points, fields.Array("points"));
  if (points->empty() || points->size() > kMaximumPoints)
    return fields.Wrong("points", "must be 1 to 32 pairs");
  for (const Json& pair : *points) {
    const Json::Array* numbers = pair.AsArray();
    const double* x = numbers && numbers->size() == 2 ? (*numbers)[0].AsNumber() : nullptr;
    const double* y = x ? (*numbers)[1].AsNumber() : nullptr;
    const Point before = calibration.points.empty() ? Point{-1, 0} : calibration.points.back();
    if (!y || !(*x >= 0 && *x > before.confidence && *x <= 1 && *y >= before.accuracy && *y <= 1))
      return fields.Wrong("points", "must be pairs of confidence and accuracy that ascend, 0 to 1");
    calibration.points.push_back({*x, *y});
  }
  if (!json.Find("labels")) return calibration;
  INSITU_ASSIGN(const Json::Array* labels, fields.Array("labels"));
  if (labels->size() > kMaximumLabelNames) return fields.Wrong("labels", "must be 4,096 at most");
  for (const Json& label : *labels) {
    if (!label.AsString()) return fields.Wrong("labels", "must be strings");
    calibration.labels.push_back(*label.AsString());
  }
  return calibration;
}

void Calibration::WriteJson(JsonWriter& out) const {
  out.BeginObject().Key("output").String(output);
  out.Key("count").Integer(static_cast<int64_t>(count)).Key("accuracy").Number(accuracy);
  out.Key("points").BeginArray();
  for (const auto& [confidence, its_accuracy] : points)
    out.BeginArray().Number(confidence).Number(its_accuracy).EndArray();
  out.EndArray();
  if (!labels.empty()) {
    out.Key("labels").BeginArray();
    for (const std::string& label : labels) out.String(label);
    out.EndArray();
  }
  out.EndObject();
}

}  // namespace insitu
