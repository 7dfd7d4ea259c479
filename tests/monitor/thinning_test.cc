// Thinning: independent rows are kept, correlated ones thinned until they are as good as
// independent, and neither a shift nor another spread is taken for correlation.
#include "monitor/thinning.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "monitor/esr.h"
#include "streams.h"

namespace insitu {
namespace {

// Normal features, each an autoregressive process of its own.
class SlowStream {
 public:
  SlowStream(uint64_t seed, double phi) : random_(seed), phi_(phi) {
    for (double& x : row_) x = normal_(random_);
  }
  std::array<double, kWidth> Next(double shift = 0, double scale = 1) {
    for (double& x : row_) x = phi_ * x + std::sqrt(1 - phi_ * phi_) * normal_(random_);
    std::array<double, kWidth> row = row_;
    for (double& x : row) x = x * scale + shift;
    return row;
  }

 private:
  std::mt19937_64 random_;
  Normal normal_;
  double phi_;
  std::array<double, kWidth> row_;
};

TEST_CASE("Independent rows are kept, whatever their mean and spread do") {
  int thinned = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SlowStream stream(seed, 0);
    Thinning thinning(kWidth);
    for (int i = 0; i < 2'000; ++i) {
      const double shift = i < 700 ? 0 : 2, scale = i < 1'400 ? 1 : 0.5;
      thinning.Keep(stream.Next(shift, scale));
      thinned += thinning.TakeChange();
    }
  }
  CHECK(thinned <= 2);
}

TEST_CASE("A sudden shift, however large, is not taken for correlation") {
  int thinned = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    SlowStream stream(seed, 0);
    Thinning thinning(kWidth);
    const int at = 20 + 7 * static_cast<int>(seed);
    for (int i = 0; i < 1'500; ++i) {
      thinning.Keep(stream.Next(i < at ? 0 : 20));
      thinned += thinning.TakeChange();
    }
  }
  CHECK(thinned <= 2);
}

TEST_CASE("Correlated rows are thinned to what is nearly independent") {
  for (double phi : {0.5, 0.9, 0.98}) {
    double factor = 0;
    for (uint64_t seed = 0; seed < 10; ++seed) {
      SlowStream stream(40 + seed, phi);
      Thinning thinning(kWidth);
      for (int i = 0; i < 20'000; ++i) thinning.Keep(stream.Next());
      factor += static_cast<double>(thinning.factor()) / 10;
    }
    const double right = std::ceil(std::log(0.05) / std::log(phi));
    CAPTURE(phi, factor);
    CHECK(factor >= 0.5 * right);
    CHECK(factor <= 3 * right);
  }
}

TEST_CASE("Features that never move do not hide the correlation of others") {
  SlowStream stream(60, 0.9);
  Thinning thinning(kWidth);
  for (int i = 0; i < 10'000; ++i) {
    auto row = stream.Next();
    for (size_t k = 0; k < 6; ++k) row[k] = 1;
    thinning.Keep(row);
  }
  CHECK(thinning.factor() >= 20);
}

TEST_CASE("A stream that is no longer correlated is looked at in full again") {
  SlowStream slow(3, 0.9), quick(4, 0);
  Thinning thinning(kWidth);
  for (int i = 0; i < 3'000; ++i) thinning.Keep(slow.Next());
  CHECK(thinning.factor() > 1);
  for (int i = 0; i < 4'000; ++i) thinning.Keep(quick.Next());
  CHECK(thinning.factor() == 1);
}

TEST_CASE("Constant features and missing values say nothing of correlation") {
  SlowStream stream(5, 0);
  Thinning thinning(kWidth);
  int kept = 0;
  for (int i = 0; i < 1'000; ++i) {
    auto row = stream.Next();
    row[2] = 7;
    row[3] = std::nan("");
    if (i % 3 == 0) row[4] = std::nan("");
    kept += thinning.Keep(row);
  }
  CHECK(kept >= 990);
}

TEST_CASE("A video without drift raises no alarm, and drift in it is found") {
  SlowStream reference(6, 0);
  std::vector<float> rows;
  for (int i = 0; i < 20'000; ++i)
    for (double x : reference.Next()) rows.push_back(static_cast<float>(x));
  const ReferenceProfile profile = *ReferenceProfile::FromRows(rows, Names(kWidth));
  int false_alarms = 0, found = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    SlowStream stream(70 + seed, 0.95);
    auto detector = EsrDetector::Create(profile, {.false_alarm_every = 10'000, .seed = seed});
    REQUIRE(detector);
    Thinning thinning(kWidth);
    const auto drifts = [&](double shift) {
      return UpdateThinned(*detector, thinning, stream.Next(shift)) == Detector::Change::kDrift;
    };
    for (int i = 0; i < 20'000; ++i) false_alarms += drifts(0);
    CHECK(detector->samples() == 20'000);
    for (int i = 0; i < 5'000; ++i) found += drifts(1);
  }
  CHECK(false_alarms <= 1);
  CHECK(found >= 9);
}

}  // namespace
}  // namespace insitu
