// Stages, the cold run apart, failures by kind, and the JSON a page sees.
#include "monitor/latency.h"

#include <catch2/catch_test_macros.hpp>

namespace insitu {
namespace {

StageTimes Times(double infer) {
  StageTimes times;
  times[Stage::kQueue] = 0;
  times[Stage::kInfer] = infer;
  times[Stage::kTotal] = infer + 1;
  return times;
}

Json Parsed(const LatencyTracker& tracker) {
  JsonWriter out;
  out.BeginObject();
  tracker.WriteJson(out);
  out.EndObject();
  auto json = Json::Parse(out.Take());
  REQUIRE(json);
  return *std::move(json);
}

TEST_CASE("The first success is cold; failures enter no histogram") {
  LatencyTracker tracker(0.1);
  tracker.Record({Times(900), ErrorCode::kCancelled});
  tracker.Record({Times(50)});
  for (int i = 0; i < 10; ++i) tracker.Record({Times(5)});
  tracker.Record({Times(900), ErrorCode::kInternal});
  tracker.Record({Times(900), ErrorCode::kCancelled});
  CHECK(tracker.requests() == 14);
  CHECK(tracker.failures(ErrorCode::kCancelled) == 2);
  CHECK(tracker.failures(ErrorCode::kInternal) == 1);
  CHECK(tracker.of(Phase::kCold, Stage::kInfer).count() == 1);
  CHECK(*tracker.of(Phase::kCold, Stage::kInfer).max_ms() == 50);
  CHECK(tracker.of(Phase::kWarm, Stage::kInfer).count() == 10);
  CHECK(*tracker.of(Phase::kWarm, Stage::kInfer).max_ms() == 5);
  CHECK(tracker.of(Phase::kWarm, Stage::kQueue).below_step() == 10);
  CHECK(tracker.of(Phase::kWarm, Stage::kCopyIn).count() == 0);

  tracker.Reset();
  CHECK(tracker.requests() == 0);
  CHECK(tracker.failures(ErrorCode::kCancelled) == 0);
  tracker.Record({Times(7)});
  CHECK(tracker.of(Phase::kCold, Stage::kInfer).count() == 1);
  CHECK(tracker.of(Phase::kWarm, Stage::kInfer).count() == 0);
}

TEST_CASE("JSON withholds percentiles and says what they need") {
  LatencyTracker tracker(0.005);
  for (int i = 0; i < 101; ++i) tracker.Record({Times(5)});
  tracker.Record({Times(5), ErrorCode::kShapeMismatch});
  const Json json = Parsed(tracker);
  CHECK(*json.Find("clockStepMs")->AsNumber() == 0.005);
  CHECK(*json.Find("requests")->AsNumber() == 102);
  CHECK(*json.Find("failures")->Find("ShapeMismatch")->AsNumber() == 1);
  CHECK(json.Find("failures")->AsObject()->size() == 1);
  const Json* infer = json.Find("warm")->Find("infer");
  CHECK(*infer->Find("count")->AsNumber() == 100);
  CHECK(*infer->Find("meanMs")->AsNumber() == 5);
  CHECK(*infer->Find("p50")->AsNumber() == 5);
  CHECK(*infer->Find("p90")->AsNumber() == 5);
  CHECK(infer->Find("p95")->IsNull());
  CHECK(infer->Find("p99")->IsNull());
  CHECK(infer->Find("need")->AsObject()->size() == 2);
  CHECK(*infer->Find("need")->Find("p95")->AsNumber() == 130);
  const Json* copy = json.Find("cold")->Find("copyIn");
  CHECK(copy->Find("minMs")->IsNull());
  CHECK(copy->Find("meanMs")->IsNull());
  for (const char* stage :
       {"queue", "preprocess", "copyIn", "infer", "copyOut", "postprocess", "total"})
    CHECK(json.Find("warm")->Find(stage));
}

TEST_CASE("Hidden pages are apart, and batches of those in sight are told apart") {
  LatencyTracker tracker(0.1);
  tracker.Record({Times(50)});
  for (int i = 0; i < 5; ++i) tracker.Record({Times(5), {}, false, 4});
  for (int i = 0; i < 3; ++i) tracker.Record({Times(500), {}, true, 4});
  for (int64_t batch = 10; batch < 30; ++batch) tracker.Record({Times(6), {}, false, batch});
  CHECK(tracker.of(Phase::kHidden, Stage::kInfer).count() == 3);
  CHECK(*tracker.of(Phase::kWarm, Stage::kInfer).max_ms() == 6);
  REQUIRE(tracker.batches().size() == LatencyTracker::kMaximumBatches);
  CHECK(tracker.batches().at(4).count() == 5);
  CHECK_FALSE(tracker.batches().contains(1));
  const Json json = Parsed(tracker);
  CHECK(*json.Find("hidden")->Find("infer")->Find("count")->AsNumber() == 3);
  CHECK(*json.Find("batches")->Find("4")->Find("count")->AsNumber() == 5);
  tracker.Reset();
  CHECK(tracker.batches().empty());
  CHECK(tracker.of(Phase::kHidden, Stage::kInfer).count() == 0);
}

TEST_CASE("What the page does with results counts with the run they are of") {
  LatencyTracker tracker(0.1);
  tracker.RecordPostprocess(9);  // of no run
  tracker.Record({Times(50)});
  tracker.RecordPostprocess(2);
  tracker.Record({Times(5)});
  tracker.RecordPostprocess(3);
  tracker.Record({Times(5), ErrorCode::kCancelled});
  tracker.RecordPostprocess(4);
  CHECK(*tracker.of(Phase::kCold, Stage::kPostprocess).max_ms() == 2);
  CHECK(tracker.of(Phase::kWarm, Stage::kPostprocess).count() == 2);
  CHECK(*tracker.of(Phase::kWarm, Stage::kPostprocess).max_ms() == 4);
}

}  // namespace
}  // namespace insitu
