// Static int8 of layers that are not as layers mostly are: tiny weights beside ordinary biases,
// convolutions of one channel, scales of one element. All stay close to float.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <random>

#include "onnx/import.h"
#include "quantize/float_and_int8.h"
#include "quantize/samples.h"

namespace insitu::test {
namespace {

std::vector<float> Uniform(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(random);
  return values;
}

// Of the model as int8 against float, on the sample that it is calibrated with.
double SqnrOf(const ModelBuilder& builder, const Dims& dims, const QuantizeOptions& options = {}) {
  size_t count = 1;
  for (int64_t extent : dims) count *= static_cast<size_t>(extent);
  const std::vector<float> x = Uniform(count, 9);
  const std::vector<NamedTensor> feeds{
      {"x", *Tensor::From<float>(dims, std::span<const float>(x))}};
  const FloatAndInt8 both = RunBoth(builder, feeds, options);
  Sqnr sqnr;
  sqnr.Add(both.wanted.As<float>(), both.got.As<float>());
  return sqnr.decibels();
}

TEST_CASE("a channel that is little but its bias keeps it") {
  for (const float tiny : {1e-4F, 3.2e-6F, 1e-9F, 1e-30F, 0.0F})
    for (const float bias : {0.7F, -0.7F, 0.0F})
      for (const bool per_channel : {true, false}) {
        ModelBuilder builder(17);
        builder.Input("x", {int64_t{32}, int64_t{2}})
            .Initializer(FloatTensor("w", {2, 2}, {tiny, tiny, -tiny, tiny}))
            .Initializer(FloatTensor("b", {2}, {bias, -0.3F}))
            .Node("Gemm", {"x", "w", "b"}, {"h"})
            .Initializer(FloatTensor("v", {2, 2}, {1, 0.5F, 0.25F, 1}))
            .Node("Gemm", {"h", "v"}, {"y"})
            .Output("y");
        QuantizeOptions options;
        options.per_channel = per_channel;
        const double sqnr = SqnrOf(builder, {32, 2}, options);
        INFO("weights of " << tiny << ", a bias of " << bias << ": " << sqnr << " dB");
        CHECK(sqnr > 35);
      }
}

ModelBuilder TwoConvolutions(int64_t between, int64_t outputs, const std::vector<float>& first,
                             const std::vector<float>& bias) {
  ModelBuilder builder(17);
  builder.Input("x", {int64_t{1}, int64_t{2}, int64_t{8}, int64_t{8}})
      .Initializer(FloatTensor("w", {between, 2, 1, 1}, first))
      .Initializer(FloatTensor("b", {between}, bias))
      .Node("Conv", {"x", "w", "b"}, {"h"})
      .Node("Relu", {"h"}, {"r"})
      .Initializer(FloatTensor("v", {outputs, between, 3, 3},
                               Uniform(static_cast<size_t>(outputs * between * 9), 4)))
      .Node("Conv", {"r", "v"}, {"y"})
      .Ints("pads", {1, 1, 1, 1})
      .Output("y");
  return builder;
}

TEST_CASE("equalisation scales all that reads a single channel") {
  QuantizeOptions options;
  options.equalize = true;
  CHECK(SqnrOf(TwoConvolutions(1, 5, {20, 30}, {1}), {1, 2, 8, 8}, options) > 30);
}

TEST_CASE("equalisation lets no bias widen the range of the others") {
  QuantizeOptions options;
  options.equalize = true;
  const auto builder = TwoConvolutions(3, 4, {1e-18F, 0, 0.5F, 1, -1, 0.7F}, {0.3F, 0.1F, 0.2F});
  CHECK(SqnrOf(builder, {1, 2, 8, 8}, options) > 30);
}

TEST_CASE("a product of three axes keeps an addend of its rows") {
  ModelBuilder builder(17);
  builder.Input("x", {int64_t{1}, int64_t{8}, int64_t{32}})
      .Initializer(FloatTensor("w", {32, 8}, Uniform(32 * 8, 5)))
      .Initializer(FloatTensor("rows", {8, 1}, {1, -2, 3, -4, 5, -6, 7, -8}))
      .Node("MatMul", {"x", "w"}, {"p"})
      .Node("Add", {"p", "rows"}, {"y"})
      .Output("y");
  CHECK(SqnrOf(builder, {1, 8, 32}) > 35);
}

TEST_CASE("a bias that a Gemm gets is not scaled by a beta that had nothing to scale") {
  ModelBuilder builder(17);
  builder.Input("x", {int64_t{4}, int64_t{8}})
      .Initializer(FloatTensor("w", {8, 3}, Uniform(24, 5)))
      .Node("Gemm", {"x", "w"}, {"y"})
      .Float("beta", 0.5F)
      .Output("y");
  const std::vector<float> x = Uniform(32, 9);
  const std::vector<NamedTensor> feeds{
      {"x", *Tensor::From<float>({4, 8}, std::span<const float>(x))}};
  const auto runtime = *Runtime::Create(1);
  const Graph graph = (*ImportModel(Int8Of(builder, feeds, {}, *runtime), {})).graph;
  const auto order = graph.Order();
  const auto gemm =
      std::ranges::find_if(order, [&](NodeId id) { return graph.node(id).Is("Gemm"); });
  REQUIRE(gemm != order.end());
  CHECK(graph.node(*gemm).inputs.size() == 3);
  CHECK(graph.node(*gemm).Attr<float>("beta", 1) == 1);
}

// Opset 10: down where an axis grows, up where it shrinks.
TEST_CASE("an old Resize is written in words that ONNX has, or refused") {
  const auto resized = [](const DimSpec& batch, std::vector<float> scales) {
    ModelBuilder builder(10);
    builder.Input("x", {batch, int64_t{1}, int64_t{4}, int64_t{4}})
        .Initializer(FloatTensor("w", {1, 1, 1, 1}, {0.5F}))
        .Initializer(FloatTensor("by", {4}, std::move(scales)))
        .Node("Conv", {"x", "w"}, {"c"})
        .Node("Shape", {"c"}, {"extents"})
        .Node("Cast", {"extents"}, {"reals"})
        .Int("to", 1)
        .Node("Div", {"reals", "reals"}, {"ones"})
        .Node("Mul", {"ones", "by"}, {"scales"})
        .Node("Resize", {"c", "scales"}, {"y"})
        .Output("y");
    return builder;
  };
  const std::vector<float> x = Uniform(16, 9);
  const std::vector<NamedTensor> feeds{
      {"x", *Tensor::From<float>({1, 1, 4, 4}, std::span<const float>(x))}};
  const auto runtime = *Runtime::Create(1);
  const auto mode = [&](std::vector<float> scales) {
    const Graph graph =
        (*ImportModel(Int8Of(resized(int64_t{1}, std::move(scales)), feeds, {}, *runtime), {}))
            .graph;
    for (NodeId id : graph.Order())
      if (graph.node(id).Is("Resize")) return graph.node(id).Attr<std::string>("nearest_mode", "");
    return std::string();
  };
  CHECK(mode({1, 1, 2, 3}) == "floor");
  CHECK(mode({1, 1, 0.5F, 1}) == "ceil");
  for (const auto& [batch, scales] :
       {std::pair<DimSpec, std::vector<float>>{std::string("n"), {1, 1, 2, 2}},
        {int64_t{1}, {1, 1, 2, 0.5F}}}) {
    const auto quantizer =
        Quantizer::Create(ToBytes(resized(batch, scales).Bytes()), {}, {}, *runtime);
    REQUIRE_FALSE(quantizer);
    CHECK(quantizer.error().code == ErrorCode::kUnsupportedOp);
  }
}

TEST_CASE("a normalisation with one scale for all channels is not smoothed") {
  ModelBuilder builder(17);
  builder.Input("x", {int64_t{16}, int64_t{4}})
      .Initializer(FloatTensor("gain", {1}, {30}))
      .Initializer(FloatTensor("w", {4, 4}, Uniform(16, 5)))
      .Node("LayerNormalization", {"x", "gain"}, {"n"})
      .Node("MatMul", {"n", "w"}, {"y"})
      .Output("y");
  QuantizeOptions options;
  options.smooth = 0.5;
  CHECK(SqnrOf(builder, {16, 4}, options) > 30);
}

}  // namespace
}  // namespace insitu::test
