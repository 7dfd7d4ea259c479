// The watch as a session uses it: sampling, learning, events, quality, snapshot, reset.
#include "monitor/monitor.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>

#include "base/json.h"

namespace insitu {
namespace {

// A model's request: a random image and a softmax over four classes.
struct Request {
  std::vector<float> image = std::vector<float>(64), probabilities = std::vector<float>(4);
  std::vector<int64_t> ids = {1, 2};

  Request(std::mt19937_64& random, float brightness) {
    std::normal_distribution<float> normal(brightness, 0.2f);
    for (float& x : image) x = std::max(normal(random), 0.0f);
    float sum = 0;
    for (float& p : probabilities) sum += p = std::exp(2 * normal(random));
    for (float& p : probabilities) p /= sum;
  }

  void Observe(Monitor& monitor) {
    const std::vector<NamedView> inputs = {
        {"image", {DType::kFloat32, {1, 64}, reinterpret_cast<std::byte*>(image.data()), nullptr}},
        {"ids", {DType::kInt64, {2}, reinterpret_cast<std::byte*>(ids.data()), nullptr}}};
    const std::vector<NamedView> outputs = {
        {"p",
         {DType::kFloat32, {1, 4}, reinterpret_cast<std::byte*>(probabilities.data()), nullptr}}};
    monitor.Observe(inputs, outputs);
  }
};

std::unique_ptr<Monitor> Make(MonitorOptions options) {
  auto monitor = Monitor::Create(std::move(options));
  REQUIRE(monitor);
  return *std::move(monitor);
}

void ObserveMany(Monitor& monitor, int count, float brightness, std::mt19937_64& random) {
  for (int i = 0; i < count; ++i) Request(random, brightness).Observe(monitor);
}

Json Snapshot(const Monitor& monitor) {
  auto json = Json::Parse(monitor.SnapshotJson());
  REQUIRE(json);
  return *std::move(json);
}

double Number(const Json* json) {
  REQUIRE(json);
  REQUIRE(json->AsNumber());
  return *json->AsNumber();
}

TEST_CASE("Options out of range are refused") {
  CHECK_FALSE(Monitor::Create({.sample = 0}));
  CHECK_FALSE(Monitor::Create({.learn = 1'999}));
  CHECK_FALSE(Monitor::Create({.learn = 1'000'001}));
  CHECK_FALSE(Monitor::Create({.learn = 2'000, .false_alarm_every = 1}));
  CHECK_FALSE(Monitor::Create({.profile = ReferenceProfile{}}));
  CHECK(Monitor::Create({}));
}

TEST_CASE("Without a profile it still keeps latency and quality") {
  auto monitor = Make({.clock_step_ms = 0.1});
  CHECK(monitor->state() == "off");
  std::mt19937_64 random(1);
  ObserveMany(*monitor, 3, 0.5f, random);
  StageTimes times;
  times[Stage::kInfer] = 4;
  monitor->RecordStages(times);
  monitor->RecordStages(times, ErrorCode::kCancelled);
  const Json json = Snapshot(*monitor);
  CHECK(Number(json.Find("requests")) == 3);
  CHECK(Number(json.Find("latency")->Find("requests")) == 2);
  CHECK(*json.Find("drift")->Find("state")->AsString() == "off");
  CHECK(Number(json.Find("quality")->Find("image")->Find("checked")) == 3);
  CHECK(json.Find("quality")->Find("ids") == nullptr);
  CHECK_FALSE(monitor->ExportProfileJson());
  CHECK(monitor->TakeEvents().empty());
}

TEST_CASE("It learns a profile, finds drift, recovers, and exports what it learnt") {
  auto monitor = Make({.learn = 2'000, .model_sha256 = std::string(64, 'b')});
  std::mt19937_64 random(2);
  CHECK(monitor->state() == "learning");
  ObserveMany(*monitor, 1'000, 0.5f, random);
  Request broken(random, 0.5f);
  broken.image[3] = std::nanf("");
  broken.probabilities[0] = 7;  // no confidence: the sample is no row of the profile
  broken.Observe(*monitor);
  const Json* learning = nullptr;
  const Json before = Snapshot(*monitor);
  learning = before.Find("drift")->Find("learning");
  CHECK(Number(learning->Find("have")) == 1'000);
  CHECK(Number(learning->Find("need")) == 2'000);
  CHECK(Number(learning->Find("skipped")) == 1);
  REQUIRE_FALSE(monitor->ExportProfileJson());
  monitor->TakeEvents();

  ObserveMany(*monitor, 1'000, 0.5f, random);
  CHECK(monitor->state() == "calm");
  auto events = monitor->TakeEvents();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == MonitorEventKind::kProfile);
  auto detail = Json::Parse(events[0].json);
  REQUIRE(detail);
  CHECK(detail->Find("features")->AsArray()->size() == 11);
  CHECK(Number(detail->Find("threshold")) == 25'000);
  auto exported = monitor->ExportProfileJson();
  REQUIRE(exported);
  auto profile = ReferenceProfile::FromJson(*exported);
  REQUIRE(profile);
  CHECK(profile->count == 2'000);
  CHECK(profile->model_sha256 == std::string(64, 'b'));

  ObserveMany(*monitor, 300, 0.5f, random);
  CHECK(monitor->state() == "calm");
  CHECK(monitor->TakeEvents().empty());
  ObserveMany(*monitor, 60, 0.8f, random);
  CHECK(monitor->state() == "drifting");
  events = monitor->TakeEvents();
  REQUIRE(events.size() == 1);
  CHECK(Name(events[0].kind) == "drift");
  detail = Json::Parse(events[0].json);
  REQUIRE(detail);
  CHECK(Number(detail->Find("sample")) > 300);
  CHECK(Number(detail->Find("since")) >= 270);
  CHECK(Number(detail->Find("since")) <= 310);
  const Json::Array& named = *detail->Find("features")->AsArray();
  REQUIRE_FALSE(named.empty());
  CHECK(named[0].Find("name")->AsString()->starts_with("image."));

  const Json json = Snapshot(*monitor);
  const Json* drift = json.Find("drift");
  CHECK(Number(drift->Find("meter")) == 1);
  CHECK(*drift->Find("profile")->Find("modelMatches")->AsBool());
  CHECK(drift->Find("features")->AsArray()->size() == 11);
  CHECK(drift->Find("alarm")->Find("sample")->AsNumber());

  ObserveMany(*monitor, 300, 0.5f, random);
  CHECK(monitor->state() == "calm");
  events = monitor->TakeEvents();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == MonitorEventKind::kRecovered);

  // The learnt profile watches another session from the first sample.
  auto other = Make({.profile = *profile, .model_sha256 = std::string(64, 'c')});
  CHECK(other->state() == "calm");
  ObserveMany(*other, 100, 0.8f, random);
  CHECK(other->state() == "drifting");
  CHECK_FALSE(*Snapshot(*other).Find("drift")->Find("profile")->Find("modelMatches")->AsBool());
}

TEST_CASE("A profile that cannot be held ends the learning with an event, not the session") {
  auto monitor = Make({.learn = 2'000});
  std::mt19937_64 random(3);
  FailBufferAllocationAfter(0);
  ObserveMany(*monitor, 1, 0.5f, random);
  FailBufferAllocationAfter(-1);
  ObserveMany(*monitor, 5, 0.5f, random);
  CHECK(monitor->state() == "off");
  auto events = monitor->TakeEvents();
  REQUIRE(events.size() == 1);
  CHECK(events[0].json.contains("error"));
  CHECK(Snapshot(*monitor).Find("drift")->Find("failure"));
}

TEST_CASE("Data quality: NaN, infinities and constants are counted, events thin out") {
  auto monitor = Make({});
  std::mt19937_64 random(4);
  for (int i = 0; i < 20; ++i) {
    Request request(random, 0.5f);
    request.image[0] = request.image[1] = std::nanf("");
    request.probabilities[2] = std::numeric_limits<float>::infinity();
    request.Observe(*monitor);
  }
  Request blank(random, 0.5f);
  blank.image.assign(64, 0.25f);
  blank.probabilities.assign(4, 0.25f);  // a constant output is no fault
  blank.Observe(*monitor);
  const Json json = Snapshot(*monitor);
  const Json* image = json.Find("quality")->Find("image");
  CHECK(Number(image->Find("checked")) == 21);
  CHECK(Number(image->Find("nanSamples")) == 20);
  CHECK(Number(image->Find("nanValues")) == 40);
  CHECK(Number(image->Find("constantSamples")) == 1);
  const Json* p = json.Find("quality")->Find("p");
  CHECK(Number(p->Find("infiniteSamples")) == 20);
  CHECK(Number(p->Find("constantSamples")) == 0);
  const auto events = monitor->TakeEvents();
  CHECK(events.size() == 5 + 5 + 1);  // the 1st, 2nd, 4th, 8th, 16th time of each, one constant
  for (const MonitorEvent& event : events) {
    CHECK(event.kind == MonitorEventKind::kQuality);
    CHECK(Json::Parse(event.json));
  }
  CHECK(events.back().json.contains("constant"));
}

TEST_CASE("It watches one input in N, and Reset keeps only the profile") {
  auto monitor = Make({.learn = 2'000, .sample = 3});
  std::mt19937_64 random(5);
  CHECK(monitor->WantsNext());
  ObserveMany(*monitor, 1, 0.5f, random);
  CHECK_FALSE(monitor->WantsNext());
  ObserveMany(*monitor, 5'999, 0.5f, random);
  CHECK(monitor->state() == "calm");
  CHECK(Number(Snapshot(*monitor).Find("samples")) == 2'000);
  ObserveMany(*monitor, 300, 2.0f, random);
  CHECK(monitor->state() == "drifting");
  monitor->Reset();
  CHECK(monitor->state() == "calm");
  CHECK(Number(Snapshot(*monitor).Find("requests")) == 0);
  CHECK(Number(Snapshot(*monitor).Find("drift")->Find("samples")) == 0);
  CHECK(monitor->TakeEvents().empty());
  CHECK(monitor->ExportProfileJson());
}

}  // namespace
}  // namespace insitu
