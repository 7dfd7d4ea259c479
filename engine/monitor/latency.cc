// Stage histograms of a session and their JSON form.
#include "monitor/latency.h"

#include <string>

namespace insitu {
namespace {

struct Percentile {
  const char* name;
  double q;
};
constexpr std::array kPercentiles = {Percentile{"p50", 0.5}, Percentile{"p90", 0.9},
                                     Percentile{"p95", 0.95}, Percentile{"p99", 0.99}};

void WriteOptional(JsonWriter& out, std::string_view key, std::optional<double> value) {
  out.Key(key);
  value ? out.Number(*value) : out.Null();
}

}  // namespace

void WriteLatency(JsonWriter& out, const Histogram& histogram) {
  out.BeginObject();
  out.Key("count").Integer(static_cast<int64_t>(histogram.count()));
  out.Key("belowStep").Integer(static_cast<int64_t>(histogram.below_step()));
  WriteOptional(out, "minMs", histogram.min_ms());
  WriteOptional(out, "meanMs",
                histogram.count() == 0
                    ? std::nullopt
                    : std::optional(histogram.sum_ms() / static_cast<double>(histogram.count())));
  WriteOptional(out, "maxMs", histogram.max_ms());
  for (const Percentile& percentile : kPercentiles)
    WriteOptional(out, percentile.name, histogram.Quantile(percentile.q));
  out.Key("need").BeginObject();
  for (const Percentile& percentile : kPercentiles) {
    const uint64_t need = Histogram::MinimumSamples(percentile.q);
    if (histogram.count() < need) out.Key(percentile.name).Integer(static_cast<int64_t>(need));
  }
  out.EndObject().EndObject();
}

std::string_view Name(Stage stage) {
  constexpr std::array<std::string_view, kStages> kNames = {
      "queue", "preprocess", "copyIn", "infer", "copyOut", "postprocess", "total"};
  return kNames[static_cast<size_t>(stage)];
}

std::string_view Name(Phase phase) {
  constexpr std::array<std::string_view, kPhases> kNames = {"cold", "warm", "hidden"};
  return kNames[static_cast<size_t>(phase)];
}

LatencyTracker::LatencyTracker(double clock_step_ms) {
  for (auto& phase : histograms_) phase.fill(Histogram(clock_step_ms));
}

void LatencyTracker::Record(const Timing& timing) {
  ++requests_;
  if (timing.outcome) {
    ++failures_[static_cast<size_t>(*timing.outcome)];
    return;
  }
  ++successes_;
  latest_ = std::exchange(cold_, false) ? Phase::kCold
            : timing.hidden             ? Phase::kHidden
                                        : Phase::kWarm;
  auto& histograms = histograms_[static_cast<size_t>(latest_)];
  for (size_t i = 0; i < kStages; ++i) histograms[i].Record(timing.times.ms[i]);
  if (latest_ != Phase::kWarm) return;
  auto batch = batches_.find(timing.batch);
  if (batch == batches_.end() && batches_.size() < kMaximumBatches)
    batch = batches_.emplace(timing.batch, Histogram(clock_step_ms())).first;
  if (batch != batches_.end()) batch->second.Record(timing.times[Stage::kInfer]);
}

void LatencyTracker::RecordPostprocess(double ms) {
  if (successes_ == 0) return;
  constexpr auto kStage = static_cast<size_t>(Stage::kPostprocess);
  histograms_[static_cast<size_t>(latest_)][kStage].Record(ms);
}

void LatencyTracker::Reset() {
  for (auto& phase : histograms_)
    for (Histogram& histogram : phase) histogram.Reset();
  batches_.clear();
  failures_.fill(0);
  requests_ = successes_ = 0;
  cold_ = true;
}

void LatencyTracker::WriteJson(JsonWriter& out) const {
  out.Key("clockStepMs").Number(clock_step_ms());
  out.Key("requests").Integer(static_cast<int64_t>(requests_));
  out.Key("failures").BeginObject();
  for (size_t i = 0; i < kErrorCodes; ++i)
    if (failures_[i] > 0)
      out.Key(insitu::Name(static_cast<ErrorCode>(i))).Integer(static_cast<int64_t>(failures_[i]));
  out.EndObject();
  for (size_t phase = 0; phase < kPhases; ++phase) {
    out.Key(insitu::Name(static_cast<Phase>(phase))).BeginObject();
    for (size_t i = 0; i < kStages; ++i) {
      out.Key(insitu::Name(static_cast<Stage>(i)));
      WriteLatency(out, histograms_[phase][i]);
    }
    out.EndObject();
  }
  out.Key("batches").BeginObject();
  for (const auto& [batch, histogram] : batches_) {
    out.Key(std::to_string(batch));
    WriteLatency(out, histogram);
  }
  out.EndObject();
}

}  // namespace insitu
