// Features of tensors against a naive computation in one pass over every value.
#include "monitor/features.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <random>

namespace insitu {
namespace {

using Catch::Approx;
constexpr double kInf = std::numeric_limits<double>::infinity();

template <class T>
TensorView View(std::vector<T>& values, Dims dims = {}) {
  if (dims.empty()) dims = {static_cast<int64_t>(values.size())};
  return {kDTypeOf<T>, dims, reinterpret_cast<std::byte*>(values.data()), nullptr};
}

template <class T>
void CheckAgainstNaive(std::vector<T> values) {
  long double sum = 0, squares = 0;
  double low = kInf, high = -kInf;
  int64_t finite = 0, zeros = 0, saturated = 0, nans = 0;
  for (T x : values) {
    nans += std::isnan(x);
    if (!std::isfinite(x)) continue;
    ++finite;
    sum += x;
    low = std::min(low, static_cast<double>(x));
    high = std::max(high, static_cast<double>(x));
    zeros += x == 0;
    saturated += x >= 0.999;
  }
  const long double mean = sum / finite;
  for (T x : values)
    if (std::isfinite(x)) squares += (x - mean) * (x - mean);
  const TensorStatistics statistics = ComputeStatistics(View(values));
  CHECK(statistics.elements == static_cast<int64_t>(values.size()));
  CHECK(statistics.nans == nans);
  CHECK(statistics.infinities == statistics.elements - finite - nans);
  const auto spread = static_cast<double>(std::sqrt(squares / finite));
  CHECK(std::abs(statistics.mean - static_cast<double>(mean)) <= 1e-6 * spread);
  CHECK(statistics.spread == Approx(spread).epsilon(1e-6).margin(1e-12));
  CHECK(statistics.min == low);
  CHECK(statistics.max == high);
  CHECK(statistics.zero_share == static_cast<double>(zeros) / static_cast<double>(finite));
  CHECK(statistics.saturation_share ==
        static_cast<double>(saturated) / static_cast<double>(finite));
}

TEST_CASE("Statistics equal the naive ones at every size around a block, in both types") {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0.4, 0.5);
  for (size_t size : {1, 2, 7, 8, 1023, 1024, 1025, 3000, 5 * 1024}) {
    std::vector<float> singles;
    for (size_t i = 0; i < size; ++i)
      singles.push_back(random() % 4 ? static_cast<float>(normal(random)) : 0.0f);
    CheckAgainstNaive(singles);
    CheckAgainstNaive(std::vector<double>(singles.begin(), singles.end()));
    for (float offset : {1e4f, -1e4f}) {
      std::vector<float> far = singles;
      for (float& x : far) x += offset;
      CheckAgainstNaive(far);
    }
    // NaN and infinities at the start, inside blocks and at the end.
    std::vector<float> broken = singles;
    broken.insert(broken.begin(), std::numeric_limits<float>::quiet_NaN());
    broken.insert(broken.begin() + static_cast<int64_t>(size / 2) + 1,
                  -std::numeric_limits<float>::infinity());
    broken.push_back(std::numeric_limits<float>::infinity());
    CheckAgainstNaive(broken);
  }
}

TEST_CASE("Means of large images see all columns, whatever the width") {
  for (const auto& [width, channels] :
       {std::pair{640, 3}, {512, 3}, {1024, 1}, {256, 3}, {640, 1}, {768, 3}}) {
    // Pixels with channels last; the right half is light.
    const int row = width * channels;
    std::vector<float> values(static_cast<size_t>(row) * 640);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<int>(i) % row >= row / 2 ? 1.0f : 0.0f;
    CAPTURE(width, channels);
    CHECK(ComputeStatistics(View(values)).mean == Approx(0.5).margin(0.2));
    CHECK(ComputeStatistics(View(values), 3).saturation_share == Approx(0.5).margin(0.2));
  }
}

TEST_CASE("Of large tensors extremes and faults are exact, means those of evenly spaced blocks") {
  std::mt19937_64 random(2);
  std::normal_distribution<float> normal(0.4f, 0.5f);
  std::vector<float> values(150'528);
  for (float& x : values) x = std::clamp(normal(random), -1.0f, 1.5f);
  for (size_t at : {size_t{0}, size_t{300}, size_t{77'777}, values.size() - 1}) {
    std::vector<float> changed = values;
    changed[at] = 9;
    CHECK(ComputeStatistics(View(changed)).max == 9);
    changed[at] = -9;
    CHECK(ComputeStatistics(View(changed)).min == -9);
    changed[at] = std::nanf("");
    CHECK(ComputeStatistics(View(changed)).nans == 1);
    changed[at] = -std::numeric_limits<float>::infinity();
    CHECK(ComputeStatistics(View(changed)).infinities == 1);
  }
  // In turns each is seen once in four.
  std::vector<float> marked = values;
  marked[77'777] = 9;
  marked[300] = std::nanf("");
  int maxima = 0, faults = 0;
  for (size_t turn = 0; turn < 8; ++turn) {
    const TensorStatistics part = ComputeStatistics(View(marked), turn);
    maxima += part.max == 9;
    faults += part.nans == 1;
    CHECK(part.nan_share == Approx(static_cast<double>(part.nans) / (150'528 / 4.0)).epsilon(1e-2));
    CHECK(part.mean == Approx(0.4).margin(0.02));
    CHECK(part.spread == Approx(0.49).margin(0.02));
    CHECK(part.elements == 150'528);
  }
  CHECK(maxima == 2);
  CHECK(faults == 2);
  const TensorStatistics statistics = ComputeStatistics(View(values));
  CHECK(statistics.mean == Approx(0.4).margin(0.02));
  CHECK(statistics.spread == Approx(0.49).margin(0.02));
  CHECK(statistics.saturation_share == Approx(0.115).margin(0.02));
  CHECK_FALSE(statistics.constant);
  std::ranges::fill(values, 0.5f);
  CHECK(ComputeStatistics(View(values)).constant);
  values[100'000] = 0.25f;
  CHECK_FALSE(ComputeStatistics(View(values)).constant);
}

TEST_CASE("Saturation starts at 0.999, zero is exact") {
  std::vector<float> values = {0.999f, 1, 2, 0.99899f, 1e-30f, 0, -0.0f, -1};
  const TensorStatistics statistics = ComputeStatistics(View(values));
  CHECK(statistics.saturation_share == 3.0 / 8);
  CHECK(statistics.zero_share == 2.0 / 8);
  CHECK_FALSE(statistics.constant);
}

TEST_CASE("Constant, empty and all-broken tensors") {
  std::vector<float> same(2'000, 0.1f), one = {3}, none, broken(2'000, std::nanf(""));
  CHECK(ComputeStatistics(View(same)).constant);
  CHECK(ComputeStatistics(View(same)).spread == 0);
  CHECK_FALSE(ComputeStatistics(View(one)).constant);
  CHECK(std::isnan(ComputeStatistics(View(none, {0})).mean));
  const TensorStatistics statistics = ComputeStatistics(View(broken));
  CHECK(statistics.nans == 2'000);
  CHECK(std::isnan(statistics.max));
  CHECK_FALSE(statistics.constant);
  same[1'999] = kInf;
  CHECK_FALSE(ComputeStatistics(View(same)).constant);
  CHECK(statistics.nan_share == 1);
  std::vector<int32_t> numbers(10);
  CHECK_FALSE(HasStatistics(DType::kInt32));
  CHECK(ComputeStatistics(View(numbers)).elements == 0);
}

template <class T>
void CheckBytes(size_t size) {
  std::mt19937_64 random(size);
  std::vector<T> values(size);
  int64_t sum = 0, squares = 0, limits = 0, zeros = 0;
  for (T& x : values) {
    x = static_cast<T>(random() % 8 ? random() : random() % 2 ? 127 : 128);
    sum += x;
    squares += int64_t{x} * x;
    zeros += x == 0;
    limits += std::is_signed_v<T> ? x == 127 || x == -128 : x == 255;
  }
  const auto count = static_cast<double>(size), mean = static_cast<double>(sum) / count;
  const TensorStatistics statistics = ComputeStatistics(View(values));
  CHECK(statistics.mean == Approx(mean).margin(1e-12));
  CHECK(statistics.spread ==
        Approx(std::sqrt(static_cast<double>(squares) / count - mean * mean)).margin(1e-6));
  CHECK(statistics.min == *std::ranges::min_element(values));
  CHECK(statistics.max == *std::ranges::max_element(values));
  CHECK(statistics.zero_share == static_cast<double>(zeros) / count);
  CHECK(statistics.saturation_share == static_cast<double>(limits) / count);
  CHECK(statistics.nans == 0);
}

TEST_CASE("Bytes have statistics, too") {
  for (size_t size : {1, 255, 256, 3'000}) {
    CheckBytes<int8_t>(size);
    CheckBytes<uint8_t>(size);
  }
}

TEST_CASE("Input features carry their names") {
  std::vector<float> values = {0, 1, 1, 0.5f};
  FeatureRow features;
  AppendInputFeatures("image", ComputeStatistics(View(values)), features);
  REQUIRE(features.size() == 7);
  const std::map<std::string, double> expected = {
      {"image.mean", 0.625},      {"image.spread", std::sqrt(0.171875)},
      {"image.min", 0},           {"image.max", 1},
      {"image.zero_share", 0.25}, {"image.saturation_share", 0.5},
      {"image.nan_share", 0}};
  for (const Feature& feature : features) CHECK(feature.value == Approx(expected.at(feature.name)));
}

}  // namespace
}  // namespace insitu
