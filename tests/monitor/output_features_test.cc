// Class scores: recognised by values, name, shape and declaration, and reduced as probabilities.
#include "monitor/output_features.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>

namespace insitu {
namespace {

using Catch::Approx;

template <class T>
TensorView View(std::vector<T>& values, Dims dims) {
  return {kDTypeOf<T>, dims, reinterpret_cast<std::byte*>(values.data()), nullptr};
}

TEST_CASE("Confidence of probability vectors") {
  std::vector<float> p = {0.1f, 0.7f, 0.2f, 0, 0.25f, 0.25f, 0.25f, 0.25f};
  const TensorView view = View(p, {2, 4});
  const OutputReading reading = ReadOutput("y", view);
  CHECK(reading.kind == OutputKind::kProbabilities);
  CHECK(reading.because == "values");
  const auto scores = ScoresOf(view, reading.kind);
  REQUIRE(scores);
  const double entropy = -(0.1 * std::log(0.1) + 0.7 * std::log(0.7) + 0.2 * std::log(0.2));
  CHECK(scores->top == Approx((0.7 + 0.25) / 2));
  CHECK(scores->entropy == Approx((entropy + std::log(4)) / 2));
  CHECK(scores->margin == Approx(0.5 / 2));
  CHECK_FALSE(scores->winner);
  std::vector<double> wide = {0.5, 0.5005};
  CHECK(ReadOutput("y", View(wide, {2})).kind == OutputKind::kProbabilities);
}

TEST_CASE("Logits are read as the probabilities that a softmax makes of them") {
  std::vector<float> logits = {1, -3, 5, 0.5f}, p;
  double sum = 0;
  for (float x : logits) sum += std::exp(static_cast<double>(x));
  for (float x : logits) p.push_back(static_cast<float>(std::exp(static_cast<double>(x)) / sum));
  const auto from_logits = ScoresOf(View(logits, {1, 4}), OutputKind::kLogits);
  const auto from_p = ScoresOf(View(p, {1, 4}), OutputKind::kProbabilities);
  REQUIRE(from_logits);
  REQUIRE(from_p);
  CHECK(from_logits->top == Approx(from_p->top));
  CHECK(from_logits->entropy == Approx(from_p->entropy));
  CHECK(from_logits->margin == Approx(from_p->margin));
  CHECK(from_logits->winner == 2);
  CHECK(from_p->winner == 2);
  for (float& x : logits) x += 3e38f;  // no overflow
  CHECK(ScoresOf(View(logits, {1, 4}), OutputKind::kLogits)->top == Approx(0.25));
}

TEST_CASE("What an output is taken for, and why") {
  const auto reading = [](std::string_view name, std::vector<float> values, Dims dims,
                          std::optional<OutputKind> declared = {}) {
    const OutputReading got = ReadOutput(name, View(values, dims), declared);
    return std::string(Name(got.kind)) + " " + std::string(got.because);
  };
  const float nan = std::nanf(""), infinity = std::numeric_limits<float>::infinity();
  CHECK(reading("y", {0.5f, 0.6f}, {2}) == "other shape");
  CHECK(reading("y", {0.5f, 0.502f}, {2}) == "other shape");
  CHECK(reading("y", {1.5f, -0.5f}, {1, 2}) == "other shape");
  CHECK(reading("Logits_2", {1.5f, -0.5f}, {1, 2}) == "logits name");
  CHECK(reading("logits", {0.5f, 0.5f}, {1, 2}) == "probabilities values");
  CHECK(reading("y", std::vector<float>(20, 3), {2, 10}) == "logits shape");
  CHECK(reading("y", std::vector<float>(20, 3), {1, 2, 10}) == "other shape");
  CHECK(reading("y", std::vector<float>(20, 3), {2, 10}, OutputKind::kOther) == "other declared");
  CHECK(reading("y", {0.5f, nan}, {2}) == "other shape");
  CHECK(reading("y", {infinity, 0}, {2}) == "other shape");
  CHECK(reading("y", {1, 1}, {2, 1}) == "other shape");
  CHECK(reading("y", {1}, {}) == "other shape");
  CHECK(reading("y", {0, 1, 0.3f, 0.3f}, {2, 2}) == "other shape");
  CHECK(reading("y", {}, {0, 10}) == "other shape");
  std::vector<uint8_t> bytes = {0, 1};
  CHECK(ReadOutput("y", View(bytes, {2})).kind == OutputKind::kOther);
}

TEST_CASE("No scores of what is no number, or no output of classes") {
  std::vector<float> values = {0.5f, std::nanf("")};
  CHECK_FALSE(ScoresOf(View(values, {1, 2}), OutputKind::kLogits));
  CHECK_FALSE(ScoresOf(View(values, {1, 2}), OutputKind::kOther));
  CHECK_FALSE(ScoresOf(View(values, {2, 1}), OutputKind::kLogits));
}

TEST_CASE("Their features carry the output's name, and the class only of a single row") {
  FeatureRow features;
  AppendOutputFeatures("y", {0.5, 1.5, 0.25, {}}, features);
  REQUIRE(features.size() == 3);
  CHECK(features[0].name == "y.top");
  CHECK(features[1].name == "y.entropy");
  CHECK(features[2].name == "y.margin");
  AppendOutputFeatures("z", {0.5, 1.5, 0.25, 7}, features);
  REQUIRE(features.size() == 7);
  CHECK(features[6].name == "z.class");
  CHECK(features[6].value == 7);
}

}  // namespace
}  // namespace insitu
