// The JSON of a monitor: snapshots and the detail of drift events. docs/monitoring.md lists every
// member; a member is added, never renamed, so that readers of older snapshots keep working.
#include <string_view>

#include "monitor/monitor.h"

namespace insitu {
namespace {

void WriteCount(JsonWriter& out, std::string_view key, uint64_t value) {
  out.Key(key).Integer(static_cast<int64_t>(value));
}

void WriteName(JsonWriter& out, std::string_view key, std::string_view name) {
  out.Key(key);
  name.empty() ? out.Null() : out.String(name);
}

}  // namespace

void Monitor::WriteAlarm(JsonWriter& out, const DriftWatch& watch, std::string_view slice) const {
  if (!watch.detector().alarm()) {
    out.Null();
    return;
  }
  const Alarm& alarm = *watch.detector().alarm();
  out.BeginObject();
  if (!slice.empty()) out.Key("slice").String(slice);
  WriteCount(out, "sample", alarm.sample);
  WriteCount(out, "since", alarm.since);
  out.Key("statistic").Number(alarm.statistic).Key("threshold");
  out.Number(watch.detector().threshold());
  out.Key("features").BeginArray();
  for (const FeatureEvidence& evidence : alarm.evidence) {
    const FeatureProfile& feature = options_.profile->features[evidence.feature];
    out.BeginObject().Key("name").String(feature.name);
    out.Key("share").Number(evidence.share).Key("shift").Number(evidence.shift);
    WriteCount(out, "since", evidence.since);
    out.Key("recentMean").Number(evidence.recent_mean);
    out.Key("profileMean").Number(feature.mean).EndObject();
  }
  out.EndArray().EndObject();
}

namespace {

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

// The members of a detector, within an object.
void WriteDetector(JsonWriter& out, const DriftWatch& watch) {
  const EsrDetector& detector = watch.detector();
  WriteCount(out, "samples", detector.samples());
  WriteCount(out, "keptEvery", watch.thinning().factor());
  out.Key("statistic").Number(detector.statistic());
  out.Key("threshold").Number(detector.threshold());
  out.Key("meter").Number(detector.meter()).Key("recovery").Number(detector.recovery());
}

void WriteIssues(JsonWriter& out, const std::array<uint64_t, kQualityIssues>& times) {
  out.Key("issues").BeginObject();
  for (size_t i = 0; i < kQualityIssues; ++i)
    if (times[i] > 0) WriteCount(out, Name(static_cast<QualityIssue>(i)), times[i]);
  out.EndObject();
}

}  // namespace

void Monitor::EmitDrift(const DriftWatch& watch, std::string_view slice) {
  JsonWriter out;
  WriteAlarm(out, watch, slice);
  Emit(MonitorEventKind::kDrift, out.Take());
}

void Monitor::EmitSlow() {
  JsonWriter out;
  WriteSlo(out);
  Emit(MonitorEventKind::kSlow, out.Take());
}

void Monitor::WriteDrift(JsonWriter& out) const {
  out.BeginObject().Key("state").String(state());
  out.Key("learning");
  if (state() == "learning") {
    out.BeginObject();
    WriteCount(out, "have", learner_->have());
    WriteCount(out, "need", learner_->need());
    WriteCount(out, "skipped", learner_->skipped());
    out.EndObject();
  } else {
    out.Null();
  }
  if (learner_ && !learner_->failure().empty()) out.Key("failure").String(learner_->failure());
  if (watch_) {
    const ReferenceProfile& profile = *options_.profile;
    out.Key("profile").BeginObject();
    WriteCount(out, "count", profile.count);
    out.Key("modelMatches");
    if (profile.model_sha256.empty() || options_.model_sha256.empty())
      out.Null();
    else
      out.Bool(profile.model_sha256 == options_.model_sha256);
    out.EndObject();
    WriteDetector(out, *watch_);
    out.Key("alarm");
    WriteAlarm(out, *watch_);
    out.Key("features").BeginArray();
    for (size_t k = 0; k < profile.features.size(); ++k)
      WriteFeature(out, watch_->detector(), profile.features[k], k);
    out.EndArray();
  }
  out.EndObject();
}

void Monitor::WriteQuality(JsonWriter& out) const {
  out.BeginObject();
  for (const auto& [name, quality] : quality_) {
    const auto times = [&](QualityIssue issue) {
      return quality.times[static_cast<size_t>(issue)];
    };
    out.Key(name).BeginObject();
    WriteCount(out, "checked", quality.checked);
    WriteCount(out, "nanSamples", times(QualityIssue::kNan));
    WriteCount(out, "nanValues", quality.nan_values);
    WriteCount(out, "infiniteSamples", times(QualityIssue::kInfinite));
    WriteCount(out, "infiniteValues", quality.infinite_values);
    WriteCount(out, "constantSamples", times(QualityIssue::kConstant));
    WriteIssues(out, quality.times);
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

void Monitor::WriteSlo(JsonWriter& out) const {
  if (!burn_rate_) {
    out.Null();
    return;
  }
  out.BeginObject().Key("state").String(burn_rate_->burning() ? "burning" : "kept");
  out.Key("p95Ms").Number(burn_rate_->options().p95_ms);
  out.Key("errorBudget").Number(burn_rate_->options().error_budget);
  WriteCount(out, "requests", burn_rate_->requests());
  WriteCount(out, "bad", burn_rate_->bad());
  out.Key("burnRates").BeginObject();
  for (size_t window : {size_t{20}, size_t{100}, BurnRate::kLongest}) {
    out.Key(std::to_string(window));
    const auto rate = burn_rate_->Rate(window);
    rate ? out.Number(*rate) : out.Null();
  }
  out.EndObject().EndObject();
}

void Monitor::WriteWorst(JsonWriter& out) const {
  out.BeginObject();
  WriteName(out, "latency", slices_.Slowest());
  WriteName(out, "drift", slices_.Strangest());
  WriteName(out, "quality", slices_.Poorest());
  out.EndObject();
}

void Monitor::WriteSlices(JsonWriter& out) const {
  out.BeginObject().Key("worst");
  WriteWorst(out);
  out.Key("all").BeginArray();
  for (const auto& slice : slices_.all()) {
    out.BeginObject().Key("name").String(slice->name);
    WriteCount(out, "requests", slice->requests);
    WriteCount(out, "failures", slice->failures);
    out.Key("infer");
    WriteLatency(out, slice->infer);
    out.Key("total");
    WriteLatency(out, slice->total);
    WriteCount(out, "judged", slice->judged);
    WriteCount(out, "withIssues", slice->with_issues);
    WriteIssues(out, slice->issues);
    out.Key("drift");
    if (slice->drift) {
      out.BeginObject().Key("state").String(Name(slice->drift->detector().state()));
      WriteDetector(out, *slice->drift);
      out.Key("alarm");
      WriteAlarm(out, *slice->drift);
      out.EndObject();
    } else {
      out.Null();
    }
    out.EndObject();
  }
  out.EndArray().EndObject();
}

std::string Monitor::SnapshotJson() const {
  JsonWriter out;
  out.BeginObject();
  WriteCount(out, "requests", requests_);
  WriteCount(out, "samples", samples_);
  WriteCount(out, "sampleEvery", options_.sample);
  out.Key("latency").BeginObject();
  latency_.WriteJson(out);
  out.Key("context").BeginObject();
  for (const auto& [name, value] : options_.context) out.Key(name).String(value);
  out.EndObject().EndObject();
  out.Key("slo");
  WriteSlo(out);
  out.Key("drift");
  WriteDrift(out);
  out.Key("quality");
  WriteQuality(out);
  out.Key("outputs");
  WriteOutputs(out);
  out.Key("accuracy");
  accuracy_.WriteJson(out);
  out.Key("slices");
  WriteSlices(out);
  out.EndObject();
  return out.Take();
}

}  // namespace insitu
