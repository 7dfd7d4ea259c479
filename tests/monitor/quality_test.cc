// The gate: fifteen kinds of corrupted input are caught, clean ones pass; rules declared in a
// profile stand; without a profile only what is wrong in itself is an issue.
#include "monitor/quality.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "corruptions.h"

namespace insitu {
namespace {

bool Has(QualityIssues issues, QualityIssue issue) { return issues[static_cast<size_t>(issue)]; }

TEST_CASE("Corrupted images are caught, clean ones pass") {
  QualityGate gate;
  gate.Use(PictureProfile());
  std::mt19937_64 random(12);
  int rejected = 0;
  for (int i = 0; i < 1'000; ++i) {
    Picture picture = TakePicture(random);
    const QualityIssues issues = gate.Judge(Read(picture));
    rejected += issues.any();
  }
  CHECK(rejected <= 10);

  for (const Corruption& corruption : Corruptions()) {
    int caught = 0, named = 0;
    for (int i = 0; i < 200; ++i) {
      Picture picture = TakePicture(random);
      corruption.change(picture);
      const QualityIssues issues = gate.Judge(Read(picture));
      caught += issues.any();
      named += Has(issues, corruption.issue);
    }
    CAPTURE(corruption.name, caught, named);
    CHECK(caught >= 190);
    CHECK(named >= 180);
  }

  Picture still = TakePicture(random);
  int frozen = 0;
  for (int i = 0; i < 200; ++i) frozen += Has(gate.Judge(Read(still)), QualityIssue::kFrozen);
  CHECK(frozen == 198);
  gate.Reset();
  CHECK(gate.Judge(Read(still)).none());
}

TEST_CASE("Normalised inputs that come without normalisation, and bytes at their limits") {
  QualityGate gate;
  gate.Use(PictureProfile(
      [](Picture& p) { EachValue(p, [](float x) { return (x - 0.45f) / 0.225f; }); }));
  std::mt19937_64 random(13);
  Picture picture = TakePicture(random);
  CHECK(Has(gate.Judge(Read(picture)), QualityIssue::kScale));

  std::vector<float> rows(600);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(i % 10) / 1'000;
  QualityGate bytes;
  bytes.Use(*ReferenceProfile::FromRows(rows, std::vector<std::string>{"x.saturation_share"}));
  std::vector<int8_t> values(100, 5);
  values[0] = 6;
  const auto judge = [&] {
    const TensorView view{
        DType::kInt8, {100}, reinterpret_cast<std::byte*>(values.data()), nullptr};
    return bytes.Judge(*ReadInput({"x", view}));
  };
  CHECK(judge().none());
  std::fill_n(values.begin(), 20, int8_t{-128});
  CHECK(Has(judge(), QualityIssue::kClipped));
}

TEST_CASE("Without a profile only what is wrong in itself is an issue") {
  QualityGate gate;
  std::mt19937_64 random(14);
  Picture picture = TakePicture(random);
  EachValue(picture, [](float x) { return 1'000 * x; });
  CHECK(gate.Judge(Read(picture)).none());
  EachValue(picture, [](float) { return 3.0f; });
  CHECK(ToString(gate.Judge(Read(picture))) == "constant");
  picture.values[7] = std::nanf("");
  CHECK(ToString(gate.Judge(Read(picture))) == "nan");
}

TEST_CASE("Images that differ in one column are not frozen, whatever their size") {
  for (int64_t side : {64, 256}) {
    std::vector<float> values(static_cast<size_t>(3 * side * side), 0.5f);
    values[5] = 0.25f;
    QualityGate gate;
    for (size_t i = 0; i < 20; ++i) {
      for (int64_t y = 0; y < side; ++y) values[static_cast<size_t>(y * side) + 7 + i] = 0.9f;
      const TensorView view{DType::kFloat32,
                            {1, 3, side, side},
                            reinterpret_cast<std::byte*>(values.data()),
                            nullptr};
      CHECK(gate.Judge(*ReadInput({"image", view})).none());
    }
  }
}

TEST_CASE("A blank image is an issue where the profile has none") {
  QualityGate gate;
  gate.Use(PictureProfile());
  Picture picture;
  CHECK(Has(gate.Judge(Read(picture)), QualityIssue::kConstant));
}

TEST_CASE("What a profile declares stands") {
  ReferenceProfile profile = PictureProfile();
  profile.quality = {{"image", ValueRange{-1, 300}, {"scale", "overexposed", "clipped"}}};
  QualityGate gate;
  gate.Use(profile);
  std::mt19937_64 random(15);
  Picture picture = TakePicture(random);
  EachValue(picture, [](float x) { return 255 * x; });
  CHECK(gate.Judge(Read(picture)).none());
  EachValue(picture, [](float x) { return 2 * x; });
  CHECK(ToString(gate.Judge(Read(picture))) == "range");
}

TEST_CASE("Issues have names") {
  for (size_t i = 0; i < kQualityIssues; ++i) {
    const auto issue = static_cast<QualityIssue>(i);
    CHECK(QualityIssueOf(Name(issue)) == issue);
  }
  CHECK_FALSE(QualityIssueOf("ugly"));
  QualityIssues two;
  two.set(0).set(6);
  CHECK(ToString(two) == "nan, dark");
}

}  // namespace
}  // namespace insitu
