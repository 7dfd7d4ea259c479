// The JSON of a monitor: snapshots and the detail of drift events. docs/monitoring.md lists every
// member; a member is added, never renamed, so that readers of older snapshots keep working.
#include <string_view>

#include "monitor/monitor.h"

namespace insitu {
namespace {

void WriteCount(JsonWriter& out, std::string_view key, uint64_t value) {
  out.Key(key).Integer(static_cast<int64_t>(value));
}

void WriteAlarm(JsonWriter& out, const Alarm& alarm, const ReferenceProfile& profile,
                double threshold) {
  out.BeginObject();
  WriteCount(out, "sample", alarm.sample);
  WriteCount(out, "since", alarm.since);
  out.Key("statistic").Number(alarm.statistic).Key("threshold").Number(threshold);
  out.Key("features").BeginArray();
  for (const FeatureEvidence& evidence : alarm.evidence) {
    const FeatureProfile& feature = profile.features[evidence.feature];
    out.BeginObject().Key("name").String(feature.name);
    out.Key("share").Number(evidence.share).Key("shift").Number(evidence.shift);
    WriteCount(out, "since", evidence.since);
    out.Key("recentMean").Number(evidence.recent_mean);
    out.Key("profileMean").Number(feature.mean).EndObject();
  }
  out.EndArray().EndObject();
}

void WriteFeature(JsonWriter& out, const EsrDetector& detector, const FeatureProfile& profile,
                  size_t index) {
  const FeatureEvidence evidence = detector.Evidence(index);
  out.BeginObject().Key("name").String(profile.name);
  WriteCount(out, "observed", detector.observed(index));
  out.Key("value").Number(detector.value(index));
  out.Key("recentMean").Number(evidence.recent_mean);
  out.Key("profileMean").Number(profile.mean).Key("profileStd").Number(profile.std);
  out.Key("shift").Number(evidence.shift).Key("evidence").Number(evidence.share);
  out.Key("meter").Number(detector.FeatureMeter(index));
  out.Key("tolerance").Bool(profile.tolerance.has_value()).EndObject();
}

}  // namespace

void Monitor::EmitDrift() {
  JsonWriter out;
  WriteAlarm(out, *detector_->alarm(), *options_.profile, detector_->threshold());
  Emit(MonitorEventKind::kDrift, out.Take());
}

void Monitor::WriteDrift(JsonWriter& out) const {
  out.BeginObject().Key("state").String(state());
  out.Key("learning");
  if (state() == "learning") {
    out.BeginObject();
    WriteCount(out, "have", learnt_);
    WriteCount(out, "need", options_.learn);
    WriteCount(out, "skipped", learn_skipped_);
    out.EndObject();
  } else {
    out.Null();
  }
  if (!learn_failure_.empty()) out.Key("failure").String(learn_failure_);
  if (detector_) {
    const ReferenceProfile& profile = *options_.profile;
    out.Key("profile").BeginObject();
    WriteCount(out, "count", profile.count);
    out.Key("modelMatches");
    if (profile.model_sha256.empty() || options_.model_sha256.empty())
      out.Null();
    else
      out.Bool(profile.model_sha256 == options_.model_sha256);
    out.EndObject();
    WriteCount(out, "samples", detector_->samples());
    WriteCount(out, "keptEvery", thinning_->factor());
    out.Key("statistic").Number(detector_->statistic());
    out.Key("threshold").Number(detector_->threshold());
    out.Key("meter").Number(detector_->meter()).Key("recovery").Number(detector_->recovery());
    out.Key("alarm");
    if (detector_->alarm())
      WriteAlarm(out, *detector_->alarm(), profile, detector_->threshold());
    else
      out.Null();
    out.Key("features").BeginArray();
    for (size_t k = 0; k < detector_->features(); ++k)
      WriteFeature(out, *detector_, profile.features[k], k);
    out.EndArray();
  }
  out.EndObject();
}

void Monitor::WriteQuality(JsonWriter& out) const {
  out.BeginObject();
  for (const auto& [name, quality] : quality_) {
    out.Key(name).BeginObject();
    WriteCount(out, "checked", quality.checked);
    WriteCount(out, "nanSamples", quality.nan_samples);
    WriteCount(out, "nanValues", quality.nan_values);
    WriteCount(out, "infiniteSamples", quality.infinite_samples);
    WriteCount(out, "infiniteValues", quality.infinite_values);
    WriteCount(out, "constantSamples", quality.constant_samples);
    out.EndObject();
  }
  out.EndObject();
}

void Monitor::WriteOutputs(JsonWriter& out) const {
  out.BeginObject();
  for (const auto& [name, classes] : classes_) {
    out.Key(name).BeginObject();
    out.Key("kind").String(Name(classes.reading.kind));
    out.Key("because").String(classes.reading.because);
    out.Key("classes").BeginObject();
    for (size_t i = 0; i < classes.counts.size(); ++i)
      if (classes.counts[i] > 0) WriteCount(out, std::to_string(i), classes.counts[i]);
    out.EndObject().EndObject();
  }
  out.EndObject();
}

std::string Monitor::SnapshotJson() const {
  JsonWriter out;
  out.BeginObject();
  WriteCount(out, "requests", requests_);
  WriteCount(out, "samples", samples_);
  WriteCount(out, "sampleEvery", options_.sample);
  out.Key("latency");
  latency_.WriteJson(out);
  out.Key("drift");
  WriteDrift(out);
  out.Key("quality");
  WriteQuality(out);
  out.Key("outputs");
  WriteOutputs(out);
  out.EndObject();
  return out.Take();
}

}  // namespace insitu
