// What all detectors ask of profiles and options, and the choice among them.
#include "monitor/detector.h"

#include "monitor/cusum.h"
#include "monitor/esr.h"
#include "monitor/ks_window.h"

namespace insitu {
namespace {

template <class T>
Result<std::unique_ptr<Detector>> Make(const ReferenceProfile& profile,
                                       const DetectorOptions& options) {
  INSITU_ASSIGN(T detector, T::Create(profile, options));
  return std::make_unique<T>(std::move(detector));
}

}  // namespace

Result<DetectorMethod> DetectorMethodOf(std::string_view name) {
  if (name == "auto" || name == "esr") return DetectorMethod::kEsr;
  if (name == "cusum") return DetectorMethod::kCusum;
  if (name == "ks") return DetectorMethod::kKs;
  return Fail(ErrorCode::kInvalidArgument, "'" + std::string(name) + "' is no method of detection",
              "Known: auto, esr, cusum, ks.");
}

std::string_view Name(DriftState state) { return state == DriftState::kCalm ? "calm" : "drifting"; }

Result<std::unique_ptr<Detector>> Detector::Create(const ReferenceProfile& profile,
                                                   DetectorMethod method,
                                                   const DetectorOptions& options) {
  switch (method) {
    case DetectorMethod::kCusum:
      return Make<CusumDetector>(profile, options);
    case DetectorMethod::kKs:
      return Make<KsDetector>(profile, options);
    case DetectorMethod::kEsr:
      break;
  }
  return Make<EsrDetector>(profile, options);
}

Status Detector::Check(const ReferenceProfile& profile, const DetectorOptions& options) {
  if (profile.features.empty() || profile.count < kMinimumProfileRows)
    return Fail(ErrorCode::kInvalidArgument,
                "a detector needs a profile with features, made from 256 rows or more");
  if (!(options.false_alarm_every >= 10 && options.false_alarm_every <= 1e12))
    return Fail(ErrorCode::kInvalidArgument, "falseAlarmEvery must be from 10 to 1e12 samples");
  return {};
}

double Detector::FalseAlarmEvery(const ReferenceProfile& profile, const DetectorOptions& options) {
  return options.false_alarm_every * (profile.count < kFullProfileRows ? kShortProfileFactor : 1.0);
}

}  // namespace insitu
