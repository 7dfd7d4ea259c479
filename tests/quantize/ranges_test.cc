// Ranges from histograms: extremes, tails that are cut, least error, least divergence.
#include "quantize/ranges.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace insitu::test {
namespace {

// Normal numbers, and a few far outside.
std::vector<float> WithOutliers(float outlier) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> values(100'000);
  for (float& value : values) value = normal(random);
  values[77] = outlier;
  return values;
}

double SquaredError(const std::vector<float>& values, const Range& range) {
  const ByteScale to = ScaleOf(range, false);
  double error = 0;
  for (float value : values) {
    const float code = std::clamp(
        std::nearbyint(value / to.scale) + static_cast<float>(to.zero_point), 0.0F, 255.0F);
    const double difference =
        value - static_cast<double>(to.scale) * (code - static_cast<float>(to.zero_point));
    error += difference * difference;
  }
  return error;
}

TEST_CASE("extremes are those of all that was added, in whatever order and parts") {
  RangeObserver observer;
  for (const float value : {0.0F, 0.001F, -3.0F, 40.0F, 2.0F})
    REQUIRE(observer.Add(std::vector<float>{value}));
  CHECK(observer.extremes().low == -3);
  CHECK(observer.extremes().high == 40);
  CHECK(observer.Choose(RangeMethod::kMinMax, 0).high == 40);
  RangeObserver positive;
  REQUIRE(positive.Add(std::vector<float>{2, 3}));
  CHECK(positive.extremes().low == 2);
}

TEST_CASE("what is not finite is refused and counts nowhere") {
  RangeObserver observer;
  REQUIRE(observer.Add(std::vector<float>{1}));
  CHECK_FALSE(observer.Add(std::vector<float>{5, std::numeric_limits<float>::quiet_NaN()}));
  CHECK_FALSE(observer.Add(std::vector<float>{std::numeric_limits<float>::infinity()}));
  CHECK(observer.extremes().high == 1);
}

TEST_CASE("an outlier does not decide the range where a method cuts tails") {
  const std::vector<float> values = WithOutliers(60);
  RangeObserver observer;
  for (size_t i = 0; i < values.size(); i += 1000) REQUIRE(observer.Add({&values[i], 1000}));
  CHECK(observer.Choose(RangeMethod::kMinMax, 0).high == 60);
  const Range percentile = observer.Choose(RangeMethod::kPercentile, 99.9);
  CHECK(std::abs(percentile.high - 3.29F) < 0.2F);  // of a normal distribution, 0.05 % above
  CHECK(std::abs(percentile.low + 3.29F) < 0.2F);
  const Range entropy = observer.Choose(RangeMethod::kEntropy, 0);
  CHECK(entropy.high < 12);
  CHECK(entropy.high > 2);
  const Range least = observer.Choose(RangeMethod::kMeanSquareError, 0);
  CHECK(SquaredError(values, least) < SquaredError(values, observer.extremes()));
  CHECK(SquaredError(values, least) < 1.05 * SquaredError(values, {-30, least.high}));
}

TEST_CASE("zeros that come before all else count as well") {
  RangeObserver observer;
  REQUIRE(observer.Add(std::vector<float>(9'990)));
  for (int value = 10; value > 0; --value)
    REQUIRE(observer.Add(std::vector<float>{static_cast<float>(value)}));
  // 5.5 of 10,000 may lie beyond it.
  CHECK(std::abs(observer.Choose(RangeMethod::kPercentile, 99.89).high - 5) < 0.02F);
}

TEST_CASE("scales hold zero exactly, and any range gives one") {
  for (const bool is_signed : {false, true}) {
    for (const Range& range : {Range{0, 0}, Range{1, 2}, Range{-2, -1}, Range{-1e-38F, 1e-38F},
                               Range{-3e38F, 3e38F}, Range{-1, 254}}) {
      const ByteScale scale = ScaleOf(range, is_signed);
      CHECK(scale.scale > 0);
      CHECK(std::isfinite(scale.scale));
      CHECK(scale.zero_point >= (is_signed ? -128 : 0));
      CHECK(scale.zero_point <= (is_signed ? 127 : 255));
    }
  }
  CHECK(ScaleOf({-1, 254}, false).scale == 1);
  CHECK(ScaleOf({-1, 254}, false).zero_point == 1);
  CHECK(ScaleOf({-1, 254}, true).zero_point == -127);
}

}  // namespace
}  // namespace insitu::test
