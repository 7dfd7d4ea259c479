// insitu's own linear kernels on 8-bit data: int32 sums, real numbers and quantized results, for
// every pairing of signs and zero points, constants or given at run time, against plain loops.
#include "convolution_cases.h"
#include "ops/dynamic_range.h"

namespace insitu::test {
namespace {

constexpr DType kBytes[] = {DType::kInt8, DType::kUint8};

int32_t RandomZero(Rng& rng, DType dtype) {
  return static_cast<int32_t>(dtype == DType::kInt8 ? Pick(rng, -128, 127) : Pick(rng, 0, 255));
}

// The result of one output from its sum, as the op says.
template <class Op>
void CheckResult(const Op& op, const Quantization& x, const Tensor& y, size_t at, size_t channel,
                 int32_t sum) {
  volatile float step = 0, product = 0;
  if (!op.w_scale.empty()) step = x.scale * AtOrOnly(op.w_scale, channel);
  const bool real_bias = !op.bias.empty() && op.bias.dtype() == DType::kFloat32;
  if (!op.bias.empty() && !real_bias) sum += op.bias.template As<int32_t>()[channel];
  if (op.output == DType::kInt32) {
    REQUIRE(y.As<int32_t>()[at] == sum);
  } else if (op.output == DType::kFloat32) {
    product = static_cast<float>(sum) * step;
    volatile float real = real_bias ? product + op.bias.template As<float>()[channel] : product;
    REQUIRE(y.As<float>()[at] == std::min(std::max(float(real), op.clamp.min), op.clamp.max));
  } else {
    volatile float steps =
        static_cast<float>(sum) * Factor(x.scale, AtOrOnly(op.w_scale, channel), op.y->scale);
    REQUIRE(Load8(y, at) == QuantizedStep(steps, op.y->zero_point, op.output, op.clamp));
  }
}

// Everything but the weights.
template <class Op>
void Fill(Op& op, Rng& rng, int round, int64_t channels) {
  op.input = kBytes[round % 2];
  const DType outputs[] = {DType::kInt32, DType::kFloat32, DType::kInt8, DType::kUint8};
  op.output = outputs[round / 2 % 4];
  const bool per_channel = round % 3 == 0;
  for (int64_t c = 0; c < (per_channel ? channels : 1); ++c) {
    op.w_zero_point.push_back(RandomZero(rng, op.weights.dtype()));
    op.w_scale.push_back(PickFloat(rng, 0.001f, 0.1f));
  }
  if (op.output == DType::kInt8 || op.output == DType::kUint8) {
    op.y = Quantization{PickFloat(rng, 0.5f, 5.0f), RandomZero(rng, op.output)};
    op.x = Quantization{PickFloat(rng, 0.001f, 0.1f), RandomZero(rng, op.input)};
    op.bias = Make(DType::kInt32, {channels});
    for (int32_t& value : op.bias.template As<int32_t>())
      value = static_cast<int32_t>(Pick(rng, -100000, 100000));
  } else if (op.output == DType::kFloat32) {
    op.bias = RandomFloats(rng, {channels});
    op.clamp = {-5.0f, 50.0f};
  }
}

// The operands: x alone, or with its zero point and scale.
template <class Op>
std::vector<Tensor> Operands(const Op& op, const Tensor& x, const Quantization& q) {
  if (op.x) return {x};
  Tensor zero = Make(op.input, {}), scale = Make(DType::kFloat32, {});
  Store8(zero, 0, q.zero_point);
  scale.As<float>()[0] = q.scale;
  if (op.output == DType::kInt32) return {x, zero};
  return {x, zero, scale};
}

TEST_CASE("integer linear layers of every kind") {
  Rng rng(101);
  for (int round = 0; round < 96; ++round) {
    lowered::FullyConnected op;
    const int64_t depth = Pick(rng, 1, 40), columns = Pick(rng, 1, 9), rows = Pick(rng, 0, 9);
    op.weights = RandomBytes(rng, kBytes[round / 8 % 2], {columns, depth}, round % 5 == 0);
    Fill(op, rng, round, columns);
    if (op.output != DType::kInt8 && op.output != DType::kUint8 && round % 4 < 2)
      op.x = Quantization{PickFloat(rng, 0.001f, 0.1f), RandomZero(rng, op.input)};
    const Quantization q =
        op.x ? *op.x : Quantization{PickFloat(rng, 0.001f, 0.1f), RandomZero(rng, op.input)};
    auto kernel = Accepted(Own(), op);
    const Tensor x = RandomBytes(rng, op.input, {rows, depth}, round % 7 == 0);
    const Tensor y = RunKernel(*kernel, Operands(op, x, q), op.output, {rows, columns});
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t c = 0; c < columns; ++c) {
        int32_t sum = 0;
        for (int64_t k = 0; k < depth; ++k)
          sum += (Load8(x, static_cast<size_t>(row * depth + k)) - q.zero_point) *
                 (Load8(op.weights, static_cast<size_t>(c * depth + k)) -
                  AtOrOnly(op.w_zero_point, static_cast<size_t>(c)));
        CheckResult(op, q, y, static_cast<size_t>(row * columns + c), static_cast<size_t>(c), sum);
      }
  }
}

TEST_CASE("integer convolutions of every kind") {
  Rng rng(102);
  for (int round = 0; round < 96; ++round) {
    lowered::Convolution op;
    op.channels_last = true;
    op.groups = Pick(rng, 1, 3);
    const int64_t depth = Pick(rng, 2, 9), channels = op.groups * Pick(rng, 1, 4);
    for (int i = 0; i < 2; ++i) {
      op.kernel[i] = Pick(rng, 1, 3);
      op.stride[i] = Pick(rng, 1, 2);
      op.dilation[i] = Pick(rng, 1, 2);
      op.pad_begin[i] = Pick(rng, 0, 2);
      op.pad_end[i] = Pick(rng, 0, 2);
    }
    op.weights =
        RandomBytes(rng, kBytes[round / 8 % 2], {channels, op.kernel[0], op.kernel[1], depth});
    Fill(op, rng, round, channels);
    if (op.output != DType::kInt8 && op.output != DType::kUint8 && round % 4 < 2)
      op.x = Quantization{PickFloat(rng, 0.001f, 0.1f), RandomZero(rng, op.input)};
    const Quantization q =
        op.x ? *op.x : Quantization{PickFloat(rng, 0.001f, 0.1f), RandomZero(rng, op.input)};
    const Dims in = {Pick(rng, 1, 2), Pick(rng, 5, 8), Pick(rng, 5, 8), depth * op.groups};
    Dims out = {in[0], 0, 0, channels};
    for (size_t i = 0; i < 2; ++i)
      out[1 + i] =
          (in[1 + i] + op.pad_begin[i] + op.pad_end[i] - (op.kernel[i] - 1) * op.dilation[i] - 1) /
              op.stride[i] +
          1;
    auto kernel = Accepted(Own(), op);
    const Tensor x = RandomBytes(rng, op.input, in);
    const Tensor y = RunKernel(*kernel, Operands(op, x, q), op.output, out);
    ForEachOutput(op, in, out, [&](size_t index, size_t channel, auto each) {
      int32_t sum = 0;
      each([&](int64_t input, size_t weight) {
        if (input < 0) return;
        sum += (Load8(x, static_cast<size_t>(input)) - q.zero_point) *
               (Load8(op.weights, weight) - AtOrOnly(op.w_zero_point, channel));
      });
      CheckResult(op, q, y, index, channel, sum);
    });
  }
}

TEST_CASE("layers large enough for two threads give the same on one") {
  Rng rng(105);
  const QuantizedCase cases[] = {{},
                                 {.input = DType::kUint8, .grouping = Grouping::kDepthwise},
                                 {.grouping = Grouping::kGrouped}};
  for (const QuantizedCase& c : cases) {
    auto op = RandomQuantizedConvolution(rng, c);
    const bool depthwise = c.grouping == Grouping::kDepthwise;
    op.groups = depthwise ? 83 : c.grouping == Grouping::kGrouped ? 3 : 1;
    std::fill_n(op.kernel, 2, 3);
    std::fill_n(op.stride, 2, 1);
    std::fill_n(op.dilation, 2, 1);
    const int64_t channels = depthwise ? 83 : 45;
    op.weights = RandomBytes(rng, DType::kInt8, {channels, 3, 3, depthwise ? 1 : 30});
    op.w_scale.assign(1, op.w_scale[0]);
    op.w_zero_point.clear();
    op.bias = {};
    const Dims in{2, 21, 23, InputChannels(op)}, out = OutputDims(op, in);
    const Tensor x = RandomBytes(rng, op.input, in);
    Tensor expected = Make(op.output, out);
    QuantizedConvolution(op, x, expected);
    for (int threads : {1, 2})
      REQUIRE(SameBytes(RunKernel(*Accepted(Own(threads), op), {x}, op.output, out), expected));
  }
  // Few rows and many columns are cut along the columns.
  lowered::FullyConnected layer;
  layer.input = DType::kUint8;
  layer.output = DType::kInt32;
  layer.weights = RandomBytes(rng, DType::kInt8, {1000, 130});
  layer.x = Quantization{1.0f, 7};
  const Tensor x = RandomBytes(rng, DType::kUint8, {1, 130});
  const auto run = [&](int threads) {
    return RunKernel(*Accepted(Own(threads), layer), {x}, DType::kInt32, {1, 1000});
  };
  CHECK(SameBytes(run(1), run(2)));
}

TEST_CASE("quantized products of two operands, batches broadcast") {
  Rng rng(104);
  for (int round = 0; round < 32; ++round) {
    lowered::BatchMatMul op;
    op.dtype = kBytes[round % 2];
    op.right = kBytes[round / 2 % 2];
    op.output = kBytes[round / 4 % 2];
    op.a = Quantization{PickFloat(rng, 0.01f, 0.1f), RandomZero(rng, op.dtype)};
    op.b = Quantization{PickFloat(rng, 0.01f, 0.1f), RandomZero(rng, op.right)};
    op.y = Quantization{PickFloat(rng, 0.1f, 1.0f), RandomZero(rng, op.output)};
    const int64_t rows = Pick(rng, 1, 9), depth = Pick(rng, 1, 20), columns = Pick(rng, 1, 9);
    const Tensor a = RandomBytes(rng, op.dtype, {2, 3, rows, depth});
    const Tensor b = RandomBytes(rng, op.right, {3, depth, columns});
    auto kernel = Accepted(Own(), op);
    const Tensor y = RunKernel(*kernel, {a, b}, op.output, {2, 3, rows, columns});
    for (int64_t i = 0; i < y.elements(); ++i) {
      const int64_t c = i % columns, row = i / columns, batch = row / rows % 3;
      int32_t sum = 0;
      for (int64_t k = 0; k < depth; ++k)
        sum +=
            (Load8(a, static_cast<size_t>(row * depth + k)) - op.a->zero_point) *
            (Load8(b, static_cast<size_t>((batch * depth + k) * columns + c)) - op.b->zero_point);
      volatile float steps =
          static_cast<float>(sum) * Factor(op.a->scale, op.b->scale, op.y->scale);
      REQUIRE(Load8(y, static_cast<size_t>(i)) ==
              QuantizedStep(steps, op.y->zero_point, op.output, {}));
    }
  }
}

TEST_CASE("scratch is told in full, whatever size_t holds") {
  lowered::BatchMatMul op;
  op.dtype = op.right = op.output = DType::kUint8;
  op.a = op.b = op.y = Quantization{0.5F, 3};
  const int64_t depth = int64_t{1} << 28;
  const auto scratch = Accepted(Own(), op)->Reshape(std::vector<Dims>{{1, depth}, {depth, 1}},
                                                    std::vector<Dims>{{1, 1}});
  REQUIRE(scratch);
  CHECK(*scratch > uint64_t{1} << 32);
}

TEST_CASE("a layer that quantizes its own input takes weights with zero points") {
  Rng rng(103);
  for (int round = 0; round < 10; ++round) {
    lowered::DynamicFullyConnected op;
    const int64_t depth = Pick(rng, 1, 40), columns = Pick(rng, 1, 9);
    op.weights = RandomBytes(rng, DType::kInt8, {columns, depth});
    op.w_scale = {0.02f};
    op.w_zero_point = {RandomZero(rng, DType::kInt8)};
    auto kernel = Accepted(Own(), op);
    const Tensor x = RandomFloats(rng, {3, depth}, -2, 5);
    const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, {3, columns});
    const Quantization q = DynamicRange(x.As<float>());
    for (int64_t row = 0; row < 3; ++row)
      for (int64_t c = 0; c < columns; ++c) {
        int32_t sum = 0;
        for (int64_t k = 0; k < depth; ++k) {
          volatile float steps = x.As<float>()[static_cast<size_t>(row * depth + k)] / q.scale;
          sum += (QuantizedStep(steps, q.zero_point, DType::kUint8, {}) - q.zero_point) *
                 (Load8(op.weights, static_cast<size_t>(c * depth + k)) - op.w_zero_point[0]);
        }
        volatile float step = q.scale * 0.02f;
        volatile float real = static_cast<float>(sum) * step;
        REQUIRE(y.As<float>()[static_cast<size_t>(row * columns + c)] == real);
      }
  }
}

}  // namespace
}  // namespace insitu::test
