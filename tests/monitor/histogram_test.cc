// The histogram against exact quantiles, merging bucket for bucket, the rule of withholding, JSON.
#include "monitor/histogram.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>
#include <vector>

namespace insitu {
namespace {

std::vector<double> LogNormal(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> times(1.0, 1.2);
  std::vector<double> samples(count);
  for (double& ms : samples) ms = times(random);
  return samples;
}

double RelativeError(double estimate, double exact) { return std::abs(estimate - exact) / exact; }

TEST_CASE("Quantiles of log-normal times are within 1.1 % of the exact ones") {
  std::vector<double> samples = LogNormal(200'000, 1);
  Histogram histogram;
  for (double ms : samples) histogram.Record(ms);
  std::ranges::sort(samples);
  for (double q = 0.01; q < 1; q += 0.01) {
    const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(samples.size())));
    CHECK(RelativeError(*histogram.Quantile(q), samples[rank - 1]) < 0.011);
  }
  CHECK(*histogram.Quantile(0) == samples.front());
  CHECK(*histogram.Quantile(1) == samples.back());
  CHECK(*histogram.min_ms() == samples.front());
  CHECK(*histogram.max_ms() == samples.back());
}

TEST_CASE("The error bound holds over the whole range, 1 us to 64 s") {
  for (double ms = 0.00101; ms < 64'000; ms *= 1.0037) {
    Histogram histogram;
    // A smaller and a larger time keep min and max from hiding the bucket's own estimate.
    for (int i = 0; i < 8; ++i) histogram.Record(ms);
    histogram.Record(0.001);
    histogram.Record(64'000);
    REQUIRE(histogram.below_step() == 0);
    REQUIRE(histogram.overflow() == 0);
    REQUIRE(RelativeError(*histogram.Quantile(0.5), ms) < 0.0109);
  }
}

TEST_CASE("Merging equals recording both streams, bucket for bucket") {
  Histogram one(0.1), two(0.1), joint(0.1);
  for (double ms : LogNormal(5'000, 2)) one.Record(ms), joint.Record(ms);
  for (double ms : LogNormal(3'000, 3)) two.Record(ms * 40), joint.Record(ms * 40);
  one.Record(1e6), joint.Record(1e6);
  one.Merge(two);
  CHECK(one.buckets() == joint.buckets());
  CHECK(one.count() == joint.count());
  CHECK(one.below_step() == joint.below_step());
  CHECK(one.overflow() == 1);
  CHECK(*one.min_ms() == *joint.min_ms());
  CHECK(*one.max_ms() == *joint.max_ms());
  Histogram empty(0.1);
  empty.Merge(joint);
  CHECK(empty.ToJson() == joint.ToJson());
}

TEST_CASE("Times below the clock step are counted as such") {
  Histogram histogram(0.1);
  for (double ms : {0.0, 0.05, -3.0}) histogram.Record(ms);
  CHECK(histogram.below_step() == 3);
  histogram.Record(0.09999999);  // one step, missed by rounding
  histogram.Record(std::nan(""));
  CHECK(histogram.below_step() == 3);
  CHECK(histogram.count() == 4);
  for (int i = 0; i < 6; ++i) histogram.Record(0);
  CHECK(*histogram.Quantile(0.5) == 0);
  CHECK(Histogram().below_step() == 0);

  Histogram fine;
  fine.Record(0.01);
  fine.Record(5);
  fine.Merge(histogram);
  CHECK(fine.clock_step_ms() == 0.1);
  CHECK(fine.below_step() == 10);
  CHECK(fine.count() == 12);
}

TEST_CASE("Quantiles are withheld until there are samples enough") {
  CHECK(Histogram::MinimumSamples(0.5) == 8);
  CHECK(Histogram::MinimumSamples(0.9) == 64);
  CHECK(Histogram::MinimumSamples(0.95) == 130);
  CHECK(Histogram::MinimumSamples(0.99) == 662);
  CHECK(Histogram::MinimumSamples(0.1) == 64);
  CHECK(Histogram::MinimumSamples(0.999) > 6'000);
  Histogram histogram;
  CHECK_FALSE(histogram.Quantile(1));
  CHECK_FALSE(histogram.min_ms());
  for (int i = 1; i <= 662; ++i) {
    histogram.Record(i);
    CHECK(histogram.Quantile(0.5).has_value() == (i >= 8));
    CHECK(histogram.Quantile(0.9).has_value() == (i >= 64));
    CHECK(histogram.Quantile(0.95).has_value() == (i >= 130));
    CHECK(histogram.Quantile(0.99).has_value() == (i >= 662));
  }
  for (double q : {-0.1, 1.1, std::nan("")}) CHECK_FALSE(histogram.Quantile(q));
  histogram.Reset();
  CHECK(histogram.count() == 0);
  CHECK_FALSE(histogram.Quantile(0.5));
}

TEST_CASE("JSON comes back the same, and only what could be written is read") {
  Histogram histogram(0.005);
  for (double ms : LogNormal(1'000, 4)) histogram.Record(ms);
  histogram.Record(0);
  histogram.Record(1e9);
  const std::string json = histogram.ToJson();
  auto read = Histogram::FromJson(json);
  REQUIRE(read);
  CHECK(read->ToJson() == json);
  CHECK(read->buckets() == histogram.buckets());
  CHECK(Histogram::FromJson(Histogram().ToJson())->ToJson() == Histogram().ToJson());

  auto refused = [](std::string_view fields) {
    std::string text = R"({"scale":5,"clockStepMs":0,"count":1,"belowStep":0,"overflow":0,)"
                       R"("sumMs":1,"minMs":1,"maxMs":1,)";
    auto result = Histogram::FromJson(text + std::string(fields) + "}");
    return !result && result.error().code == ErrorCode::kInvalidArgument;
  };
  CHECK_FALSE(refused(R"("offset":0,"buckets":[1])"));
  CHECK(refused(R"("offset":0,"buckets":[2])"));
  CHECK(refused(R"("offset":0,"buckets":[0.5,0.5])"));
  CHECK(refused(R"("offset":0,"buckets":[-1,2])"));
  CHECK(refused(R"("offset":0,"buckets":[4294967296])"));
  CHECK(refused(R"("offset":191,"buckets":[0,1])"));
  CHECK(refused(R"("offset":0.5,"buckets":[1])"));
  CHECK(refused(R"("offset":-639,"buckets":[1])"));
  CHECK(refused(R"("offset":0,"buckets":1)"));
  CHECK(refused(R"("offset":0)"));
  CHECK_FALSE(Histogram::FromJson("[]"));
  CHECK_FALSE(Histogram::FromJson(R"({"scale":4})"));
}

}  // namespace
}  // namespace insitu
