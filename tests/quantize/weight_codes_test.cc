// Codes and scales of weights, against what they stand for.
#include "quantize/weight_codes.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

namespace insitu::test {
namespace {

TEST_CASE("weights are within half a step of what their codes say, by channel") {
  const std::vector<float> values{1, -2, 0.5F, 100, 50, -100, 0, 0, 0};
  const Tensor weights = *Tensor::From<float>({3, 3}, std::span<const float>(values));
  for (const int64_t axis : {-1, 0, 1}) {
    const WeightCodes made = *EncodeWeights(weights, axis, 127);
    REQUIRE(made.scales.elements() == (axis < 0 ? 1 : 3));
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t channel = axis < 0 ? 0 : axis == 0 ? i / 3 : i % 3;
      const float scale = made.scales.As<float>()[channel];
      CHECK(scale > 0);
      CHECK(std::abs(values[i] - scale * made.codes.As<int8_t>()[i]) <= scale * 0.5001F);
    }
  }
  CHECK(EncodeWeights(weights, 0, 63)->codes.As<int8_t>()[1] == -63);
}

TEST_CASE("no scale is smaller than asked for") {
  const std::vector<float> values{1, -2, 1e-6F, 3e-6F}, least{1e-3F, 1e-6F};
  const Tensor weights = *Tensor::From<float>({2, 2}, std::span<const float>(values));
  const WeightCodes made = *EncodeWeights(weights, 0, 127, least);
  CHECK(made.scales.As<float>()[0] == 2.0F / 127);
  CHECK(made.scales.As<float>()[1] == 1e-6F);
  CHECK(made.codes.As<int8_t>()[2] == 1);
  CHECK(made.codes.As<int8_t>()[3] == 3);
}

}  // namespace
}  // namespace insitu::test
