// XNNPACK fully connected layers: quantized ones equal the formula bit for bit, whatever the batch
// and the number of threads; float ones stay within rounding of a double sum.
#include "kernel_fixture.h"
#include "reference_formulas.h"

namespace insitu::test {
namespace {

// XNNPACK's integer layers are there natively alone.
#ifndef __EMSCRIPTEN__

lowered::FullyConnected RandomLayer(Rng& rng, DType input, DType output, DType weights,
                                    bool per_channel, bool zero_weights) {
  lowered::FullyConnected op;
  op.input = input;
  op.output = output;
  const int64_t out = Pick(rng, 1, 70), in = Pick(rng, 1, 200);
  op.weights = RandomBytes(rng, weights, {out, in}, Pick(rng, 0, 4) == 0);
  const auto zero = [&](DType type) {
    const int64_t low = type == DType::kInt8 ? -128 : 0;
    return static_cast<int32_t>(Pick(rng, 0, 2) == 0 ? low + 255 : Pick(rng, low, low + 255));
  };
  op.x = Quantization{PickFloat(rng, 0.001f, 0.1f), zero(input)};
  op.y = Quantization{PickFloat(rng, 0.001f, 0.1f), zero(output)};
  const float spread = std::sqrt(static_cast<float>(in)) * 5000.0f;
  const float target = Pick(rng, 0, 3) == 0 ? 5000.0f : 100.0f;
  for (int64_t i = 0; i < (per_channel ? out : 1); ++i)
    op.w_scale.push_back(op.y->scale * target / spread / op.x->scale * PickFloat(rng, 0.3f, 2.0f));
  const int32_t middle = weights == DType::kInt8 ? 0 : 128;
  op.w_zero_point.assign(op.w_scale.size(), zero_weights ? middle : middle + 11);
  if (Pick(rng, 0, 2)) {
    op.bias = Make(DType::kInt32, {out});
    for (int32_t& b : op.bias.As<int32_t>()) b = static_cast<int32_t>(Pick(rng, -20000, 20000));
  }
  if (Pick(rng, 0, 3) == 0) op.clamp.min = static_cast<float>(op.y->zero_point);
  return op;
}

void CheckLayer(Rng& rng, const lowered::FullyConnected& op, Kernel& kernel) {
  const int64_t out = op.weights.dims()[0], in = op.weights.dims()[1];
  for (int64_t batch : {Pick(rng, 1, 9), Pick(rng, 1, 40), int64_t{1}}) {
    CAPTURE(batch, in, out);
    const Tensor x = RandomBytes(rng, op.input, {batch, in}, Pick(rng, 0, 4) == 0);
    Tensor expected = Make(op.output, {batch, out});
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t o = 0; o < out; ++o) {
        int64_t sum = op.bias.empty() ? 0 : op.bias.As<int32_t>()[static_cast<size_t>(o)];
        for (int64_t i = 0; i < in; ++i)
          sum +=
              static_cast<int64_t>(Load8(x, static_cast<size_t>(b * in + i)) - op.x->zero_point) *
              (Load8(op.weights, static_cast<size_t>(o * in + i)) - op.w_zero_point[0]);
        const float m =
            Factor(op.x->scale, AtOrOnly(op.w_scale, static_cast<size_t>(o)), op.y->scale);
        Store8(expected, static_cast<size_t>(b * out + o),
               QuantizedStep(static_cast<float>(static_cast<int32_t>(sum)) * m, op.y->zero_point,
                             op.output, op.clamp));
      }
    REQUIRE(SameBytes(RunKernel(kernel, {x}, op.output, {batch, out}), expected));
  }
}

TEST_CASE("quantized fully connected layers are exact") {
  Rng rng(11);
  const DType kBytes[] = {DType::kInt8, DType::kUint8};
  for (DType input : kBytes)
    for (DType output : kBytes)
      for (DType weights : kBytes)
        for (bool per_channel : {true, false})
          for (bool zero_weights : {true, false}) {
            if (per_channel && !zero_weights) continue;
            CAPTURE(Name(input), Name(output), Name(weights), per_channel, zero_weights);
            for (int round = 0; round < 6; ++round) {
              const auto op = RandomLayer(rng, input, output, weights, per_channel, zero_weights);
              for (int threads : {1, 2}) {
                auto kernel = Accepted(Xnn(threads), op);
                CheckLayer(rng, op, *kernel);
              }
            }
          }
}

TEST_CASE("a zero point per channel is refused") {
  Rng rng(12);
  auto op = RandomLayer(rng, DType::kInt8, DType::kInt8, DType::kInt8, true, false);
  op.weights = RandomBytes(rng, DType::kInt8, {3, 4});
  op.bias = {};
  op.w_scale = {0.1f, 0.2f, 0.3f};
  op.w_zero_point = {1, 2, 3};
  op.y->scale = 1.0f;
  const auto offer = Xnn(1).Consider(op);
  REQUIRE_FALSE(offer);
  CHECK(offer.error().why.find("zero point") != std::string::npos);
}

#endif

TEST_CASE("float32 fully connected layers agree with double sums") {
  Rng rng(13);
  for (int round = 0; round < 40; ++round) {
    lowered::FullyConnected op;
    const int64_t out = Pick(rng, 1, 70), in = Pick(rng, 1, 300), batch = Pick(rng, 1, 20);
    op.inputs_first = round % 4 > 1;
    op.weights = RandomFloats(rng, op.inputs_first ? Dims{in, out} : Dims{out, in});
    const auto weight = [&](int64_t o, int64_t i) {
      return op.weights
          .As<float>()[static_cast<size_t>(op.inputs_first ? i * out + o : o * in + i)];
    };
    if (round % 2) op.bias = RandomFloats(rng, {out});
    if (round % 3 == 0) op.clamp.min = 0.0f;
    const Tensor x = RandomFloats(rng, {batch, in});
    for (int threads : {1, 2}) {
      auto kernel = Accepted(Xnn(threads), op);
      const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, {batch, out});
      for (int64_t b = 0; b < batch; ++b)
        for (int64_t o = 0; o < out; ++o) {
          double sum = round % 2 ? op.bias.As<float>()[static_cast<size_t>(o)] : 0.0;
          double size = std::fabs(sum);
          for (int64_t i = 0; i < in; ++i) {
            const double term =
                double{x.As<float>()[static_cast<size_t>(b * in + i)]} * double{weight(o, i)};
            sum += term;
            size += std::fabs(term);
          }
          if (round % 3 == 0) sum = std::fmax(sum, 0.0);
          REQUIRE(std::fabs(y.As<float>()[static_cast<size_t>(b * out + o)] - sum) <=
                  2e-6 * size + 1e-7);
        }
    }
  }
}

TEST_CASE("dynamically quantized layers: ONNX's quantization, exact sums, float scaling") {
  Rng rng(14);
  for (int round = 0; round < 30; ++round) {
    lowered::DynamicFullyConnected op;
    const int64_t out = Pick(rng, 1, 70), in = Pick(rng, 1, 200), batch = Pick(rng, 1, 20);
    CAPTURE(round, out, in, batch);
    op.weights = RandomBytes(rng, DType::kInt8, {out, in});
    op.w_scale.assign(round % 2 ? static_cast<size_t>(out) : 1, 0.01f);
    for (float& scale : op.w_scale) scale *= PickFloat(rng, 0.5f, 2.0f);
    if (round % 3) op.bias = RandomFloats(rng, {out});
    const float high = round == 0 ? 0.0f : PickFloat(rng, 0.1f, 9.0f);
    const float low = round % 4 == 1 ? 0.5f * high : -high;
    const Tensor x = RandomFloats(rng, {batch, in}, low, high);

    float least = 0.0f, most = 0.0f;
    for (float value : x.As<float>()) {
      least = std::fmin(least, value);
      most = std::fmax(most, value);
    }
    const float scale = most > least ? (most - least) / 255.0f : 1.0f;
    const int32_t zero = QuantizedStep(-least / scale, 0, DType::kUint8, {});
    for (int threads : {1, 2}) {
      auto kernel = Accepted(Xnn(threads), op);
      const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, {batch, out});
      for (int64_t b = 0; b < batch; ++b)
        for (int64_t o = 0; o < out; ++o) {
          int64_t sum = 0;
          for (int64_t i = 0; i < in; ++i) {
            const float value = x.As<float>()[static_cast<size_t>(b * in + i)];
            sum += (QuantizedStep(value / scale, zero, DType::kUint8, {}) - zero) *
                   int64_t{op.weights.As<int8_t>()[static_cast<size_t>(o * in + i)]};
          }
          const double scaled = static_cast<double>(sum) * double{scale} *
                                double{AtOrOnly(op.w_scale, static_cast<size_t>(o))};
          const double bias = op.bias.empty() ? 0.0 : op.bias.As<float>()[static_cast<size_t>(o)];
          REQUIRE(std::fabs(y.As<float>()[static_cast<size_t>(b * out + o)] - (scaled + bias)) <=
                  4e-7 * (std::fabs(scaled) + std::fabs(bias)) + 1e-30);
        }
    }
  }
}

TEST_CASE("layers without rows run, contradictory extents are an error") {
  Rng rng(15);
  lowered::FullyConnected op;
  const int64_t out = 7, in = 5;
  op.weights = RandomFloats(rng, {out, in});
  auto kernel = Accepted(Xnn(1), op);
  RunKernel(*kernel, {Make(DType::kFloat32, {0, in})}, DType::kFloat32, {0, out});
  const Dims ins[] = {{2, in}}, outs[] = {{3, out}};
  CHECK_FALSE(kernel->Reshape(ins, outs));
}

}  // namespace
}  // namespace insitu::test
