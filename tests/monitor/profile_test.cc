// Profiles: made from rows, written and read, and every kind of text that must be refused.
#include "monitor/profile.h"

#include <algorithm>
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <limits>
#include <random>

#include "base/json.h"
#include "streams.h"

namespace insitu {
namespace {

using Catch::Approx;

std::string ErrorOf(std::string_view text) {
  auto profile = ReferenceProfile::FromJson(text);
  return profile ? "none" : ToString(profile.error());
}

// A profile of one feature whose members can be replaced.
std::string Text(std::string knots = "", std::string tail = "", std::string head = "") {
  if (knots.empty()) {
    for (int i = 0; i < 256; ++i) knots += (i ? "," : "") + std::to_string(i);
    knots = "[" + knots + "]";
  }
  if (tail.empty()) tail = R"("mean":127.5,"std":74)";
  if (head.empty()) head = R"("format":"insitu-profile","version":1,"count":256)";
  return "{" + head + R"(,"features":[{"name":"x","knots":)" + knots + "," + tail + "}]}";
}

std::string Knots(std::string_view first, std::string_view rest) {
  std::string text = "[" + std::string(first);
  for (int i = 1; i < 256; ++i) text += "," + std::string(rest);
  return text + "]";
}

TEST_CASE("Knots are the quantiles of the rows, mean and spread are exact") {
  std::vector<float> rows;
  for (int i = 0; i < 512; ++i) {
    rows.push_back(static_cast<float>((i * 37) % 512));
    rows.push_back(-2.5f);
  }
  const std::vector<std::string> names = {"a", "b"};
  auto profile = ReferenceProfile::FromRows(rows, names);
  REQUIRE(profile);
  CHECK(profile->count == 512);
  REQUIRE(profile->features.size() == 2);
  const FeatureProfile& a = profile->features[0];
  CHECK(a.name == "a");
  CHECK(a.knots[0] == 0);
  CHECK(a.knots[255] == 511);
  for (size_t i = 1; i < 255; ++i) CHECK(a.knots[i] == static_cast<float>(2 * i + 1));
  CHECK(a.mean == Approx(255.5));
  CHECK(a.std == Approx(std::sqrt((512.0 * 512 - 1) / 12)));
  CHECK(profile->features[1].mean == -2.5);
  CHECK(profile->features[1].std == 0);
}

TEST_CASE("Rows that cannot make a profile are refused") {
  const std::vector<std::string> names = {"a", "b"}, twice = {"a", "a"}, unnamed = {"a", ""};
  std::vector<float> rows(600, 1.0f);
  CHECK(ReferenceProfile::FromRows(rows, names));
  CHECK_FALSE(ReferenceProfile::FromRows(std::span(rows).first(599), names));
  CHECK_FALSE(ReferenceProfile::FromRows(std::span(rows).first(510), names));
  CHECK_FALSE(ReferenceProfile::FromRows(rows, {}));
  CHECK_FALSE(ReferenceProfile::FromRows(rows, twice));
  CHECK_FALSE(ReferenceProfile::FromRows(rows, unnamed));
  rows[301] = std::numeric_limits<float>::quiet_NaN();
  auto result = ReferenceProfile::FromRows(rows, names);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::kInvalidArgument);
  CHECK(result.error().message.contains("row 150 of feature 'b'"));
}

TEST_CASE("JSON comes back the same, with tolerance and model") {
  ReferenceProfile profile = CorrelatedProfile(5, 1'000);
  profile.model_sha256 = std::string(64, 'a');
  profile.features[3].tolerance = Tolerance{0.02, 0.25};
  const std::string json = profile.ToJson();
  auto read = ReferenceProfile::FromJson(json);
  REQUIRE(read);
  CHECK(read->ToJson() == json);
  CHECK(read->count == 1'000);
  CHECK(read->model_sha256 == profile.model_sha256);
  for (size_t k = 0; k < kWidth; ++k) {
    CHECK(read->features[k].knots == profile.features[k].knots);
    CHECK(read->features[k].mean == profile.features[k].mean);
    CHECK(read->features[k].std == profile.features[k].std);
    CHECK(read->features[k].tolerance.has_value() == (k == 3));
  }
  CHECK(read->features[3].tolerance->share == 0.25);
  CHECK(json.size() < kWidth * 3'500);
}

TEST_CASE("A profile's text is read strictly, and the error names the member") {
  CHECK(ErrorOf(Text()) == "none");
  CHECK(ErrorOf(Text("", R"("mean":0,"std":1,"tolerance":{"tail":0.01,"share":0.1},"note":1)")) ==
        "none");
  CHECK(ErrorOf(Text(Knots("2", "1"))).contains("'knots' must ascend"));
  CHECK(ErrorOf(Text(Knots("1", "1"))) == "none");
  CHECK(ErrorOf(Text(Knots("1", "1e39"))).contains("single precision"));
  CHECK(ErrorOf(Text(Knots("null", "1"))).contains("'knots'"));
  CHECK(ErrorOf(Text(Knots("NaN", "1"))).contains("not JSON"));
  CHECK(ErrorOf(Text("[1,2]")).contains("must be 256"));
  CHECK(ErrorOf(Text("7")).contains("feature 'x': 'knots' must be an array"));
  CHECK(ErrorOf(Text("", R"("mean":0)")).contains("'std'"));
  CHECK(ErrorOf(Text("", R"("mean":0,"std":-1)")).contains("'std'"));
  CHECK(ErrorOf(Text("", R"("mean":"0","std":1)")).contains("'mean'"));
  for (const char* tolerance : {"1", "{}", R"({"tail":0.01})", R"({"tail":0.5,"share":0.1})",
                                R"({"tail":0.01,"share":0})", R"({"tail":0.01,"share":1.01})"})
    CHECK(ErrorOf(Text("", R"("mean":0,"std":1,"tolerance":)" + std::string(tolerance)))
              .contains("tolerance"));
  const std::string format = R"("format":"insitu-profile",)", version = R"("version":1,)";
  CHECK(ErrorOf(Text("", "", R"("format":"other","version":1,"count":256)")).contains("'format'"));
  CHECK(ErrorOf(Text("", "", format + R"("version":2,"count":256)")).contains("'version'"));
  CHECK(ErrorOf(Text("", "", format + version + R"("count":255)")).contains("'count'"));
  CHECK(ErrorOf(Text("", "", format + version + R"("count":300.5)")).contains("'count'"));
  CHECK(ErrorOf(Text("", "", format + version + R"("count":256,"model":{"sha256":"XY"})"))
            .contains("'sha256'"));
  CHECK(ErrorOf("{" + format + version + R"("count":256,"features":[]})").contains("0"));
  CHECK(ErrorOf("{" + format + version + R"("count":256,"features":[{"name":""}]})") != "none");
  std::string doubled = Text();
  doubled.insert(doubled.size() - 2, "," + doubled.substr(doubled.find("{\"name\"")));
  doubled.resize(doubled.size() - 2);
  CHECK(ErrorOf(doubled).contains("two features 'x'"));
}

TEST_CASE("Merged profiles are close to the profile of all rows") {
  std::mt19937_64 random(7);
  Normal normal;
  std::vector<float> all;
  std::vector<ReferenceProfile> parts;
  // Three sources of different size, place and spread.
  for (const auto& [count, place, spread] :
       {std::tuple{1'000, 0.0, 1.0}, {3'000, 4.0, 0.5}, {6'000, 0.0, 3.0}}) {
    std::vector<float> rows;
    for (int i = 0; i < count; ++i)
      rows.push_back(static_cast<float>(place + spread * normal(random)));
    parts.push_back(*ReferenceProfile::FromRows(rows, std::vector<std::string>{"x"}));
    all.insert(all.end(), rows.begin(), rows.end());
  }
  const auto merged = ReferenceProfile::Merge(parts);
  REQUIRE(merged);
  const ReferenceProfile joint = *ReferenceProfile::FromRows(all, std::vector<std::string>{"x"});
  CHECK(merged->count == joint.count);
  const FeatureProfile &a = merged->features[0], &b = joint.features[0];
  CHECK(std::abs(a.mean - b.mean) < 1e-6);
  CHECK(std::abs(a.std - b.std) < 1e-6);
  CHECK(a.knots.front() == b.knots.front());
  CHECK(a.knots.back() == b.knots.back());
  CHECK(std::ranges::is_sorted(a.knots));
  for (size_t i = 3; i + 3 < kKnots; ++i) CHECK(std::abs(a.knots[i] - b.knots[i]) < 0.1f);
  // One alone stays as it is, but for rounding.
  const auto same = ReferenceProfile::Merge({parts.data(), 1});
  for (size_t i = 0; i < kKnots; ++i)
    CHECK(std::abs(same->features[0].knots[i] - parts[0].features[0].knots[i]) < 1e-5f);
}

TEST_CASE("Profiles of different features do not merge") {
  std::vector<ReferenceProfile> profiles = {CorrelatedProfile(1, 300), CorrelatedProfile(2, 300)};
  CHECK(ReferenceProfile::Merge(profiles)->count == 600);
  CHECK_FALSE(ReferenceProfile::Merge({}));
  profiles[0].model_sha256 = std::string(64, 'a');
  CHECK(ReferenceProfile::Merge(profiles)->model_sha256.empty());
  profiles[1].features[3].name = "other";
  CHECK_FALSE(ReferenceProfile::Merge(profiles));
  profiles[1] = CorrelatedProfile(2, 300);
  profiles[1].features[3].tolerance = Tolerance{};
  CHECK_FALSE(ReferenceProfile::Merge(profiles));
  profiles[1] = CorrelatedProfile(2, 300);
  profiles[1].features.pop_back();
  CHECK_FALSE(ReferenceProfile::Merge(profiles));
}

TEST_CASE("Hostile text gives a typed error") {
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string(1'000'000, '['),
        std::string(9'000'000, ' '), "{\"format\":" + std::string(100'000, '{')}) {
    auto profile = ReferenceProfile::FromJson(text);
    REQUIRE_FALSE(profile);
    CHECK((profile.error().code == ErrorCode::kInvalidArgument ||
           profile.error().code == ErrorCode::kLimitExceeded));
  }
  std::mt19937_64 random(3);
  const std::string good = Text();
  for (int i = 0; i < 500; ++i) {
    std::string text = good;
    for (int k = 0; k < 3; ++k) text[random() % text.size()] = static_cast<char>(random());
    if (auto profile = ReferenceProfile::FromJson(text)) {
      CHECK(std::ranges::is_sorted(profile->features[0].knots));
      CHECK(profile->count >= kMinimumProfileRows);
    }
    CHECK_FALSE(ReferenceProfile::FromJson(text.substr(0, random() % good.size())));
  }
}

}  // namespace
}  // namespace insitu
