// Bias correction: outputs are as large as before on average, though weights were rounded coarsely.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <memory>
#include <random>

#include "onnx/model_builder.h"
#include "quantize/quantizer.h"

namespace insitu::test {
namespace {

constexpr int64_t kRows = 256, kDepth = 64, kColumns = 8;

std::vector<float> Uniform(size_t count, float low, float high, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

// The mean over columns of how far the mean output is from that of float.
double MeanError(bool corrects) {
  std::vector<float> weights = Uniform(kDepth * kColumns, -1, 1, 2);
  weights[5] = 60;  // the one scale of all weights
  ModelBuilder builder(17);
  builder.Input("x", {kRows, kDepth})
      .Initializer(FloatTensor("w", {kDepth, kColumns}, weights))
      .Initializer(FloatTensor("b", {kColumns}, std::vector<float>(kColumns, 1)))
      .Node("Gemm", {"x", "w", "b"}, {"y"})
      .Output("y");
  const auto runtime = *Runtime::Create(1);
  const std::vector<float> x = Uniform(kRows * kDepth, 0, 1, 3);
  const std::vector<NamedTensor> feeds{
      {"x", *Tensor::From<float>({kRows, kDepth}, std::span<const float>(x))}};
  QuantizeOptions options;
  options.per_channel = false;
  options.bias_correction = corrects;
  const auto quantizer = *Quantizer::Create(ToBytes(builder.Bytes()), options, {}, *runtime);
  REQUIRE(quantizer->Observe(feeds));
  const auto buffer = std::make_shared<Buffer>(*quantizer->Write({}, {}));
  const auto session = *Session::Load({{buffer->data(), buffer->size()}, buffer}, {}, *runtime);
  const auto original = *Session::Load(ToBytes(builder.Bytes()), {}, *runtime);
  const auto wanted = *original->Run(feeds), got = *session->Run(feeds);
  std::vector<double> off(kColumns, 0);
  for (size_t i = 0; i < kRows * kColumns; ++i)
    off[i % kColumns] += (got[0].tensor.As<float>()[i] - wanted[0].tensor.As<float>()[i]) / kRows;
  double mean = 0;
  for (double column : off) mean += std::abs(column) / kColumns;
  return mean;
}

TEST_CASE("biases make up for the mean error of rounded weights") {
  const double plain = MeanError(false), corrected = MeanError(true);
  INFO(plain << ", corrected " << corrected);
  CHECK(corrected < plain / 5);
}

}  // namespace
}  // namespace insitu::test
