// Histograms, profiles and detectors without a model, on numbers handed over in scratch memory.
#include <memory>
#include <utility>

#include "instance.h"
#include "monitor/window_report.h"
#include "watch.h"

namespace insitu::bindings {
namespace {

Result<double> Reserve(double bytes) {
  Instance& instance = TheInstance();
  if (!(bytes >= 0 && bytes <= static_cast<double>(CurrentLimits().max_tensor_bytes))) {
    return Fail(ErrorCode::kLimitExceeded, "too many numbers in one call",
                "Hand them over in several calls.");
  }
  INSITU_ASSIGN(instance.scratch, Buffer::Allocate(static_cast<size_t>(bytes)));
  return ToNumber(instance.scratch.data());
}

// `count` numbers that were written to scratch memory.
template <class T>
Result<std::span<const T>> InScratch(int count) {
  const Buffer& scratch = TheInstance().scratch;
  if (count < 0 || static_cast<size_t>(count) > scratch.size() / sizeof(T))
    return Fail(ErrorCode::kInvalidArgument, "more numbers than were handed over");
  return std::span(reinterpret_cast<const T*>(scratch.data()), static_cast<size_t>(count));
}

Status Record(int handle, int count) {
  INSITU_ASSIGN(Histogram * histogram, TheInstance().histograms.Find(handle));
  INSITU_ASSIGN(const std::span<const double> times, InScratch<double>(count));
  for (double ms : times) histogram->Record(ms);
  return {};
}

Result<val> Quantiles(int handle, const val& qs) {
  INSITU_ASSIGN(const Histogram* histogram, TheInstance().histograms.Find(handle));
  val results = val::array();
  for (double q : emscripten::vecFromJSArray<double>(qs)) {
    const std::optional<double> ms = histogram->Quantile(q);
    results.call<void>("push", ms ? val(*ms) : val::null());
  }
  return results;
}

Status Merge(int handle, int other_handle) {
  INSITU_ASSIGN(Histogram * histogram, TheInstance().histograms.Find(handle));
  INSITU_ASSIGN(const Histogram* other, TheInstance().histograms.Find(other_handle));
  histogram->Merge(*other);
  return {};
}

Result<std::string> MakeProfile(int count, const val& features) {
  INSITU_ASSIGN(const std::span<const float> rows, InScratch<float>(count));
  const std::vector<std::string> names = ToStrings(features);
  INSITU_ASSIGN(const ReferenceProfile profile, ReferenceProfile::FromRows(rows, names));
  return profile.ToJson();
}

Result<std::string> Merged(const val& texts) {
  std::vector<ReferenceProfile> profiles;
  for (const std::string& text : ToStrings(texts)) {
    INSITU_ASSIGN(ReferenceProfile profile, ReferenceProfile::FromJson(text));
    profiles.push_back(std::move(profile));
  }
  INSITU_ASSIGN(const ReferenceProfile merged, ReferenceProfile::Merge(profiles));
  return merged.ToJson();
}

Result<int> MakeDetector(const std::string& json, const val& js_options) {
  INSITU_ASSIGN(const ReferenceProfile profile, ReferenceProfile::FromJson(json));
  INSITU_ASSIGN(const DetectorMethod method,
                DetectorMethodOf(js_options["method"].as<std::string>()));
  DetectorOptions options;
  options.false_alarm_every = js_options["falseAlarmEvery"].as<double>();
  auto stream = std::make_unique<StreamDetector>();
  INSITU_ASSIGN(stream->detector, Detector::Create(profile, method, options));
  if (js_options["correlated"].as<bool>()) stream->thinning.emplace(profile.features.size());
  return TheInstance().detectors.Add(std::move(stream));
}

Result<std::string> Compare(const std::string& json, int count) {
  INSITU_ASSIGN(const ReferenceProfile profile, ReferenceProfile::FromJson(json));
  INSITU_ASSIGN(const std::span<const float> rows, InScratch<float>(count));
  INSITU_ASSIGN(const WindowReport report, WindowReport::Compare(profile, rows));
  return report.ToJson();
}

Result<val> Update(int handle, int count) {
  INSITU_ASSIGN(StreamDetector * stream, TheInstance().detectors.Find(handle));
  INSITU_ASSIGN(const std::span<const float> numbers, InScratch<float>(count));
  Detector& detector = *stream->detector;
  const size_t features = detector.features();
  if (numbers.size() % features != 0) {
    return Fail(
        ErrorCode::kShapeMismatch,
        std::to_string(count) + " numbers are no rows of " + std::to_string(features) + " features",
        "Pass as many numbers a row as the profile has features.");
  }
  val alarm_at = val::null();
  std::vector<double> row(features);
  for (size_t i = 0; i < numbers.size() / features; ++i) {
    const auto values = numbers.subspan(i * features, features);
    row.assign(values.begin(), values.end());
    const Detector::Change change =
        stream->thinning ? UpdateThinned(detector, *stream->thinning, row) : detector.Update(row);
    if (change == Detector::Change::kDrift && alarm_at.isNull())
      alarm_at = val(static_cast<double>(i));
  }
  val result = val::object();
  result.set("alarmAt", alarm_at);
  result.set("state", std::string(Name(detector.state())));
  return result;
}

}  // namespace

val Scratch(double bytes) { return Answer(Reserve(bytes)); }

val CreateHistogram(double clock_step_ms) {
  return Ok(val(TheInstance().histograms.Add(std::make_unique<Histogram>(clock_step_ms))));
}

val HistogramRecord(int histogram, int count) { return Answer(Record(histogram, count)); }

val HistogramQuantiles(int histogram, val qs) { return Answer(Quantiles(histogram, qs)); }

val HistogramMerge(int histogram, int other) { return Answer(Merge(histogram, other)); }

val HistogramJson(int histogram) {
  const auto found = TheInstance().histograms.Find(histogram);
  return found ? Ok(val((*found)->ToJson())) : Failed(found.error());
}

val CreateProfile(int count, val features) { return Answer(MakeProfile(count, features)); }

val MergeProfiles(val profiles) { return Answer(Merged(profiles)); }

val CreateDetector(std::string profile, val options) {
  return Answer(MakeDetector(profile, options));
}

val CompareWindow(std::string profile, int count) { return Answer(Compare(profile, count)); }

val DetectorUpdate(int detector, int count) { return Answer(Update(detector, count)); }

val DetectorReset(int detector) {
  const auto found = TheInstance().detectors.Find(detector);
  if (!found) return Failed(found.error());
  (*found)->detector->Reset();
  if ((*found)->thinning) (*found)->thinning->Reset();
  return Ok(val::undefined());
}

void DisposeWatch(std::string kind, int handle) {
  if (kind == "histogram") TheInstance().histograms.Erase(handle);
  if (kind == "detector") TheInstance().detectors.Erase(handle);
}

}  // namespace insitu::bindings
