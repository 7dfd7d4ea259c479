// The watch as a session uses it: sampling, learning, events, quality, snapshot, reset.
#include "monitor/monitor.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>

#include "base/json.h"
#include "streams.h"

namespace insitu {
namespace {

// A model's request: a random image and a softmax over four classes.
struct Sample {
  std::vector<float> image = std::vector<float>(64), probabilities = std::vector<float>(4);
  std::vector<int64_t> ids = {1, 2};

  Sample(std::mt19937_64& random, float brightness) {
    std::normal_distribution<float> normal(brightness, 0.2f);
    for (float& x : image) x = std::max(normal(random), 0.0f);
    float sum = 0;
    for (float& p : probabilities) sum += p = std::exp(2 * normal(random));
    for (float& p : probabilities) p /= sum;
  }

  std::vector<NamedView> Inputs() {
    return {
        {"image", {DType::kFloat32, {1, 64}, reinterpret_cast<std::byte*>(image.data()), nullptr}},
        {"ids", {DType::kInt64, {2}, reinterpret_cast<std::byte*>(ids.data()), nullptr}}};
  }
  Status Judge(Monitor& monitor) { return monitor.Judge(Inputs()); }
  void Observe(Monitor& monitor, std::string_view slice = {}) {
    const std::vector<NamedView> inputs = Inputs(),
                                 outputs = {{"p",
                                             {DType::kFloat32,
                                              {1, 4},
                                              reinterpret_cast<std::byte*>(probabilities.data()),
                                              nullptr}}};
    monitor.Observe({.inputs = inputs, .outputs = outputs, .slice = slice});
  }
};

std::unique_ptr<Monitor> Make(MonitorOptions options) {
  auto monitor = Monitor::Create(std::move(options));
  REQUIRE(monitor);
  return *std::move(monitor);
}

void ObserveMany(Monitor& monitor, int count, float brightness, std::mt19937_64& random) {
  for (int i = 0; i < count; ++i) Sample(random, brightness).Observe(monitor);
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
  monitor->RecordStages({times});
  monitor->RecordStages({times, ErrorCode::kCancelled});
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
  Sample broken(random, 0.5f);
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
  std::erase_if(events, [](const auto& event) { return event.kind == MonitorEventKind::kQuality; });
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
    Sample request(random, 0.5f);
    request.image[0] = request.image[1] = std::nanf("");
    request.probabilities[2] = std::numeric_limits<float>::infinity();
    request.Observe(*monitor);
  }
  Sample blank(random, 0.5f);
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
  CHECK(monitor->Wants({}));
  ObserveMany(*monitor, 1, 0.5f, random);
  CHECK_FALSE(monitor->Wants({}));
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

TEST_CASE("Inputs that look wrong are counted, said, or refused, as one asks") {
  std::mt19937_64 random(31);
  Sample broken(random, 0.5f);
  broken.image[3] = std::nanf("");
  for (QualityMode mode : {QualityMode::kLog, QualityMode::kWarn, QualityMode::kReject}) {
    auto monitor = Make({.quality = mode});
    const auto judged = broken.Judge(*monitor);
    CHECK(judged.has_value() == (mode != QualityMode::kReject));
    if (mode == QualityMode::kReject) {
      REQUIRE_FALSE(judged);
      CHECK(judged.error().code == ErrorCode::kDataQuality);
      CHECK(judged.error().node == "image");
      CHECK(judged.error().message.ends_with("nan"));
      CHECK(Sample(random, 0.5f).Judge(*monitor));
    } else {
      broken.Observe(*monitor);
    }
    CHECK(monitor->TakeEvents().size() == (mode == QualityMode::kLog ? 0 : 1));
    const Json json = Snapshot(*monitor);
    CHECK(Number(json.Find("quality")->Find("image")->Find("nanSamples")) == 1);
    CHECK(Number(json.Find("quality")->Find("image")->Find("issues")->Find("nan")) == 1);
  }
}

TEST_CASE("Inputs are judged where they are looked at, or may be refused") {
  std::mt19937_64 random(33);
  Sample sample(random, 0.5f);
  auto seldom = Make({.sample = 3});
  for (bool looks : {true, false, false, true}) {
    CHECK(seldom->Judges() == looks);
    sample.Observe(*seldom);
  }
  auto strict = Make({.sample = 3, .quality = QualityMode::kReject});
  sample.Observe(*strict);
  CHECK(strict->Judges());
}

TEST_CASE("What was judged is not read twice, and counts once") {
  std::mt19937_64 random(32);
  auto monitor = Make({.quality = QualityMode::kReject});
  Sample sample(random, 0.5f);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(sample.Judge(*monitor));
    sample.Observe(*monitor);
  }
  CHECK(Number(Snapshot(*monitor).Find("quality")->Find("image")->Find("checked")) == 3);
}

TEST_CASE("Slices have their own latency, drift and quality, and the worst is named") {
  std::mt19937_64 random(33);
  auto learner = Make({.learn = 2'000});
  ObserveMany(*learner, 2'000, 0.5f, random);
  auto profile = ReferenceProfile::FromJson(*learner->ExportProfileJson());
  REQUIRE(profile);
  auto monitor = Make({.profile = *profile});
  StageTimes times;
  monitor->RecordStages({times});
  for (int i = 0; i < 300; ++i) {
    for (const auto& [name, brightness, ms] :
         {std::tuple{"device=desk", 0.5f, 4.0}, {"device=phone", 0.9f, 40.0}}) {
      Sample(random, brightness).Observe(*monitor, name);
      times[Stage::kTotal] = ms;
      monitor->RecordStages({times}, name);
    }
  }
  const Json json = Snapshot(*monitor);
  const Json* worst = json.Find("slices")->Find("worst");
  CHECK(*worst->Find("latency")->AsString() == "device=phone");
  CHECK(*worst->Find("drift")->AsString() == "device=phone");
  const Json::Array& all = *json.Find("slices")->Find("all")->AsArray();
  REQUIRE(all.size() == 2);
  CHECK(*all[0].Find("drift")->Find("state")->AsString() == "calm");
  CHECK(*all[1].Find("drift")->Find("state")->AsString() == "drifting");
  CHECK(std::abs(Number(all[1].Find("total")->Find("p95")) - 40) < 0.5);
  CHECK(Number(all[0].Find("requests")) == 300);
  bool named = false;
  for (const MonitorEvent& event : monitor->TakeEvents())
    named = named || event.json.find("\"slice\":\"device=phone\"") != std::string::npos;
  CHECK(named);
  monitor->Reset();
  CHECK(Snapshot(*monitor).Find("slices")->Find("all")->AsArray()->empty());
}

TEST_CASE("Slices are bounded in number") {
  auto monitor = Make({});
  StageTimes times;
  for (int i = 0; i < 1'000; ++i) monitor->RecordStages({times}, "user=" + std::to_string(i));
  monitor->RecordStages({times}, std::string(1'000, 'x'));
  const Json json = Snapshot(*monitor);
  const Json::Array& all = *json.Find("slices")->Find("all")->AsArray();
  REQUIRE(all.size() == Slices::kMaximumSlices + 1);
  CHECK(*all.back().Find("name")->AsString() == "other");
  CHECK(Number(all.back().Find("requests")) == 1'001 - Slices::kMaximumSlices);
  CHECK(json.Find("slices")->Find("worst")->Find("latency")->IsNull());
}

TEST_CASE("Features of one's own: numbers and words are learnt and watched") {
  std::mt19937_64 random(34);
  auto monitor = Make({.learn = 2'000});
  const char* words[] = {"back", "front", "other"};
  const auto observe = [&](const char* camera) {
    const std::vector<OwnFeature> features = {{"battery", Uniform(random)},
                                              {"camera", 0, std::string(camera)}};
    monitor->Observe({.features = features});
  };
  for (int i = 0; i < 2'000; ++i) observe(words[random() % 10 ? 0 : 1 + random() % 2]);
  auto profile = ReferenceProfile::FromJson(*monitor->ExportProfileJson());
  REQUIRE(profile);
  REQUIRE(profile->features.size() == 2);
  CHECK(profile->features[1].name == "camera");
  CHECK(profile->features[1].categories.size() == 3);
  for (int i = 0; i < 100; ++i) observe("back");
  CHECK(monitor->state() == "calm");
  int until = 0;
  for (; until < 100 && monitor->state() == "calm"; ++until) observe("screen");  // never seen
  CHECK(until < 40);
}

TEST_CASE("A slow session says so once, and that it is over") {
  auto monitor = Make({.slo = SloOptions{.p95_ms = 10}});
  StageTimes times;
  const auto run = [&](double ms, int count) {
    times[Stage::kTotal] = ms;
    for (int i = 0; i < count; ++i) monitor->RecordStages({times});
  };
  run(5, 200);
  CHECK(monitor->TakeEvents().empty());
  run(50, 100);
  auto events = monitor->TakeEvents();
  REQUIRE(events.size() == 1);
  CHECK(Name(events[0].kind) == "slow");
  CHECK(*Json::Parse(events[0].json)->Find("state")->AsString() == "burning");
  run(5, 200);
  events = monitor->TakeEvents();
  REQUIRE(events.size() == 1);
  CHECK(*Json::Parse(events[0].json)->Find("state")->AsString() == "kept");
  CHECK(Number(Snapshot(*monitor).Find("slo")->Find("bad")) == 100);
  CHECK_FALSE(Monitor::Create({.slo = SloOptions{.p95_ms = -1}}));
}

TEST_CASE("Features of one's own may come in any order, with others, and sometimes") {
  std::mt19937_64 random(35);
  auto monitor = Make({.learn = 2'000});
  for (int i = 0; i < 2'000; ++i) {
    std::vector<OwnFeature> features = {{"a", Uniform(random)}, {"b", Uniform(random)}};
    if (i % 2) std::swap(features[0], features[1]);
    if (i % 3 == 2) features.push_back({"c", 1});
    features.push_back({"", 1});
    monitor->Observe({.features = features});
  }
  CHECK(monitor->state() == "calm");
  const std::vector<OwnFeature> word = {{"new", 0, "word"}};
  for (int i = 0; i < 100; ++i) monitor->Observe({.features = word});
  CHECK(monitor->state() == "calm");
}

TEST_CASE("Refused inputs count for their slice") {
  std::mt19937_64 random(36);
  auto monitor = Make({.quality = QualityMode::kReject});
  for (int i = 0; i < 30; ++i) {
    Sample broken(random, 0.5f);
    broken.image[3] = std::nanf("");
    CHECK_FALSE(monitor->Judge(broken.Inputs(), "device=phone"));
  }
  const Json json = Snapshot(*monitor);
  CHECK(*json.Find("slices")->Find("worst")->Find("quality")->AsString() == "device=phone");
}

}  // namespace
}  // namespace insitu
