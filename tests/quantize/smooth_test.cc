// SmoothQuant: a channel with outliers behind a layer normalisation costs the others less, and the
// graph computes what it did.
#include "quantize/smooth.h"

#include <catch2/catch_test_macros.hpp>
#include <memory>
#include <random>

#include "onnx/model_builder.h"
#include "quantize/quantizer.h"

namespace insitu::test {
namespace {

constexpr int64_t kWidth = 32, kRows = 64;

std::vector<float> Normal(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// Layer normalisation whose channel 3 is a hundred times as large as the others, and a product.
ModelBuilder Outlier() {
  std::vector<float> gain(kWidth, 1);
  gain[3] = 100;
  std::vector<float> weights = Normal(kWidth * kWidth, 3);
  for (int64_t n = 0; n < kWidth; ++n) weights[static_cast<size_t>(3 * kWidth + n)] *= 0.01F;
  ModelBuilder builder(17);
  builder.Input("x", {kRows, kWidth})
      .Initializer(FloatTensor("gain", {kWidth}, gain))
      .Initializer(FloatTensor("w", {kWidth, kWidth}, weights))
      .Node("LayerNormalization", {"x", "gain"}, {"n"})
      .Node("MatMul", {"n", "w"}, {"y"})
      .Output("y");
  return builder;
}

double SqnrWith(double smooth) {
  const auto runtime = *Runtime::Create(1);
  QuantizeOptions options;
  options.smooth = smooth;
  const auto quantizer = *Quantizer::Create(ToBytes(Outlier().Bytes()), options, {}, *runtime);
  REQUIRE(quantizer->Nodes().size() == 1);
  for (unsigned seed = 0; seed < 4; ++seed) {
    const std::vector<float> x = Normal(kRows * kWidth, 10 + seed);
    REQUIRE(quantizer->Observe(std::vector<NamedTensor>{
        {"x", *Tensor::From<float>({kRows, kWidth}, std::span<const float>(x))}}));
  }
  return *quantizer->Measure(quantizer->Nodes()[0], 4)->output_sqnr;
}

TEST_CASE("a channel with outliers costs less once weights take its range over") {
  const double plain = SqnrWith(0), smooth = SqnrWith(0.5);
  INFO(plain << " dB, smoothed " << smooth << " dB");
  CHECK(smooth > plain + 6);
}

}  // namespace
}  // namespace insitu::test
