// The monitor as an OTLP/JSON ExportMetricsServiceRequest, for any OpenTelemetry collector.
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
// Histograms are exponential ones of scale 5, bucket for bucket those of histogram.h, so that
// merging them elsewhere is exact; times over 64 s stand in the one bucket above.
#include <string>

#include "monitor/monitor.h"

namespace insitu {
namespace {

constexpr int kCumulative = 2;  // AggregationTemporality

struct Attribute {
  std::string_view key, value;
};

// 64-bit numbers are strings in this encoding.
void WriteWhole(JsonWriter& out, std::string_view key, uint64_t value) {
  out.Key(key).String(std::to_string(value));
}

void WriteAttribute(JsonWriter& out, std::string_view key, std::string_view value) {
  out.BeginObject().Key("key").String(key).Key("value").BeginObject();
  out.Key("stringValue").String(value).EndObject().EndObject();
}

class Metrics {
 public:
  Metrics(JsonWriter& out, double start_unix_ms, double now_unix_ms)
      : out_(out), start_(start_unix_ms), now_(now_unix_ms) {}

  template <class Points>
  void Sum(std::string_view name, std::string_view unit, const Points& points) {
    Metric(name, unit, "sum", [&] {
      points();
      out_.EndArray().Key("aggregationTemporality").Integer(kCumulative);
      out_.Key("isMonotonic").Bool(true);
    });
  }
  template <class Points>
  void Gauge(std::string_view name, std::string_view unit, const Points& points) {
    Metric(name, unit, "gauge", [&] {
      points();
      out_.EndArray();
    });
  }
  template <class Points>
  void Histograms(std::string_view name, const Points& points) {
    Metric(name, "s", "exponentialHistogram", [&] {
      points();
      out_.EndArray().Key("aggregationTemporality").Integer(kCumulative);
    });
  }

  void Count(uint64_t value, std::initializer_list<Attribute> attributes = {}) {
    Begin(attributes);
    WriteWhole(out_, "asInt", value);
    out_.EndObject();
  }
  void Value(double value, std::initializer_list<Attribute> attributes = {}) {
    Begin(attributes);
    out_.Key("asDouble").Number(value).EndObject();
  }
  void Point(const Histogram& histogram, std::initializer_list<Attribute> attributes) {
    Begin(attributes);
    WriteWhole(out_, "count", histogram.count());
    out_.Key("sum").Number(histogram.sum_ms() / 1e3);
    if (histogram.count() > 0) {
      out_.Key("min").Number(*histogram.min_ms() / 1e3);
      out_.Key("max").Number(*histogram.max_ms() / 1e3);
    }
    out_.Key("scale").Integer(Histogram::kScale);
    WriteWhole(out_, "zeroCount", histogram.below_step());
    out_.Key("zeroThreshold").Number(histogram.clock_step_ms() / 1e3);
    size_t first = 0, end = Histogram::kBuckets;
    while (first < end && histogram.buckets()[first] == 0) ++first;
    if (histogram.overflow() == 0)
      while (end > first && histogram.buckets()[end - 1] == 0) --end;
    out_.Key("positive").BeginObject();
    out_.Key("offset").Integer(Histogram::kFirstIndex + static_cast<int>(first));
    out_.Key("bucketCounts").BeginArray();
    for (size_t i = first; i < end; ++i) out_.String(std::to_string(histogram.buckets()[i]));
    if (histogram.overflow() > 0) out_.String(std::to_string(histogram.overflow()));
    out_.EndArray().EndObject().EndObject();
  }

 private:
  template <class Write>
  void Metric(std::string_view name, std::string_view unit, std::string_view kind,
              const Write& write) {
    out_.BeginObject().Key("name").String(name).Key("unit").String(unit);
    out_.Key(kind).BeginObject().Key("dataPoints").BeginArray();
    write();
    out_.EndObject().EndObject();
  }
  void Begin(std::initializer_list<Attribute> attributes) {
    out_.BeginObject().Key("attributes").BeginArray();
    for (const auto& [key, value] : attributes) WriteAttribute(out_, key, value);
    out_.EndArray();
    WriteTime("startTimeUnixNano", start_);
    WriteTime("timeUnixNano", now_);
  }
  void WriteTime(std::string_view key, double unix_ms) {
    constexpr uint64_t kNanoseconds = 1'000'000;
    WriteWhole(out_, key, static_cast<uint64_t>(unix_ms) * kNanoseconds);
  }

  JsonWriter& out_;
  double start_, now_;
};

}  // namespace

std::string Monitor::OtlpJson(double now_unix_ms) const {
  JsonWriter out;
  out.BeginObject().Key("resourceMetrics").BeginArray().BeginObject();
  out.Key("resource").BeginObject().Key("attributes").BeginArray();
  WriteAttribute(out, "service.name", "insitu");
  if (!options_.instance.empty()) WriteAttribute(out, "service.instance.id", options_.instance);
  for (const auto& [key, value] : options_.context) WriteAttribute(out, "insitu." + key, value);
  out.EndArray().EndObject();
  out.Key("scopeMetrics").BeginArray().BeginObject();
  out.Key("scope").BeginObject().Key("name").String("insitu").EndObject();
  out.Key("metrics").BeginArray();
  Metrics metrics(out, options_.start_unix_ms, now_unix_ms);
  metrics.Sum("insitu.requests", "{request}", [&] { metrics.Count(latency_.requests()); });
  metrics.Sum("insitu.failures", "{request}", [&] {
    for (size_t i = 0; i <= static_cast<size_t>(ErrorCode::kInternal); ++i) {
      const auto code = static_cast<ErrorCode>(i);
      if (latency_.failures(code) > 0)
        metrics.Count(latency_.failures(code), {{"error.type", Name(code)}});
    }
  });
  metrics.Histograms("insitu.stage.duration", [&] {
    latency_.ForEach([&](Phase phase, Stage stage, const Histogram& histogram) {
      metrics.Point(histogram, {{"stage", Name(stage)}, {"phase", Name(phase)}});
    });
  });
  metrics.Sum("insitu.quality.issues", "{sample}", [&] {
    for (const auto& [name, quality] : quality_)
      for (size_t i = 0; i < kQualityIssues; ++i)
        if (quality.times[i] > 0)
          metrics.Count(quality.times[i],
                        {{"tensor", name}, {"issue", Name(static_cast<QualityIssue>(i))}});
  });
  metrics.Sum("insitu.predictions", "{sample}", [&] {
    for (const auto& [name, classes] : classes_)
      for (size_t i = 0; i < classes.counts.size(); ++i)
        if (classes.counts[i] > 0)
          metrics.Count(classes.counts[i], {{"output", name}, {"class", std::to_string(i)}});
  });
  if (watch_) {
    const EsrDetector& detector = watch_->detector();
    metrics.Gauge("insitu.drifting", "1",
                  [&] { metrics.Value(detector.state() == DriftState::kDrifting ? 1 : 0); });
    metrics.Gauge("insitu.drift.meter", "1", [&] { metrics.Value(detector.meter()); });
  }
  if (const auto estimate = accuracy_.estimate())
    metrics.Gauge("insitu.accuracy.estimate", "1", [&] { metrics.Value(estimate->value); });
  if (accuracy_.labelled() > 0)
    metrics.Sum("insitu.labelled", "{prediction}", [&] {
      metrics.Count(accuracy_.labelled() - accuracy_.correct(), {{"correct", "false"}});
      metrics.Count(accuracy_.correct(), {{"correct", "true"}});
    });
  if (!slices_.all().empty()) {
    metrics.Sum("insitu.slice.requests", "{request}", [&] {
      for (const auto& slice : slices_.all())
        metrics.Count(slice->requests, {{"slice", slice->name}});
    });
    metrics.Histograms("insitu.slice.duration", [&] {
      for (const auto& slice : slices_.all()) metrics.Point(slice->total, {{"slice", slice->name}});
    });
  }
  out.EndArray().EndObject().EndArray().EndObject().EndArray().EndObject();
  return out.Take();
}

}  // namespace insitu
