// XNNPACK convolutions: float ones stay within rounding of a double sum; natively, quantized ones
// equal the formula bit for bit with one thread and with two, and refusals are the expected ones.
#include "convolution_cases.h"

namespace insitu::test {
namespace {

constexpr Grouping kGroupings[] = {Grouping::kPlain, Grouping::kGrouped, Grouping::kDepthwise,
                                   Grouping::kDepthwiseMultiplied};

TEST_CASE("float32 convolutions agree with double sums") {
  Rng rng(5);
  for (Grouping grouping : kGroupings) {
    for (int round = 0; round < 15; ++round) {
      CAPTURE(static_cast<int>(grouping), round);
      lowered::Convolution op;
      const Dims w = RandomGeometry(rng, op, grouping);
      op.weights = RandomFloats(rng, w);
      if (Pick(rng, 0, 1)) op.bias = RandomFloats(rng, {w[0]});
      if (Pick(rng, 0, 2) == 0) op.clamp = {0.0f, 0.5f};
      for (int threads : {1, 2}) {
        auto kernel = Accepted(Xnn(threads), op);
        const Dims sizes[] = {RandomInput(rng, op), RandomInput(rng, op)};
        for (const Dims& in : {sizes[0], sizes[1], sizes[0]}) {
          const Tensor x = RandomFloats(rng, in);
          const Dims out = OutputDims(op, in);
          std::vector<double> expected, magnitude;
          FloatConvolution(op, x, out, expected, magnitude);
          const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, out);
          for (size_t i = 0; i < expected.size(); ++i)
            REQUIRE(std::fabs(y.As<float>()[i] - expected[i]) <= 2e-6 * magnitude[i] + 1e-7);
        }
      }
    }
  }
}

// XNNPACK's integer layers are there natively alone.
#ifndef __EMSCRIPTEN__

constexpr DType kBytes[] = {DType::kInt8, DType::kUint8};

void CheckCases(QuantizedCase c, uint32_t seed, int rounds) {
  Rng rng(seed);
  for (int round = 0; round < rounds; ++round) {
    CAPTURE(round);
    const lowered::Convolution op = RandomQuantizedConvolution(rng, c);
    for (int threads : {1, 2}) {
      CAPTURE(threads);
      auto kernel = Accepted(Xnn(threads), op);
      CheckQuantizedConvolution(rng, op, *kernel);
    }
  }
}

TEST_CASE("int8 weights, one scale per channel: exact for every mix of signed and unsigned") {
  for (Grouping grouping : kGroupings)
    for (DType input : kBytes)
      for (DType output : kBytes) {
        CAPTURE(static_cast<int>(grouping), Name(input), Name(output));
        CheckCases({.input = input,
                    .output = output,
                    .grouping = grouping,
                    .weights_reach_lowest = grouping == Grouping::kPlain},
                   1, 12);
      }
}

TEST_CASE("weights with one scale: exact with and without a zero point") {
  for (Grouping grouping : kGroupings)
    for (DType weights : kBytes)
      for (bool zero_weights : {true, false}) {
        CAPTURE(static_cast<int>(grouping), Name(weights), zero_weights);
        CheckCases({.input = DType::kUint8,
                    .output = DType::kUint8,
                    .weights = weights,
                    .grouping = grouping,
                    .per_channel = false,
                    .zero_weights = zero_weights,
                    .weights_reach_lowest = grouping == Grouping::kPlain},
                   2, 10);
      }
}

TEST_CASE("int8 data with uint8 weights and a zero point: exact") {
  CheckCases({.weights = DType::kUint8, .per_channel = false, .zero_weights = false}, 3, 15);
}

TEST_CASE("same padding: exact where accepted") {
  Rng rng(4);
  int accepted = 0;
  for (int round = 0; round < 80; ++round) {
    lowered::Convolution op = RandomQuantizedConvolution(rng, {.weights_reach_lowest = false});
    std::fill_n(op.pad_begin, 2, 0);
    std::fill_n(op.pad_end, 2, 0);
    (round % 2 ? op.auto_pad_same_lower : op.auto_pad_same_upper) = true;
    if (!Xnn(1).Consider(op)) continue;
    ++accepted;
    auto kernel = Accepted(Xnn(1), op);
    CheckQuantizedConvolution(rng, op, *kernel);
  }
  CHECK(accepted > 30);
}

TEST_CASE("halves round to even, sums saturate at both ends") {
  lowered::Convolution op;
  op.input = op.output = DType::kInt8;
  op.channels_last = true;
  op.weights = Tensor::From<int8_t>({1, 1, 1, 1}, std::vector<int8_t>{1}).value();
  op.x = Quantization{1.0f, 0};
  op.y = Quantization{2.0f, 0};
  op.w_scale = {1.0f};
  op.w_zero_point = {0};
  Tensor x = Make(DType::kInt8, {1, 1, 256, 1});
  for (int i = 0; i < 256; ++i)
    x.As<int8_t>()[static_cast<size_t>(i)] = static_cast<int8_t>(i - 128);
  auto kernel = Accepted(Xnn(1), op);
  const Tensor y = RunKernel(*kernel, {x}, DType::kInt8, {1, 1, 256, 1});
  const auto at = [&](int value) { return y.As<int8_t>()[static_cast<size_t>(value + 128)]; };
  CHECK(at(1) == 0);
  CHECK(at(3) == 2);
  CHECK(at(5) == 2);
  CHECK(at(-1) == 0);
  CHECK(at(-3) == -2);
  CHECK(at(-128) == -64);
  op.y = Quantization{0.01f, 0};
  auto saturating = Accepted(Xnn(1), op);
  const Tensor z = RunKernel(*saturating, {x}, DType::kInt8, {1, 1, 256, 1});
  CHECK(z.As<int8_t>()[0] == -128);
  CHECK(z.As<int8_t>()[255] == 127);
}

TEST_CASE("one-dimensional data has no height") {
  Rng rng(6);
  lowered::Convolution op = RandomQuantizedConvolution(rng, {});
  op.weights = RandomBytes(rng, DType::kInt8, {5, 1, 3, 7});
  op.groups = op.kernel[0] = op.stride[0] = op.dilation[0] = 1;
  op.kernel[1] = 3;
  op.pad_begin[0] = op.pad_end[0] = 0;
  op.bias = {};
  op.w_scale = {0.01f};
  op.w_zero_point = {0};
  const Dims in{2, 1, 20, 7};
  const Dims out = OutputDims(op, in);
  const Tensor x = RandomBytes(rng, DType::kInt8, in);
  Tensor expected = Make(DType::kInt8, out);
  QuantizedConvolution(op, x, expected);
  auto kernel = Accepted(Xnn(1), op);
  const Tensor y = RunKernel(*kernel, {x.Reshaped({2, 20, 7})}, DType::kInt8, {2, out[2], out[3]});
  CHECK(SameBytes(y.Reshaped(out), expected));
}

TEST_CASE("an empty batch runs, contradictory extents are an error") {
  Rng rng(7);
  lowered::Convolution op = RandomQuantizedConvolution(rng, {});
  auto kernel = Accepted(Xnn(1), op);
  Dims in = RandomInput(rng, op);
  Dims out = OutputDims(op, in);
  in[0] = out[0] = 0;
  RunKernel(*kernel, {Make(DType::kInt8, in)}, DType::kInt8, out);
  in[0] = out[0] = 1;
  out[1] += 1;
  const Dims ins[] = {in}, outs[] = {out};
  CHECK_FALSE(kernel->Reshape(ins, outs));
}

TEST_CASE("what XNNPACK would reject or get wrong is refused with a reason") {
  Rng rng(8);
  const auto why = [](const lowered::Convolution& op) {
    const auto offer = Xnn(1).Consider(op);
    return offer ? std::string() : offer.error().why;
  };
  lowered::Convolution op = RandomQuantizedConvolution(rng, {.weights_reach_lowest = false});
  REQUIRE(why(op).empty());
  lowered::Convolution bad = op;
  bad.w_scale[0] = 300.0f * op.y->scale / op.x->scale;
  CHECK(why(bad).find("256") != std::string::npos);
  bad = op;
  bad.y = Quantization{0.0f, 0};
  CHECK(why(bad).find("scale") != std::string::npos);
  bad = op;
  bad.w_zero_point.assign(bad.w_zero_point.size(), 3);
  bad.w_scale.assign(static_cast<size_t>(op.weights.dims()[0]), 0.1f);
  if (bad.w_scale.size() > 1) CHECK(why(bad).find("zero point") != std::string::npos);
  bad = op;
  bad.clamp = {5.0f, 4.0f};
  CHECK(why(bad).find("clamp") != std::string::npos);
  bad = op;
  bad.stride[0] = 0;
  CHECK(why(bad).find("strides") != std::string::npos);

  lowered::Convolution depthwise =
      RandomQuantizedConvolution(rng, {.grouping = Grouping::kDepthwise});
  depthwise.weights.data()[0] = std::byte{0x80};
  depthwise.kernel[0] = depthwise.kernel[1] = 3;
  depthwise.weights = RandomBytes(rng, DType::kInt8, {depthwise.groups, 3, 3, 1}, true);
  depthwise.weights.data()[0] = std::byte{0x80};
  CHECK(why(depthwise).find("-128") != std::string::npos);
}

TEST_CASE("want of memory is an error, not a crash") {
  Rng rng(9);
  const auto op = RandomQuantizedConvolution(rng, {.weights = DType::kUint8, .per_channel = true});
  FailBufferAllocationAfter(0);
  const auto kernel = Xnn(1).Create(op, {});
  FailBufferAllocationAfter(-1);
  REQUIRE_FALSE(kernel);
  CHECK(kernel.error().code == ErrorCode::kOutOfMemory);
}

#endif

}  // namespace
}  // namespace insitu::test
