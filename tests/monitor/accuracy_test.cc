// Accuracy with and without labels: calibration, estimates, the error rate and feedback.
#include "monitor/accuracy.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "monitor/monitor.h"
#include "predictions.h"

namespace insitu {
namespace {

using Catch::Approx;

TEST_CASE("A calibration says how often such a confidence is right") {
  // 0.9 is right in 60 %, 0.95 in 40 %: more confidence cannot mean less, so both are 50 %.
  std::vector<Judgement> judgements;
  for (int i = 0; i < 1'000; ++i) {
    judgements.push_back({0.5f, i % 4 == 0});
    judgements.push_back({0.9f, i % 10 < 6});
    judgements.push_back({0.95f, i % 10 < 4});
    judgements.push_back({1.0f, true});
  }
  const auto calibration = Calibration::Fit("scores", judgements);
  REQUIRE(calibration);
  REQUIRE(calibration->points.size() == 3);
  CHECK(calibration->count == 4'000);
  CHECK(calibration->accuracy == Approx((0.25 + 0.6 + 0.4 + 1) / 4));
  CHECK(calibration->Probability(0.1) == Approx(0.25));
  CHECK(calibration->Probability(0.5) == Approx(0.25));
  CHECK(calibration->Probability(0.925) == Approx(0.5));
  CHECK(calibration->Probability((0.925 + 1) / 2) == Approx(0.75));
  CHECK(calibration->Probability(2) == Approx(1));
}

TEST_CASE("A calibration needs labels enough, and keeps its points few") {
  CHECK_FALSE(Calibration::Fit("scores", std::vector<Judgement>(499)));
  PredictionStream stream(1);
  for (size_t count : {size_t{500}, size_t{777}, size_t{20'000}}) {
    const Calibration calibration = CalibrationOf(stream, count);
    CHECK(calibration.points.size() <= Calibration::kMaximumPoints);
    CHECK(calibration.points.size() >= 3);
    for (size_t i = 1; i < calibration.points.size(); ++i) {
      CHECK(calibration.points[i].confidence > calibration.points[i - 1].confidence);
      CHECK(calibration.points[i].accuracy >= calibration.points[i - 1].accuracy);
    }
  }
  // All alike: one point.
  const auto flat = Calibration::Fit("scores", std::vector<Judgement>(500, {0.7f, true}));
  REQUIRE(flat);
  REQUIRE(flat->points.size() == 1);
  CHECK(flat->Probability(0) == 1);
}

TEST_CASE("Calibrations survive a profile's JSON; what is wrong is named") {
  PredictionStream stream(2);
  ReferenceProfile profile = CorrelatedProfile(1, 300);
  profile.accuracy = CalibrationOf(stream, 2'000);
  profile.accuracy->labels = {"zero", "one"};
  const std::string json = profile.ToJson();
  const auto read = ReferenceProfile::FromJson(json);
  REQUIRE(read);
  REQUIRE(read->accuracy);
  CHECK(read->ToJson() == json);
  CHECK(read->accuracy->labels == profile.accuracy->labels);
  const auto parse = [](std::string_view text) {
    return Calibration::FromJson(*Json::Parse(text));
  };
  const std::string head = R"({"output":"y","count":500,"accuracy":0.9,"points":)";
  CHECK(parse(head + "[[0.5,0.5],[0.6,0.5]]}"));
  for (const char* points : {"[]", "[[0.5]]", "[[0.5,0.6],[0.6,0.5]]", "[[0.6,0.5],[0.6,0.6]]",
                             "[[0.5,1.5]]", "[[-0.5,0.5]]", "3", "[[0.5,\"x\"]]"}) {
    CAPTURE(points);
    CHECK_FALSE(parse(head + points + "}"));
  }
  CHECK_FALSE(parse(R"({"output":"y","count":499,"accuracy":0.9,"points":[[0.5,0.5]]})"));
  CHECK_FALSE(parse(head + "[[0.5,0.5]],\"labels\":[1]}"));
}

TEST_CASE("Accuracy is estimated without labels under label shift") {
  PredictionStream reference(3);
  const Calibration calibration = CalibrationOf(reference, 10'000);
  int within = 0;
  for (uint64_t run = 0; run < 40; ++run) {
    PredictionStream stream(100 + run);
    stream.ShiftLabels();
    Accuracy accuracy(10'000);
    accuracy.Use(calibration);
    CHECK_FALSE(accuracy.estimate());
    int correct = 0;
    for (int i = 0; i < 2'000; ++i) {
      const auto prediction = stream.Next();
      accuracy.Observe("scores", prediction.winner, prediction.confidence, {});
      correct += prediction.winner == prediction.truth;
    }
    const auto estimate = accuracy.estimate();
    REQUIRE(estimate);
    CHECK(estimate->count == 2'000);
    CHECK(estimate->low < estimate->value);
    within += std::abs(estimate->value - correct / 2'000.0) <= 0.02;
  }
  CHECK(within >= 36);
}

TEST_CASE("An estimate is of the latest predictions, of the calibrated output") {
  Calibration calibration = *Calibration::Fit("a", [] {
    std::vector<Judgement> judgements;
    for (int i = 0; i < 1'000; ++i) judgements.push_back({i % 2 ? 0.9f : 0.6f, i % 2 || i % 4});
    return judgements;
  }());
  Accuracy accuracy(10'000);
  accuracy.Use(calibration);
  for (int i = 0; i < 3'000; ++i) accuracy.Observe("a", 0, 0.6, {});
  CHECK(accuracy.estimate()->value == Approx(0.5));
  for (size_t i = 0; i < Accuracy::kWindow; ++i) {
    accuracy.Observe("a", 0, 0.9, {});
    accuracy.Observe("b", 0, 0.1, {});
  }
  CHECK(accuracy.estimate()->value == Approx(1));
}

TEST_CASE("The error rate has few false alarms and finds what is worse") {
  // 5 % wrong in 2,000 labels.
  std::mt19937_64 random(5);
  double calm = 0, worse = 0;
  constexpr int kRuns = 60;
  for (int run = 0; run < kRuns; ++run) {
    ErrorRateDetector detector(100, 2'000, 1'000);
    for (; calm < 60'000.0 * (run + 1);) {
      ++calm;
      if (detector.Update(Uniform(random) < 0.05) == Detector::Change::kDrift) break;
    }
    detector.Reset();
    CHECK(detector.state() == DriftState::kCalm);
    for (int i = 0; i < 300; ++i) detector.Update(Uniform(random) < 0.03);
    while (detector.Update(Uniform(random) < 0.2) != Detector::Change::kDrift) ++worse;
    REQUIRE(detector.alarm());
    CHECK(detector.alarm()->since <= detector.alarm()->sample);
  }
  CHECK(calm / kRuns >= 1'000);
  CHECK(worse / kRuns <= 60);
}

TEST_CASE("The error rate comes back, and extremes stay finite") {
  ErrorRateDetector detector(0, 500, 10'000);
  CHECK(detector.expected() > 0);
  for (int i = 0; i < 5'000; ++i) detector.Update(true);
  CHECK(detector.state() == DriftState::kDrifting);
  CHECK(detector.recent() == 1);
  int labels = 0;
  while (detector.Update(false) != Detector::Change::kRecovered) REQUIRE(++labels < 1'000);
  CHECK(labels >= 99);
  ErrorRateDetector always_wrong(500, 500, 10'000);
  for (int i = 0; i < 9'900; ++i) CHECK(always_wrong.Update(true) == Detector::Change::kNone);
}

TEST_CASE("Labels are matched with predictions, once, and name classes") {
  Accuracy accuracy(10'000);
  accuracy.Observe("y", 3, 0.9, "a");
  accuracy.Observe("y", 4, 0.8, "b");
  CHECK_FALSE(accuracy.Feedback("c", 3.0));
  CHECK_FALSE(accuracy.Feedback("", 3.0));
  CHECK_FALSE(accuracy.Feedback("a", -1.0));
  CHECK_FALSE(accuracy.Feedback("a", 0.5));
  CHECK_FALSE(accuracy.Feedback("a", std::nan("")));
  CHECK_FALSE(accuracy.Feedback("a", std::string("three")));
  CHECK(accuracy.Feedback("a", 3.0));
  CHECK_FALSE(accuracy.Feedback("a", 3.0));
  CHECK(accuracy.Feedback("b", 3.0));
  CHECK(accuracy.labelled() == 2);
  CHECK(accuracy.correct() == 1);
  // The last 1,024 are remembered.
  for (int i = 0; i < 1'025; ++i) accuracy.Observe("y", 0, 0.5, "r" + std::to_string(i));
  CHECK_FALSE(accuracy.Feedback("r0", 0.0));
  CHECK(accuracy.Feedback("r1", 0.0));
}

// Runs of a classifier of two rows of probabilities.
void Observe(Monitor& monitor, std::string_view id, float confidence) {
  std::array<float, 2> row = {confidence, 1 - confidence};
  const std::vector<NamedView> outputs = {
      {"y", {DType::kFloat32, {1, 2}, reinterpret_cast<std::byte*>(row.data()), nullptr}}};
  monitor.Observe({.outputs = outputs, .id = id});
}

TEST_CASE("A monitor learns a calibration from feedback, and says when errors grow") {
  auto monitor = *Monitor::Create({.profile = CorrelatedProfile(1, 300), .sample = 7});
  std::mt19937_64 random(6);
  const auto label = [&](int i, double rate) {
    const std::string id = std::to_string(i);
    Observe(*monitor, id, static_cast<float>(0.6 + 0.4 * Uniform(random)));
    REQUIRE(monitor->Feedback(id, Uniform(random) < rate ? 1.0 : 0.0));
  };
  for (int i = 0; i < 499; ++i) label(i, 0.05);
  Json snapshot = *Json::Parse(monitor->SnapshotJson());
  CHECK(*snapshot.Find("accuracy")->Find("learning")->Find("have")->AsNumber() == 499);
  CHECK(snapshot.Find("accuracy")->Find("estimate")->IsNull());
  CHECK(*snapshot.Find("samples")->AsNumber() == 72);
  label(499, 0.05);
  snapshot = *Json::Parse(monitor->SnapshotJson());
  CHECK(snapshot.Find("accuracy")->Find("learning")->IsNull());
  CHECK(*snapshot.Find("accuracy")->Find("estimate")->Find("value")->AsNumber() ==
        Approx(0.95).margin(0.03));
  const auto exported = ReferenceProfile::FromJson(*monitor->ExportProfileJson());
  REQUIRE(exported);
  CHECK(exported->accuracy->count == 500);
  monitor->TakeEvents();
  for (int i = 500; i < 700; ++i) label(i, 0.5);
  auto events = monitor->TakeEvents();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == MonitorEventKind::kDrift);
  const Json detail = *Json::Parse(events[0].json);
  CHECK(*detail.Find("cause")->AsString() == "errors");
  CHECK(*(*detail.Find("features")->AsArray())[0].Find("name")->AsString() == "y.errors");
  for (int i = 700; i < 1'200; ++i) label(i, 0.01);
  events = monitor->TakeEvents();
  REQUIRE(events.size() == 1);
  CHECK(events[0].kind == MonitorEventKind::kRecovered);
  CHECK(monitor->Export("prometheus", 0)->find("insitu_labelled_total{correct=\"false\"}") !=
        std::string::npos);
  monitor->Reset();
  snapshot = *Json::Parse(monitor->SnapshotJson());
  CHECK(*snapshot.Find("accuracy")->Find("labelled")->AsNumber() == 0);
  CHECK(snapshot.Find("accuracy")->Find("learning")->IsNull());
}

}  // namespace
}  // namespace insitu
