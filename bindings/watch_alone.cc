// Histograms, profiles and detectors without a model, on numbers handed over in scratch memory.
#include <memory>
#include <utility>

#include "instance.h"
#include "watch.h"

namespace insitu::bindings {
namespace {

Result<double> Reserve(double bytes) {
  Instance& instance = TheInstance();
  if (!(bytes >= 0 && bytes <= static_cast<double>(kDefaultLimits.max_tensor_bytes))) {
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

Result<int> MakeDetector(const std::string& json, double false_alarm_every) {
  INSITU_ASSIGN(const ReferenceProfile profile, ReferenceProfile::FromJson(json));
  EsrOptions options;
  options.false_alarm_every = false_alarm_every;
  INSITU_ASSIGN(EsrDetector detector, EsrDetector::Create(profile, options));
  return TheInstance().detectors.Add(std::make_unique<EsrDetector>(std::move(detector)));
}

Result<val> Update(int handle, int count) {
  INSITU_ASSIGN(EsrDetector * detector, TheInstance().detectors.Find(handle));
  INSITU_ASSIGN(const std::span<const float> numbers, InScratch<float>(count));
  const size_t features = detector->features();
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
    if (detector->Update(row) == EsrDetector::Change::kDrift && alarm_at.isNull())
      alarm_at = val(static_cast<double>(i));
  }
  val result = val::object();
  result.set("alarmAt", alarm_at);
  result.set("state", std::string(Name(detector->state())));
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

val CreateDetector(std::string profile, double false_alarm_every) {
  return Answer(MakeDetector(profile, false_alarm_every));
}

val DetectorUpdate(int detector, int count) { return Answer(Update(detector, count)); }

val DetectorReset(int detector) {
  const auto found = TheInstance().detectors.Find(detector);
  if (!found) return Failed(found.error());
  (*found)->Reset();
  return Ok(val::undefined());
}

void DisposeWatch(std::string kind, int handle) {
  if (kind == "histogram") TheInstance().histograms.Erase(handle);
  if (kind == "detector") TheInstance().detectors.Erase(handle);
}

}  // namespace insitu::bindings
