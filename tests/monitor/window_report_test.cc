// Windows against profiles: p-values that are uniform where nothing changed, effect sizes of known
// changes, ties and missing values.
#include "monitor/window_report.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>

#include "base/json.h"
#include "streams.h"

namespace insitu {
namespace {

std::vector<float> Rows(CorrelatedStream& stream, int count, double shift = 0, double scale = 1) {
  std::vector<float> rows;
  for (int i = 0; i < count; ++i)
    for (double x : stream.Next(shift, scale)) rows.push_back(static_cast<float>(x));
  return rows;
}

TEST_CASE("No shift: five in a hundred windows are significant at 5 %") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  CorrelatedStream stream(55);
  int ks = 0, chi_square = 0, any = 0;
  constexpr int kRuns = 1'000;
  for (int run = 0; run < kRuns; ++run) {
    const auto report = WindowReport::Compare(profile, Rows(stream, 100));
    REQUIRE(report);
    ks += report->features[5].ks_p < 0.05;
    chi_square += report->features[5].chi_square_p < 0.05;
    any += std::ranges::any_of(report->features,
                               [](const FeatureReport& f) { return f.ks_adjusted < 0.05; });
  }
  CHECK(std::abs(ks - 50) <= 22);
  CHECK(std::abs(chi_square - 50) <= 22);
  CHECK(any <= 72);
}

TEST_CASE("No shift: a window as large as the profile is judged by both sizes") {
  CorrelatedStream stream(56);
  int ks = 0, chi_square = 0;
  for (uint64_t run = 0; run < 300; ++run) {
    const ReferenceProfile profile = CorrelatedProfile(500 + run, 1'000);
    const auto report = WindowReport::Compare(profile, Rows(stream, 1'000));
    REQUIRE(report);
    ks += report->features[5].ks_p < 0.05;
    chi_square += report->features[5].chi_square_p < 0.05;
  }
  CHECK(ks <= 30);
  CHECK(chi_square <= 30);
}

TEST_CASE("Effect sizes of a shift by one standard deviation") {
  const ReferenceProfile profile = CorrelatedProfile(1, 20'000);
  CorrelatedStream stream(57);
  const auto report = WindowReport::Compare(profile, Rows(stream, 20'000, 1));
  REQUIRE(report);
  const FeatureReport& feature = report->features[6];
  CHECK(std::abs(feature.ks - 0.3829) < 0.015);  // 2 Phi(1/2) - 1
  CHECK(std::abs(feature.wasserstein - 1) < 0.03);
  CHECK(std::abs(feature.psi - 1) < 0.1);  // less than the 1 of unbinned normal distributions
  CHECK(std::abs(feature.jensen_shannon - 0.158) < 0.02);
  CHECK(feature.ks_adjusted < 1e-6);
  CHECK(feature.chi_square_adjusted < 1e-6);
}

TEST_CASE("Ties, constants and missing values") {
  std::vector<float> reference;
  for (int i = 0; i < 3'000; ++i) {
    reference.push_back(static_cast<float>(i % 2));  // two values
    reference.push_back(4);                          // one
  }
  const ReferenceProfile profile = *ReferenceProfile::FromRows(reference, Names(2));
  std::vector<float> same, other;
  for (int i = 0; i < 200; ++i) {
    same.push_back(static_cast<float>(i / 7 % 2));
    same.push_back(i % 5 ? 4.0f : std::nanf(""));
    other.push_back(i % 10 ? 1.0f : 0.0f);
    other.push_back(5);
  }
  auto report = WindowReport::Compare(profile, same);
  REQUIRE(report);
  CHECK(report->features[0].degrees == 1);
  CHECK(report->features[0].chi_square_p > 0.05);
  CHECK(report->features[1].count == 160);
  CHECK(report->features[1].degrees == 0);
  CHECK(report->features[1].chi_square_p == 1);
  CHECK(report->features[1].ks_p > 0.001);
  CHECK(std::isnan(report->features[1].wasserstein));
  report = WindowReport::Compare(profile, other);
  REQUIRE(report);
  CHECK(report->features[0].chi_square_p < 1e-6);
  CHECK(report->features[1].ks_p < 1e-6);
  const auto json = Json::Parse(report->ToJson());
  REQUIRE(json);
  CHECK(json->Find("features")->AsArray()->size() == 2);
  CHECK(json->Find("features")->AsArray()->at(1).Find("wasserstein")->IsNull());
}

TEST_CASE("Windows that cannot be compared are refused") {
  const ReferenceProfile profile = CorrelatedProfile(1, 300);
  CorrelatedStream stream(58);
  CHECK(WindowReport::Compare(profile, Rows(stream, 19)).error().code ==
        ErrorCode::kInvalidArgument);
  std::vector<float> rows = Rows(stream, 30);
  rows.pop_back();
  CHECK(WindowReport::Compare(profile, rows).error().code == ErrorCode::kShapeMismatch);
}

}  // namespace
}  // namespace insitu
