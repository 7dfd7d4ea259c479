// The detector: calm without a shift, quick with one, honest about tolerance features, never NaN.
// Streams are seeded; bounds are those of docs/monitoring.md with room for chance.
#include "monitor/esr.h"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <random>

#include "streams.h"

namespace insitu {
namespace {

using Change = EsrDetector::Change;

EsrDetector Esr(const ReferenceProfile& profile, double every, uint64_t seed = 1) {
  auto detector = EsrDetector::Create(profile, {.false_alarm_every = every, .seed = seed});
  REQUIRE(detector);
  return *std::move(detector);
}

// Samples until the alarm; `limit` if there was none.
template <class Next>
uint64_t TimeToAlarm(EsrDetector& detector, uint64_t limit, Next next) {
  while (detector.samples() < limit)
    if (detector.Update(next()) == Change::kDrift) break;
  return detector.samples();
}

uint64_t Median(std::vector<uint64_t> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

uint64_t MedianDelay(const ReferenceProfile& profile, double shift, double scale, int runs) {
  std::vector<uint64_t> delays;
  for (int run = 0; run < runs; ++run) {
    CorrelatedStream stream(100 + static_cast<uint64_t>(run));
    EsrDetector detector = Esr(profile, 10'000, static_cast<uint64_t>(run));
    delays.push_back(TimeToAlarm(detector, 2'000, [&] { return stream.Next(shift, scale); }));
  }
  return Median(delays);
}

// One normal feature with a tolerance of `share` beyond the outer `tail` quantiles.
ReferenceProfile Tolerant(double tail, double share) {
  std::mt19937_64 random(9);
  Normal normal;
  std::vector<float> rows(20'000);
  for (float& x : rows) x = static_cast<float>(normal(random));
  ReferenceProfile profile = *ReferenceProfile::FromRows(rows, Names(1));
  profile.features[0].tolerance = Tolerance{tail, share};
  return profile;
}

TEST_CASE("No shift: the mean time between false alarms is the one promised") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  double total = 0;
  for (uint64_t run = 0; run < 200; ++run) {
    CorrelatedStream stream(1'000 + run);
    EsrDetector detector = Esr(profile, 200, run);
    total += static_cast<double>(TimeToAlarm(detector, 20'000, [&] { return stream.Next(); }));
  }
  CHECK(total / 200 >= 180);
  CHECK(total / 200 <= 320);
}

TEST_CASE("A shift or another spread in all features is found in the measured number of samples") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  CHECK(MedianDelay(profile, 0.5, 1, 41) <= 75);
  CHECK(MedianDelay(profile, 1, 1, 41) <= 34);
  CHECK(MedianDelay(profile, -1, 1, 41) <= 34);
  CHECK(MedianDelay(profile, 2, 1, 41) <= 21);
  CHECK(MedianDelay(profile, 0, 1.5, 41) <= 85);
  CHECK(MedianDelay(profile, 0, 0.5, 41) <= 42);
}

TEST_CASE("An alarm names the feature that moved, by how much and since when") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  EsrDetector detector = Esr(profile, 10'000);
  CorrelatedStream stream(77);
  for (int i = 0; i < 500; ++i) REQUIRE(detector.Update(stream.Next()) == Change::kNone);
  uint64_t delay = 0;
  do {
    auto row = stream.Next();
    row[7] -= 3;
    REQUIRE(++delay < 100);
    if (detector.Update(row) == Change::kDrift) break;
  } while (true);
  REQUIRE(detector.alarm());
  const Alarm& alarm = *detector.alarm();
  CHECK(alarm.sample == 500 + delay);
  CHECK(alarm.since >= 485);
  CHECK(alarm.since <= 506);
  CHECK(alarm.statistic >= 10'000);
  REQUIRE_FALSE(alarm.evidence.empty());
  CHECK(alarm.evidence[0].feature == 7);
  CHECK(alarm.evidence[0].share > 0.9);
  CHECK(alarm.evidence[0].shift < -2);
  CHECK(alarm.evidence[0].shift > -4);
  CHECK(detector.state() == DriftState::kDrifting);
  CHECK(detector.meter() == 1);
  CHECK(detector.FeatureMeter(7) > 0.9);
  CHECK(detector.FeatureMeter(7) > detector.FeatureMeter(6));
}

TEST_CASE("It recovers when the inputs are back, and not before") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  for (double shift : {1.0, 3.0}) {
    EsrDetector detector = Esr(profile, 10'000);
    CorrelatedStream stream(5);
    TimeToAlarm(detector, 1'000, [&] { return stream.Next(shift); });
    REQUIRE(detector.state() == DriftState::kDrifting);
    const uint64_t alarm = detector.alarm()->sample;
    for (int i = 0; i < 1'000; ++i) REQUIRE(detector.Update(stream.Next(shift)) == Change::kNone);
    CHECK(detector.alarm()->sample == alarm);
    int back = 0, recovered_at = 0;
    while (recovered_at == 0 && back < 1'000) {
      const double before = detector.recovery();
      ++back;
      const Change change = detector.Update(stream.Next());
      REQUIRE(change != Change::kDrift);
      if (change == Change::kRecovered) recovered_at = back;
      if (back < 10) CHECK(before < 1.0001);
    }
    CHECK(recovered_at > 0);
    CHECK(recovered_at <= 200);
    CHECK(detector.state() == DriftState::kCalm);
    CHECK(detector.meter() < 1);
    CHECK(detector.recovery() == 1);
    // A second drift is a new alarm.
    TimeToAlarm(detector, detector.samples() + 1'000, [&] { return stream.Next(2); });
    CHECK(detector.state() == DriftState::kDrifting);
    CHECK(detector.alarm()->sample > alarm);
  }
}

TEST_CASE("Half a sigma is seldom taken for a recovery") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  int recovered = 0;
  for (uint64_t run = 0; run < 40; ++run) {
    EsrDetector detector = Esr(profile, 10'000, run);
    CorrelatedStream stream(300 + run);
    TimeToAlarm(detector, 1'000, [&] { return stream.Next(0.5); });
    bool once = false;
    for (int i = 0; i < 500; ++i) once |= detector.Update(stream.Next(0.5)) == Change::kRecovered;
    recovered += once;
  }
  CHECK(recovered <= 10);
}

TEST_CASE("A tolerance feature stays calm within its promise and alarms beyond it") {
  const ReferenceProfile profile = Tolerant(0.01, 0.1);
  ReferenceProfile strict = profile;
  strict.features[0].tolerance.reset();
  Normal normal;
  // A narrower source, shifted by 1.2 sigma: within the promise, and drift to a strict detector.
  std::mt19937_64 random(4);
  auto inside = [&] { return std::array{1.2 + 0.6 * normal(random)}; };
  int alarms = 0;
  for (uint64_t run = 0; run < 20; ++run) {
    EsrDetector tolerant = Esr(profile, 1'000, run);
    alarms += TimeToAlarm(tolerant, 1'000, inside) < 1'000;
    EsrDetector plain = Esr(strict, 1'000, run);
    CHECK(TimeToAlarm(plain, 1'000, inside) < 100);
  }
  CHECK(alarms <= 2);
  for (double sign : {-1.0, 1.0}) {
    EsrDetector detector = Esr(profile, 10'000);
    CHECK(TimeToAlarm(detector, 1'000, [&] { return std::array{sign * (4 + normal(random))}; }) <
          15);
  }
}

TEST_CASE("At the edge of the promise a tolerance feature keeps the false alarm rate") {
  const ReferenceProfile profile = Tolerant(0.02, 0.2);
  double total = 0;
  for (uint64_t run = 0; run < 200; ++run) {
    std::mt19937_64 random(run);
    EsrDetector detector = Esr(profile, 200, run);
    total += static_cast<double>(TimeToAlarm(
        detector, 20'000, [&] { return std::array{Uniform(random) < 0.2 ? 10.0 : 0.0}; }));
  }
  CHECK(total / 200 >= 180);
}

TEST_CASE("Values that tie with the knots are ranked at random, so a lattice is calm") {
  std::mt19937_64 random(6);
  auto value = [&] { return static_cast<double>(random() % 4 ? 0 : random() % 3) / 3; };
  std::vector<float> rows(20'000);
  for (float& x : rows) x = static_cast<float>(value());
  const ReferenceProfile profile = *ReferenceProfile::FromRows(rows, Names(1));
  double total = 0;
  for (uint64_t run = 0; run < 100; ++run) {
    EsrDetector detector = Esr(profile, 200, run);
    total +=
        static_cast<double>(TimeToAlarm(detector, 20'000, [&] { return std::array{value()}; }));
  }
  CHECK(total / 100 >= 160);
}

TEST_CASE("The meter is log(1 + statistic) / log(1 + threshold), within 0..1 and monotone") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  EsrDetector detector = Esr(profile, 1'000);
  CHECK(detector.meter() == 0);
  CorrelatedStream stream(8);
  std::vector<std::pair<double, double>> seen;
  for (int i = 0; i < 3'000; ++i) {
    detector.Update(stream.Next(i % 500 > 450 ? 1 : 0));
    REQUIRE(detector.meter() >= 0);
    REQUIRE(detector.meter() <= 1);
    for (size_t k = 0; k < detector.features(); ++k) {
      REQUIRE(detector.FeatureMeter(k) >= 0);
      REQUIRE(detector.FeatureMeter(k) <= 1);
    }
    if (detector.state() == DriftState::kDrifting) continue;
    const double meter = std::log(1 + detector.statistic()) / std::log(1 + detector.threshold());
    CHECK(std::abs(detector.meter() - meter) < 1e-12);
    seen.emplace_back(detector.statistic(), detector.meter());
  }
  std::ranges::sort(seen);
  CHECK(std::ranges::is_sorted(seen, {}, &std::pair<double, double>::second));
  REQUIRE(seen.back().second > seen.front().second);
}

TEST_CASE("No value makes a state NaN or infinite") {
  ReferenceProfile profile = CorrelatedProfile(1, 2'000);
  profile.features[4].tolerance = Tolerance{0.001, 0.001};
  EsrDetector detector = Esr(profile, 1e12);
  std::mt19937_64 random(12);
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const std::array wild = {std::nan(""), kInf, -kInf, 1e308, -1e308, 0.0, 5e-324};
  std::array<double, kWidth> row{};
  for (int i = 0; i < 100'000; ++i) {
    for (double& x : row) x = wild[random() % wild.size()];
    detector.Update(row);
    REQUIRE(std::isfinite(detector.statistic()));
    REQUIRE(std::isfinite(detector.meter()));
    const size_t k = random() % kWidth;
    REQUIRE(std::isfinite(detector.FeatureMeter(k)));
    REQUIRE(std::isfinite(detector.Evidence(k).share));
  }
  row.fill(1e300);
  for (int i = 0; i < 5'000; ++i) detector.Update(row);
  CHECK(std::isfinite(detector.statistic()));
}

TEST_CASE("Values that are missing are no observations") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  EsrDetector detector = Esr(profile, 1'000);
  std::array<double, kWidth> row;
  row.fill(std::nan(""));
  for (int i = 0; i < 1'000; ++i) CHECK(detector.Update(row) == Change::kNone);
  CHECK(detector.statistic() == 0);
  CHECK(detector.observed(0) == 0);
  CHECK(std::isnan(detector.value(0)));
  // They do not count towards recovery either.
  CorrelatedStream stream(3);
  TimeToAlarm(detector, 2'000, [&] { return stream.Next(2); });
  REQUIRE(detector.state() == DriftState::kDrifting);
  for (int i = 0; i < 200; ++i) CHECK(detector.Update(row) == Change::kNone);
  CHECK(detector.state() == DriftState::kDrifting);
  CHECK(detector.recovery() == 0);
}

TEST_CASE("A short profile raises the alarm level, Reset starts again, seeds repeat") {
  CHECK(Esr(CorrelatedProfile(1, 2'000), 1'000).threshold() == 2'500);
  const ReferenceProfile profile = CorrelatedProfile(1, 10'000);
  EsrDetector detector = Esr(profile, 1'000);
  CHECK(detector.threshold() == 1'000);
  auto run = [&] {
    CorrelatedStream stream(21);
    TimeToAlarm(detector, 1'000, [&] { return stream.Next(0.5); });
    return detector.alarm()->statistic;
  };
  const double first = run();
  detector.Reset();
  CHECK(detector.samples() == 0);
  CHECK(detector.state() == DriftState::kCalm);
  CHECK_FALSE(detector.alarm());
  CHECK(detector.statistic() == 0);
  CHECK(run() == first);
  CHECK_FALSE(EsrDetector::Create(ReferenceProfile{}));
  for (double every : {0.0, 9.0, 1e13, std::nan("")})
    CHECK_FALSE(EsrDetector::Create(profile, {.false_alarm_every = every}));
}

}  // namespace
}  // namespace insitu
