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

// Of a 3x3 convolution over 4x4 with padding, where a quarter of what the edge taps read are zeros.
TEST_CASE("padding counts as the zeros it is") {
  const auto runtime = *Runtime::Create(1);
  std::vector<float> weights = Uniform(8 * 2 * 9, -1, 1, 4);
  weights[3] = 60;
  std::vector<float> x(2 * 16);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i < 16 ? 1.0F : 0.5F;
  ModelBuilder builder(17);
  builder.Input("x", {int64_t{1}, int64_t{2}, int64_t{4}, int64_t{4}})
      .Initializer(FloatTensor("w", {8, 2, 3, 3}, weights))
      .Node("Conv", {"x", "w"}, {"y"})
      .Ints("pads", {1, 1, 1, 1})
      .Output("y");
  const std::vector<NamedTensor> feeds{
      {"x", *Tensor::From<float>({1, 2, 4, 4}, std::span<const float>(x))}};
  QuantizeOptions options;
  options.per_channel = false;
  const auto quantizer = *Quantizer::Create(ToBytes(builder.Bytes()), options, {}, *runtime);
  REQUIRE(quantizer->Observe(feeds));
  const auto buffer = std::make_shared<Buffer>(*quantizer->Write({}, {}));
  const auto session = *Session::Load({{buffer->data(), buffer->size()}, buffer}, {}, *runtime);
  const auto original = *Session::Load(ToBytes(builder.Bytes()), {}, *runtime);
  const auto wanted = *original->Run(feeds), got = *session->Run(feeds);
  for (size_t channel = 0; channel < 8; ++channel) {
    double off = 0;
    for (size_t i = 16 * channel; i < 16 * channel + 16; ++i)
      off += (got[0].tensor.As<float>()[i] - wanted[0].tensor.As<float>()[i]) / 16;
    INFO("channel " << channel);
    CHECK(std::abs(off) < 0.01);  // a step of the activations is 1/255, and one of the weights 0.47
  }
}

}  // namespace
}  // namespace insitu::test
