// Stage histograms of a session and their JSON form.
#include "monitor/latency.h"

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
  switch (stage) {
    case Stage::kQueue:
      return "queue";
    case Stage::kCopyIn:
      return "copyIn";
    case Stage::kInfer:
      return "infer";
    case Stage::kCopyOut:
      return "copyOut";
    case Stage::kTotal:
      return "total";
  }
  return "total";
}

LatencyTracker::LatencyTracker(double clock_step_ms) {
  cold_.fill(Histogram(clock_step_ms));
  warm_.fill(Histogram(clock_step_ms));
}

void LatencyTracker::Record(const StageTimes& times, Outcome outcome) {
  ++requests_;
  if (outcome) {
    ++failures_[static_cast<size_t>(*outcome)];
    return;
  }
  auto& histograms = successes_++ == 0 ? cold_ : warm_;
  for (size_t i = 0; i < kStages; ++i) histograms[i].Record(times.ms[i]);
}

void LatencyTracker::Reset() {
  for (Histogram& histogram : cold_) histogram.Reset();
  for (Histogram& histogram : warm_) histogram.Reset();
  failures_.fill(0);
  requests_ = successes_ = 0;
}

void LatencyTracker::WriteJson(JsonWriter& out) const {
  out.BeginObject();
  out.Key("clockStepMs").Number(cold_[0].clock_step_ms());
  out.Key("requests").Integer(static_cast<int64_t>(requests_));
  out.Key("failures").BeginObject();
  for (size_t i = 0; i < kErrorCodes; ++i)
    if (failures_[i] > 0)
      out.Key(insitu::Name(static_cast<ErrorCode>(i))).Integer(static_cast<int64_t>(failures_[i]));
  out.EndObject();
  for (const auto& [name, histograms] : {std::pair{"cold", &cold_}, std::pair{"warm", &warm_}}) {
    out.Key(name).BeginObject();
    for (size_t i = 0; i < kStages; ++i) {
      out.Key(insitu::Name(static_cast<Stage>(i)));
      WriteLatency(out, (*histograms)[i]);
    }
    out.EndObject();
  }
  out.EndObject();
}

}  // namespace insitu
