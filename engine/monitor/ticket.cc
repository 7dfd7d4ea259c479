// The retraining ticket: what a data scientist needs to know when inputs have moved, as JSON: what
// moved and by how much, the latest values of those statistics, how sure and how right the model
// is. Invariant: it holds statistics alone, never an input, and nothing that the caller named but
// slices and features.
#include <algorithm>
#include <cmath>

#include "base/compact_sort.h"
#include "monitor/monitor.h"

namespace insitu {
namespace {

constexpr size_t kExamples = 10;
constexpr size_t kMoved = 16;
constexpr std::array kLevels = {0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99};

// The values at kLevels of an ascending sequence; none of an empty one.
template <class Values>
void WriteQuantiles(JsonWriter& out, const Values& sorted) {
  out.BeginArray();
  if (sorted.empty()) {
    out.EndArray();
    return;
  }
  for (double level : kLevels) {
    const auto at = static_cast<size_t>(level * static_cast<double>(sorted.size()));
    out.Number(static_cast<double>(sorted[std::min(at, sorted.size() - 1)]));
  }
  out.EndArray();
}

}  // namespace

void Monitor::WriteMoved(JsonWriter& out) const {
  const EsrDetector& detector = watch_->detector();
  std::vector<FeatureEvidence> moved;
  uint64_t since = 0;
  if (detector.alarm()) {
    moved = detector.alarm()->evidence;
    since = detector.alarm()->since;
  } else {
    for (size_t k = 0; k < detector.features(); ++k) moved.push_back(detector.Evidence(k));
    CompactSort(moved, std::ranges::greater{}, &FeatureEvidence::share);
  }
  if (moved.size() > kMoved) moved.resize(kMoved);
  out.BeginArray();
  for (const FeatureEvidence& evidence : moved) {
    const FeatureProfile& feature = options_.profile->features[evidence.feature];
    std::vector<double> recent = detector.Recent(evidence.feature, since);
    out.BeginObject().Key("name").String(feature.name).Key("share").Number(evidence.share);
    out.Key("shift").Number(evidence.shift);
    out.Key("profile").BeginObject().Key("mean").Number(feature.mean);
    out.Key("std").Number(feature.std).Key("quantiles");
    WriteQuantiles(out, feature.knots);
    out.EndObject().Key("recent").BeginObject();
    out.Key("count").Integer(static_cast<int64_t>(recent.size()));
    out.Key("examples").BeginArray();
    for (size_t i = 0; i < std::min(recent.size(), kExamples); ++i) out.Number(recent[i]);
    out.EndArray().Key("quantiles");
    std::ranges::sort(recent);
    WriteQuantiles(out, recent);
    out.EndObject().EndObject();
  }
  out.EndArray();
}

std::string Monitor::TicketJson(double now_unix_ms) const {
  JsonWriter out;
  out.BeginObject().Key("format").String("insitu-ticket").Key("version").Integer(1);
  out.Key("madeAt").Number(now_unix_ms).Key("watchedSince").Number(options_.start_unix_ms);
  out.Key("model").BeginObject().Key("sha256");
  options_.model_sha256.empty() ? out.Null() : out.String(options_.model_sha256);
  out.EndObject().Key("context").BeginObject();
  for (const auto& [name, value] : options_.context) out.Key(name).String(value);
  out.EndObject();
  out.Key("requests").Integer(static_cast<int64_t>(requests_));
  out.Key("samples").Integer(static_cast<int64_t>(samples_));
  out.Key("state").String(state()).Key("levels").BeginArray();
  for (double level : kLevels) out.Number(level);
  out.EndArray().Key("alarm");
  if (watch_) {
    WriteAlarm(out, *watch_);
    out.Key("moved");
    WriteMoved(out);
  } else {
    out.Null().Key("moved").BeginArray().EndArray();
  }
  out.Key("accuracy");
  accuracy_.WriteJson(out);
  out.Key("outputs");
  WriteOutputs(out);
  out.Key("quality");
  WriteQuality(out);
  out.Key("latency").BeginObject();
  for (Stage stage : {Stage::kInfer, Stage::kTotal}) {
    out.Key(Name(stage));
    WriteLatency(out, latency_.of(Phase::kWarm, stage));
  }
  out.EndObject().Key("worstSlices");
  WriteWorst(out);
  return out.EndObject().Take();
}

}  // namespace insitu
