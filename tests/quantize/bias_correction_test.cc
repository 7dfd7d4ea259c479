// Bias correction: outputs are as large as before on average, though weights were rounded coarsely.
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <functional>
#include <random>

#include "quantize/float_and_int8.h"

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

// How far the outputs are from those of float, as one number for all of each channel of `count`.
std::vector<double> MeanErrors(const ModelBuilder& builder, const std::vector<NamedTensor>& feeds,
                               const QuantizeOptions& options, size_t count,
                               const std::function<size_t(size_t)>& channel_of) {
  const FloatAndInt8 both = RunBoth(builder, feeds, options);
  const auto w = both.wanted.As<float>(), g = both.got.As<float>();
  std::vector<double> off(count, 0);
  for (size_t i = 0; i < w.size(); ++i)
    off[channel_of(i)] +=
        (g[i] - w[i]) * static_cast<double>(count) / static_cast<double>(w.size());
  return off;
}

// The mean over columns, of a layer whose weights have one scale.
double MeanError(bool corrects) {
  std::vector<float> weights = Uniform(kDepth * kColumns, -1, 1, 2);
  weights[5] = 60;
  ModelBuilder builder(17);
  builder.Input("x", {kRows, kDepth})
      .Initializer(FloatTensor("w", {kDepth, kColumns}, weights))
      .Initializer(FloatTensor("b", {kColumns}, std::vector<float>(kColumns, 1)))
      .Node("Gemm", {"x", "w", "b"}, {"y"})
      .Output("y");
  const std::vector<float> x = Uniform(kRows * kDepth, 0, 1, 3);
  QuantizeOptions options;
  options.per_channel = false;
  options.bias_correction = corrects;
  double mean = 0;
  for (double column : MeanErrors(
           builder, {{"x", *Tensor::From<float>({kRows, kDepth}, std::span<const float>(x))}},
           options, kColumns, [](size_t i) { return i % kColumns; }))
    mean += std::abs(column) / kColumns;
  return mean;
}

TEST_CASE("biases make up for the mean error of rounded weights") {
  const double plain = MeanError(false), corrected = MeanError(true);
  INFO(plain << ", corrected " << corrected);
  CHECK(corrected < plain / 5);
}

// Of a 3x3 convolution over 4x4 with padding, where a quarter of what the edge taps read are zeros.
TEST_CASE("padding counts as the zeros it is") {
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
  QuantizeOptions options;
  options.per_channel = false;
  // A step of the activations is 1/255, and one of the weights 0.47.
  for (double channel :
       MeanErrors(builder, {{"x", *Tensor::From<float>({1, 2, 4, 4}, std::span<const float>(x))}},
                  options, 8, [](size_t i) { return i / 16; }))
    CHECK(std::abs(channel) < 0.01);
}

// Means are by channel of the convolution, whatever else reads the same.
TEST_CASE("a product that reads the same changes no bias") {
  std::vector<float> weights = Uniform(8 * 4, -1, 1, 5);
  weights[3] = 60;
  std::vector<float> x(4 * 8);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i / 8);
  ModelBuilder builder(17);
  builder.Input("x", {int64_t{1}, int64_t{4}, int64_t{8}})
      .Initializer(FloatTensor("w", {8, 4, 1}, weights))
      .Initializer(FloatTensor("m", {8, 2}, Uniform(16, -1, 1, 6)))
      .Node("Conv", {"x", "w"}, {"y"})
      .Node("MatMul", {"x", "m"}, {"z"})
      .Output("y")
      .Output("z");
  QuantizeOptions options;
  options.per_channel = false;
  for (double channel :
       MeanErrors(builder, {{"x", *Tensor::From<float>({1, 4, 8}, std::span<const float>(x))}},
                  options, 8, [](size_t i) { return i / 8; }))
    CHECK(std::abs(channel) < 0.03);  // a step of the activations is 3/255, and 0.47 of weights
}

}  // namespace
}  // namespace insitu::test
