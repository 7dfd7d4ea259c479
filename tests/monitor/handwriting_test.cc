// The watch and the project's own model agree: its profile is read, its features are ours, drawings
// of the second generator are calm and inverted ones are found.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"
#include "monitor/esr.h"
#include "monitor/features.h"
#include "monitor/image_features.h"
#include "monitor/output_features.h"
#include "monitor/profile.h"
#include "support/places.h"

namespace insitu {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(test::ProjectDir() + "/" + path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ReferenceProfile Profile() {
  const std::string text = ReadText("models/handwriting/handwriting.profile.json");
  auto profile = ReferenceProfile::FromJson(text);
  if (!profile) FAIL(ToString(profile.error()));
  return *std::move(profile);
}

std::vector<float> Floats(const Json& numbers, double scale) {
  std::vector<float> values;
  for (const Json& number : *numbers.AsArray())
    values.push_back(static_cast<float>(*number.AsNumber() / scale));
  return values;
}

FeatureRow FeaturesOf(std::vector<float> image, std::vector<float> probabilities) {
  FeatureRow features;
  const TensorView input{
      DType::kFloat32, {1, 1, 28, 28}, reinterpret_cast<std::byte*>(image.data()), nullptr};
  REQUIRE(image.size() == 784);
  AppendInputFeatures("image", ComputeStatistics(input), features);
  const auto geometry = ImageGeometryOf(input);
  REQUIRE(geometry);
  AppendImageFeatures("image", ComputeImageFeatures(input, *geometry), *geometry, features);
  const TensorView output{DType::kFloat32,
                          {1, static_cast<int64_t>(probabilities.size())},
                          reinterpret_cast<std::byte*>(probabilities.data()),
                          nullptr};
  const auto scores = ScoresOf(output, ReadOutput("probabilities", output).kind);
  REQUIRE(scores);
  AppendOutputFeatures("probabilities", *scores, features);
  return features;
}

// The features that the profile has, in its order.
std::vector<double> Row(const ReferenceProfile& profile, const FeatureRow& features) {
  std::vector<double> row;
  for (const FeatureProfile& wanted : profile.features) {
    const auto found = std::ranges::find(features, wanted.name, &Feature::name);
    INFO(wanted.name);
    REQUIRE(found != features.end());
    row.push_back(found->value);
  }
  return row;
}

Json Fixtures() {
  auto json = Json::Parse(ReadText("tests/models/fixtures/expected.json"));
  if (!json) FAIL(ToString(json.error()));
  REQUIRE_FALSE(json->AsArray()->empty());
  return *std::move(json);
}

TEST_CASE("The features of the fixtures are those of the script that made the profile") {
  const ReferenceProfile profile = Profile();
  const Json fixtures = Fixtures();
  for (const Json& fixture : *fixtures.AsArray()) {
    const auto features = FeaturesOf(Floats(*fixture.Find("cells400"), 400),
                                     Floats(*fixture.Find("probabilities"), 1));
    const std::vector<double> row = Row(profile, features);
    for (size_t k = 0; k < row.size(); ++k) {
      INFO(profile.features[k].name);
      const Json* expected = fixture.Find("features")->Find(profile.features[k].name);
      REQUIRE(expected);
      CHECK(std::abs(row[k] - *expected->AsNumber()) < 1e-5);
    }
  }
}

TEST_CASE("Another hand is calm, inverted colours are found") {
  const ReferenceProfile profile = Profile();
  const Json fixtures = Fixtures();
  const Json::Array& drawings = *fixtures.AsArray();
  auto detector = EsrDetector::Create(profile, {.false_alarm_every = 10'000});
  REQUIRE(detector);
  for (int round = 0; round < 5; ++round)
    for (const Json& fixture : drawings) {
      const auto features = FeaturesOf(Floats(*fixture.Find("cells400"), 400),
                                       Floats(*fixture.Find("probabilities"), 1));
      CHECK(detector->Update(Row(profile, features)) == EsrDetector::Change::kNone);
    }
  const uint64_t calm = detector->samples();
  bool found = false;
  for (size_t i = 0; i < 60 && !found; ++i) {
    const Json& fixture = drawings[i % drawings.size()];
    std::vector<float> image = Floats(*fixture.Find("cells400"), 400);
    for (float& x : image) x = 1 - x;
    const auto features = FeaturesOf(image, Floats(*fixture.Find("probabilities"), 1));
    found = detector->Update(Row(profile, features)) == EsrDetector::Change::kDrift;
  }
  REQUIRE(found);
  CHECK(detector->alarm()->since > calm);
  CHECK(detector->samples() - calm < 20);
}

}  // namespace
}  // namespace insitu
