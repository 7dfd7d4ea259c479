// Exports: Prometheus' text line by line, OTLP whose buckets are the histogram's, and a trace whose
// stages follow each other.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <map>
#include <sstream>

#include "base/json.h"
#include "monitor/monitor.h"
#include "streams.h"

namespace insitu {
namespace {

std::unique_ptr<Monitor> Watched() {
  std::vector<float> rows;
  std::mt19937_64 random(41);
  for (int i = 0; i < 3'000; ++i) {
    double mean = 0;
    for (int k = 0; k < 8; ++k) mean += Uniform(random) / 8;
    rows.push_back(static_cast<float>(mean));
  }
  MonitorOptions options;
  options.profile = *ReferenceProfile::FromRows(rows, std::vector<std::string>{"x.mean"});
  options.slo = SloOptions{.p95_ms = 30};
  options.clock_step_ms = 0.005;
  options.start_unix_ms = 1'700'000'000'000;
  auto monitor = Monitor::Create(std::move(options));
  REQUIRE(monitor);
  for (int i = 0; i < 200; ++i) {
    std::vector<float> x(8);
    for (float& value : x) value = static_cast<float>(Uniform(random));
    if (i == 7) x[0] = std::nanf("");
    std::vector<float> p = {0.25f, 0.75f};
    const std::vector<NamedView> inputs = {
        {"x", {DType::kFloat32, {8}, reinterpret_cast<std::byte*>(x.data()), nullptr}}};
    const std::vector<NamedView> outputs = {
        {"p", {DType::kFloat32, {1, 2}, reinterpret_cast<std::byte*>(p.data()), nullptr}}};
    const std::string_view slice = i % 2 ? "device=\"a\\b\"" : "device=c";
    (*monitor)->Observe({.inputs = inputs, .outputs = outputs, .slice = slice});
    StageTimes times;
    times[Stage::kQueue] = 0.001;
    times[Stage::kCopyIn] = 1;
    times[Stage::kInfer] = 10 * std::exp2(4 * Uniform(random));
    times[Stage::kCopyOut] = 0.5;
    times[Stage::kTotal] = times[Stage::kInfer] + 2;
    (*monitor)->RecordStages({times, i == 50 ? Outcome(ErrorCode::kCancelled) : std::nullopt},
                             slice, 1'700'000'000'000 + 100.0 * i);
  }
  return *std::move(monitor);
}

TEST_CASE("Prometheus: every sample has a type, buckets rise to the count") {
  const auto monitor = Watched();
  const auto text = monitor->Export("prometheus", 0);
  REQUIRE(text);
  std::istringstream lines(*text);
  std::map<std::string, std::string> types;
  std::map<std::string, double> samples;
  std::string last_bucket_of;
  double last = 0;
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    if (line.starts_with("# TYPE ")) {
      const size_t space = line.find(' ', 7);
      REQUIRE(types.emplace(line.substr(7, space - 7), line.substr(space + 1)).second);
      continue;
    }
    if (line.starts_with("# HELP ")) continue;
    const size_t space = line.rfind(' ');
    const std::string key = line.substr(0, space);
    const double value = std::stod(line.substr(space + 1));
    REQUIRE(samples.emplace(key, value).second);
    std::string name = key.substr(0, key.find('{'));
    for (std::string_view suffix : {"_bucket", "_sum", "_count"})
      if (name.ends_with(suffix) && types.contains(name.substr(0, name.size() - suffix.size())))
        name.resize(name.size() - suffix.size());
    REQUIRE(types.contains(name));
    if (const size_t le = key.find(",le="); le != key.npos) {
      if (key.substr(0, le) == last_bucket_of) CHECK(value >= last);
      last_bucket_of = key.substr(0, le);
      last = value;
    }
  }
  CHECK(types["insitu_stage_seconds"] == "histogram");
  CHECK(samples["insitu_requests_total"] == 200);
  CHECK(samples["insitu_failures_total{code=\"Cancelled\"}"] == 1);
  CHECK(samples["insitu_stage_seconds_count{stage=\"infer\",phase=\"warm\"}"] == 198);
  CHECK(samples["insitu_stage_seconds_bucket{stage=\"infer\",phase=\"warm\",le=\"+Inf\"}"] == 198);
  CHECK(samples["insitu_stage_seconds_bucket{stage=\"queue\",phase=\"warm\",le=\"1.9073486328125e-"
                "06\"}"] == 198);
  uint64_t below = 0;
  const Histogram& infer = monitor->latency().of(Phase::kWarm, Stage::kInfer);
  for (size_t i = 0; i < Histogram::kBuckets; ++i)
    if (Histogram::kFirstIndex + static_cast<int>(i) < -5 * 32) below += infer.buckets()[i];
  CHECK(below > 0);
  CHECK(samples["insitu_stage_seconds_bucket{stage=\"infer\",phase=\"warm\",le=\"0.03125\"}"] ==
        static_cast<double>(below));
  CHECK(samples["insitu_quality_issues_total{tensor=\"x\",issue=\"nan\"}"] == 1);
  CHECK(samples["insitu_predictions_total{output=\"p\",class=\"1\"}"] == 200);
  CHECK(samples["insitu_slice_requests_total{slice=\"device=\\\"a\\\\b\\\"\"}"] == 100);
  CHECK(samples.contains("insitu_feature_shift{feature=\"x.mean\"}"));
  CHECK(samples.contains("insitu_slo_burn_rate{requests=\"100\"}"));
  CHECK(samples["insitu_drifting"] == 0);
}

// visit(point, stage, phase) for each histogram of an OTLP export.
template <class Visit>
void ForEachDuration(const Monitor& monitor, double now, const Visit& visit) {
  const Json json = *Json::Parse(*monitor.Export("otlp-json", now));
  const Json& scope =
      (*(*json.Find("resourceMetrics")->AsArray())[0].Find("scopeMetrics")->AsArray())[0];
  for (const Json& metric : *scope.Find("metrics")->AsArray()) {
    if (*metric.Find("name")->AsString() != "insitu.stage.duration") continue;
    for (const Json& point : *metric.Find("exponentialHistogram")->Find("dataPoints")->AsArray()) {
      const Json::Array& attributes = *point.Find("attributes")->AsArray();
      const auto value = [&](size_t i) {
        return *attributes[i].Find("value")->Find("stringValue")->AsString();
      };
      visit(point, value(0), value(1));
    }
  }
}

// Counts of warm inference, by bucket; those of no bucket are left out.
std::map<int, uint64_t> InferBuckets(const Monitor& monitor) {
  std::map<int, uint64_t> buckets;
  ForEachDuration(monitor, 1, [&](const Json& point, const auto& stage, const auto& phase) {
    if (stage != "infer" || phase != "warm") return;
    const Json& positive = *point.Find("positive");
    const auto offset = static_cast<int>(*positive.Find("offset")->AsNumber());
    const Json::Array& counts = *positive.Find("bucketCounts")->AsArray();
    for (size_t i = 0; i < counts.size(); ++i)
      if (const uint64_t count = std::stoull(*counts[i].AsString()))
        buckets[offset + static_cast<int>(i)] = count;
  });
  return buckets;
}

TEST_CASE("A fleet's histograms add up to the one that saw all requests") {
  std::mt19937_64 random(12);
  auto all = *Monitor::Create({}), one = *Monitor::Create({}), other = *Monitor::Create({});
  for (Monitor* monitor : {all.get(), one.get(), other.get()}) monitor->RecordStages({});  // cold
  for (int i = 0; i < 5'000; ++i) {
    Timing timing;
    timing.times[Stage::kInfer] = 0.01 * std::exp2(16 * Uniform(random));
    all->RecordStages(timing);
    (i % 3 ? *one : *other).RecordStages(timing);
  }
  std::map<int, uint64_t> sum = InferBuckets(*one);
  for (const auto& [bucket, count] : InferBuckets(*other)) sum[bucket] += count;
  CHECK(sum.size() > 100);
  CHECK(sum == InferBuckets(*all));
}

TEST_CASE("OTLP: exponential histograms, bucket for bucket") {
  const auto monitor = Watched();
  bool seen = false;
  ForEachDuration(*monitor, 1'700'000'100'000,
                  [&](const Json& point, const auto& stage, const auto& phase) {
                    CHECK(*point.Find("startTimeUnixNano")->AsString() == "1700000000000000000");
                    CHECK(*point.Find("timeUnixNano")->AsString() == "1700000100000000000");
                    if (stage != "infer" || phase != "warm") return;
                    seen = true;
                    CHECK(*point.Find("count")->AsString() == "198");
                    CHECK(*point.Find("scale")->AsNumber() == 5);
                  });
  CHECK(seen);
  const Histogram& infer = monitor->latency().of(Phase::kWarm, Stage::kInfer);
  uint64_t sum = 0;
  for (const auto& [bucket, count] : InferBuckets(*monitor)) {
    sum += count;
    CHECK(count == infer.buckets()[static_cast<size_t>(bucket - Histogram::kFirstIndex)]);
  }
  CHECK(sum == 198);
}

TEST_CASE("A trace: requests with their stages one after the other, the newest 512") {
  const auto monitor = Watched();
  const auto json = Json::Parse(*monitor->Export("chrome-trace", 0));
  REQUIRE(json);
  const Json::Array& events = *json->Find("traceEvents")->AsArray();
  REQUIRE(events.size() == 200 * 5);
  double at = 0;
  for (size_t i = 0; i < 5; ++i) {
    const double start = *events[i].Find("ts")->AsNumber();
    if (i < 2) CHECK(start == 1'700'000'000'000 * 1e3);
    if (i > 1) CHECK(std::abs(start - at) < 1);
    if (i > 0) at = start + *events[i].Find("dur")->AsNumber();
  }
  CHECK(*events[0].Find("name")->AsString() == "request");
  CHECK(*events[3].Find("name")->AsString() == "infer");
  CHECK(*events[50 * 5].Find("args")->Find("failure")->AsString() == "Cancelled");

  Trace trace;
  for (int i = 0; i < 1'000; ++i) trace.Record(i, StageTimes(), std::nullopt);
  const auto newest = Json::Parse(trace.ToJson());
  REQUIRE(newest);
  CHECK(newest->Find("traceEvents")->AsArray()->size() == Trace::kRequests);
  CHECK(*newest->Find("traceEvents")->AsArray()->at(0).Find("ts")->AsNumber() == 488e3);
}

TEST_CASE("Formats that are none are refused") {
  CHECK(Watched()->Export("csv", 0).error().code == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace insitu
