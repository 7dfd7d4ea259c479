// CUSUM and windows of Kolmogorov-Smirnov tests: false alarms at the rate promised, shifts found,
// recovery, and the choice by name. Streams are seeded; bounds leave room for chance.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "monitor/cusum.h"
#include "monitor/detector.h"
#include "monitor/ks_window.h"
#include "streams.h"

namespace insitu {
namespace {

using Change = Detector::Change;

constexpr DetectorMethod kAll[] = {DetectorMethod::kEsr, DetectorMethod::kCusum,
                                   DetectorMethod::kKs};

std::unique_ptr<Detector> Make(const ReferenceProfile& profile, DetectorMethod method, double every,
                               uint64_t seed = 1) {
  auto detector = Detector::Create(profile, method, {.false_alarm_every = every, .seed = seed});
  REQUIRE(detector);
  return *std::move(detector);
}

uint64_t TimeToAlarm(Detector& detector, CorrelatedStream& stream, uint64_t limit, double shift) {
  const uint64_t start = detector.samples();
  while (detector.samples() - start < limit)
    if (detector.Update(stream.Next(shift)) == Change::kDrift) break;
  return detector.samples() - start;
}

TEST_CASE("No shift: CUSUM and KS raise no more false alarms than promised") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  for (DetectorMethod method : {DetectorMethod::kCusum, DetectorMethod::kKs}) {
    double total = 0;
    for (uint64_t run = 0; run < 100; ++run) {
      CorrelatedStream stream(2'000 + run);
      auto detector = Make(profile, method, 500, run);
      total += static_cast<double>(TimeToAlarm(*detector, stream, 50'000, 0));
    }
    CAPTURE(static_cast<int>(method));
    CHECK(total / 100 >= 450);
    CHECK(total / 100 <= 2'500);  // features are correlated, and both count as if they were not
  }
}

TEST_CASE("Every method finds a shift, says so once, and recovers") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  for (DetectorMethod method : kAll) {
    CAPTURE(static_cast<int>(method));
    auto detector = Make(profile, method, 10'000);
    CorrelatedStream stream(31);
    CHECK(TimeToAlarm(*detector, stream, 300, 0) == 300);
    CHECK(TimeToAlarm(*detector, stream, 200, 1.5) <= 100);
    CHECK(detector->state() == DriftState::kDrifting);
    for (int i = 0; i < 300; ++i) REQUIRE(detector->Update(stream.Next(1.5)) == Change::kNone);
    CHECK(detector->state() == DriftState::kDrifting);
    int recovered = 0;
    for (int i = 0; i < 300; ++i)
      recovered += detector->Update(stream.Next()) == Change::kRecovered;
    CHECK(recovered == 1);
    CHECK(detector->state() == DriftState::kCalm);
    detector->Reset();
    CHECK(detector->samples() == 0);
  }
}

TEST_CASE("A detector that was reset does what a new one does") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  for (DetectorMethod method : kAll) {
    auto detector = Make(profile, method, 1'000);
    uint64_t times[2];
    for (uint64_t& time : times) {
      CorrelatedStream stream(8);
      TimeToAlarm(*detector, stream, 100, 0);
      time = TimeToAlarm(*detector, stream, 1'000, 0.7);
      detector->Reset();
    }
    CHECK(times[0] == times[1]);
  }
}

TEST_CASE("Missing values are no observations, for any method") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  for (DetectorMethod method : kAll) {
    auto detector = Make(profile, method, 10'000);
    const std::array<double, kWidth> nothing = [] {
      std::array<double, kWidth> row;
      row.fill(std::nan(""));
      row[3] = std::numeric_limits<double>::infinity();
      return row;
    }();
    for (int i = 0; i < 1'000; ++i) REQUIRE(detector->Update(nothing) == Change::kNone);
    CHECK(detector->samples() == 1'000);
  }
}

TEST_CASE("The limit of CUSUM rises with the time between false alarms") {
  // h = 5 and k = 0.5 give one-sided 938 (Montgomery, Introduction to Statistical Quality Control).
  CHECK(std::abs(CusumDetector::LimitFor(938.2) - 5) < 0.001);
  CHECK(CusumDetector::LimitFor(1e5) > CusumDetector::LimitFor(1e4));
}

TEST_CASE("Methods are known by their names") {
  CHECK(DetectorMethodOf("auto") == DetectorMethod::kEsr);
  CHECK(DetectorMethodOf("esr") == DetectorMethod::kEsr);
  CHECK(DetectorMethodOf("cusum") == DetectorMethod::kCusum);
  CHECK(DetectorMethodOf("ks") == DetectorMethod::kKs);
  CHECK_FALSE(DetectorMethodOf("psi"));
  for (DetectorMethod method : kAll) {
    CHECK_FALSE(Detector::Create(ReferenceProfile{}, method));
    CHECK_FALSE(Detector::Create(CorrelatedProfile(1, 256), method, {.false_alarm_every = 9}));
  }
}

}  // namespace
}  // namespace insitu
