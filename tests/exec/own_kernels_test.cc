// insitu's own kernels equal the formulas of their operators bit for bit: quantized Add and Mul,
// Quantize, Dequantize, averages, depthwise convolutions, clamps, copies and Concat.
#include <array>
#include <cstring>

#include "convolution_cases.h"
#include "ops/dynamic_range.h"

namespace insitu::test {
namespace {

using lowered::BinaryKind;
using lowered::PoolKind;
using lowered::UnaryKind;

constexpr DType kBytes[] = {DType::kInt8, DType::kUint8};

TEST_CASE("quantized Add and Mul: all 65536 pairs of operands") {
  Rng rng(61);
  for (DType dtype : kBytes)
    for (BinaryKind kind : {BinaryKind::kAdd, BinaryKind::kMul})
      for (int round = 0; round < 6; ++round) {
        lowered::Binary op;
        op.kind = kind;
        op.dtype = dtype;
        op.a = RandomQuantization(rng, dtype);
        op.b = RandomQuantization(rng, dtype);
        op.y = RandomQuantization(rng, dtype);
        // Scales that are powers of two make ties.
        if (round == 0) op.a->scale = op.b->scale = 0.5f, op.y->scale = 1.0f;
        if (round == 1) op.clamp = {-3.0f, 90.0f};
        auto kernel = Accepted(Own(), op);
        Tensor a = Make(dtype, {256, 1}), b = Make(dtype, {1, 256}),
               expected = Make(dtype, {256, 256});
        for (size_t i = 0; i < 256; ++i) {
          Store8(a, i, static_cast<int32_t>(i) + Lowest(dtype));
          Store8(b, i, static_cast<int32_t>(i) + Lowest(dtype));
        }
        for (size_t i = 0; i < 65536; ++i) {
          volatile float left =
              static_cast<float>(Load8(a, i / 256) - op.a->zero_point) * op.a->scale;
          volatile float right =
              static_cast<float>(Load8(b, i % 256) - op.b->zero_point) * op.b->scale;
          volatile float real = kind == BinaryKind::kAdd ? left + right : left * right;
          volatile float steps = real / op.y->scale;
          Store8(expected, i, QuantizedStep(steps, op.y->zero_point, dtype, op.clamp));
        }
        REQUIRE(SameBytes(RunKernel(*kernel, {a, b}, dtype, {256, 256}), expected));
        // The same pairs with both operands stepping.
        Tensor left = Make(dtype, {65536}), right = Make(dtype, {65536});
        for (size_t i = 0; i < 65536; ++i) {
          left.data()[i] = a.data()[i / 256];
          right.data()[i] = b.data()[i % 256];
        }
        REQUIRE(SameBytes(RunKernel(*kernel, {left, right}, dtype, {65536}),
                          expected.Reshaped({65536})));
      }
}

TEST_CASE("quantized Add broadcasts over several dimensions") {
  Rng rng(62);
  lowered::Binary op;
  op.dtype = DType::kInt8;
  op.a = op.b = op.y = Quantization{0.5f, 0};
  auto kernel = Accepted(Own(), op);
  const Tensor a = RandomBytes(rng, DType::kInt8, {2, 1, 3, 5});
  const Tensor b = RandomBytes(rng, DType::kInt8, {4, 1, 5});
  const Tensor y = RunKernel(*kernel, {a, b}, DType::kInt8, {2, 4, 3, 5});
  for (size_t n = 0; n < 2; ++n)
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 3; ++j)
        for (size_t k = 0; k < 5; ++k) {
          const int sum = Load8(a, (n * 3 + j) * 5 + k) + Load8(b, i * 5 + k);
          REQUIRE(Load8(y, ((n * 4 + i) * 3 + j) * 5 + k) == std::clamp(sum, -128, 127));
        }
  RunKernel(*kernel, {Make(DType::kInt8, {0, 5}), Make(DType::kInt8, {1, 5})}, DType::kInt8,
            {0, 5});
}

TEST_CASE("Quantize divides, rounds half to even and saturates; Dequantize multiplies") {
  Rng rng(63);
  for (DType dtype : kBytes)
    for (int round = 0; round < 40; ++round) {
      Quantization q = RandomQuantization(rng, dtype);
      if (round == 0) q.scale = 1e-30f;
      Tensor x = RandomFloats(rng, {4099}, -300 * q.scale, 300 * q.scale);
      for (int i = -600; i < 600; ++i)
        x.As<float>()[static_cast<size_t>(i + 600)] = static_cast<float>(i) * 0.5f * q.scale;
      x.As<float>()[1300] = std::numeric_limits<float>::infinity();
      x.As<float>()[1301] = -std::numeric_limits<float>::infinity();
      auto quantize = Accepted(Own(), lowered::Quantize{DType::kFloat32, dtype, q});
      const Tensor y = RunKernel(*quantize, {x}, dtype, {4099});
      for (size_t i = 0; i < 4099; ++i) {
        volatile float steps = x.As<float>()[i] / q.scale;
        REQUIRE(Load8(y, i) == QuantizedStep(steps, q.zero_point, dtype, {}));
      }
      auto dequantize = Accepted(Own(), lowered::Dequantize{dtype, DType::kFloat32, q});
      const Tensor z = RunKernel(*dequantize, {y}, DType::kFloat32, {4099});
      for (size_t i = 0; i < 4099; ++i) {
        volatile float real = static_cast<float>(Load8(y, i) - q.zero_point) * q.scale;
        REQUIRE(z.As<float>()[i] == real);
      }
    }
}

// What the kernel gives for `x`: steps, scale and zero point.
std::array<Tensor, 3> DynamicallyQuantized(const Tensor& x) {
  auto kernel = Accepted(Own(), lowered::DynamicQuantize{});
  std::array<Tensor, 3> y{Make(DType::kUint8, x.dims()), Make(DType::kFloat32, {}),
                          Make(DType::kUint8, {})};
  const Dims inputs[] = {x.dims()}, outputs[] = {x.dims(), {}, {}};
  REQUIRE(kernel->Reshape(inputs, outputs).value() == 0);
  const std::byte* from[] = {x.data()};
  std::byte* to[] = {y[0].data(), y[1].data(), y[2].data()};
  REQUIRE(kernel->Run(from, to, nullptr));
  return y;
}

TEST_CASE("DynamicQuantize quantizes by the range of the tensor, widened to hold zero") {
  Rng rng(65);
  const std::pair<float, float> ranges[] = {{-3.0f, 5.0f}, {0.5f, 7.0f},   {-9.0f, -2.0f},
                                            {0.0f, 0.0f},  {-1e-3f, 2e4f}, {-1.0f, 0.0f}};
  for (const auto& [low, high] : ranges)
    for (int64_t count : {0, 1, 15, 16, 17, 1000}) {
      const Tensor x = RandomFloats(rng, {count}, low, high);
      volatile float min = 0.0f, max = 0.0f;
      for (float value : x.As<float>()) {
        if (value < min) min = value;
        if (value > max) max = value;
      }
      volatile float range = max - min, scale = range / 255.0f;
      if (scale == 0.0f) scale = 1.0f;
      volatile float zero = -min / scale;
      const auto [y, y_scale, y_zero] = DynamicallyQuantized(x);
      REQUIRE(y_scale.As<float>()[0] == scale);
      const int32_t zero_point = QuantizedStep(zero, 0, DType::kUint8, {});
      REQUIRE(Load8(y_zero, 0) == zero_point);
      for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
        volatile float steps = x.As<float>()[i] / scale;
        REQUIRE(Load8(y, i) == QuantizedStep(steps, zero_point, DType::kUint8, {}));
      }
    }
}

TEST_CASE("what is not finite does not spoil the range of DynamicQuantize") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (float odd : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    Rng rng(66);
    Tensor x = RandomFloats(rng, {40}, -2.0f, 6.0f);
    x.As<float>()[7] = x.As<float>()[35] = odd;
    const Quantization range = DynamicRange(std::span<const float>(x.As<float>()));
    const auto [y, y_scale, y_zero] = DynamicallyQuantized(x);
    CHECK(y_scale.As<float>()[0] == range.scale);
    CHECK(Load8(y_zero, 0) == range.zero_point);
    CHECK(Load8(y, 7) == (odd > 0 ? 255 : 0));
    CHECK(Load8(y, 35) == Load8(y, 7));
  }
}

TEST_CASE("not-a-number quantizes to the lowest value") {
  const float nan[] = {std::numeric_limits<float>::quiet_NaN()};
  auto kernel = Accepted(Own(), lowered::Quantize{DType::kFloat32, DType::kUint8, {0.1f, 7}});
  const Tensor y = RunKernel(*kernel, {Tensor::From<float>({1}, nan).value()}, DType::kUint8, {1});
  CHECK(Load8(y, 0) == 0);
}

int32_t MeanStep(int32_t sum, int64_t count, const lowered::Pool& op) {
  volatile float ratio = op.x->scale / op.y->scale;
  volatile float share = 1.0f / static_cast<float>(count);
  volatile float factor = ratio * share;
  volatile float value = static_cast<float>(sum) * factor;
  return QuantizedStep(value, op.y->zero_point, op.dtype, op.clamp);
}

TEST_CASE("quantized averages, global and over windows") {
  Rng rng(64);
  for (DType dtype : kBytes)
    for (int round = 0; round < 60; ++round) {
      lowered::Pool op;
      op.dtype = dtype;
      op.channels_last = true;
      op.x = RandomQuantization(rng, dtype);
      op.y = RandomQuantization(rng, dtype);
      op.y->scale = op.x->scale * PickFloat(rng, 0.3f, 1.5f);
      const Dims in{Pick(rng, 1, 2), Pick(rng, 3, 14), Pick(rng, 3, 14), Pick(rng, 1, 150)};
      Dims out{in[0], 1, 1, in[3]};
      op.kind = round % 2 ? PoolKind::kAverage : PoolKind::kGlobalAverage;
      if (op.kind == PoolKind::kAverage) {
        op.count_include_pad = round % 4 == 1;
        for (size_t i = 0; i < 2; ++i) {
          op.kernel[i] = Pick(rng, 1, 3);
          op.stride[i] = Pick(rng, 1, 3);
          op.pad_begin[i] = Pick(rng, 0, op.kernel[i] - 1);
          op.pad_end[i] = Pick(rng, 0, op.kernel[i] - 1);
          out[1 + i] =
              (in[1 + i] + op.pad_begin[i] + op.pad_end[i] - op.kernel[i]) / op.stride[i] + 1;
        }
      }
      Tensor x = RandomBytes(rng, dtype, in, round % 5 == 0);
      if (round % 6 == 0)
        std::fill_n(x.data(), x.size_bytes(),
                    dtype == DType::kInt8 ? std::byte{0x80} : std::byte{0xff});
      auto kernel = Accepted(Own(), op);
      const Tensor y = RunKernel(*kernel, {x}, dtype, out);
      const bool global = op.kind == PoolKind::kGlobalAverage;
      const int64_t kh = global ? in[1] : op.kernel[0], kw = global ? in[2] : op.kernel[1];
      size_t index = 0;
      for (int64_t n = 0; n < out[0]; ++n)
        for (int64_t r = 0; r < out[1]; ++r)
          for (int64_t s = 0; s < out[2]; ++s)
            for (int64_t c = 0; c < out[3]; ++c, ++index) {
              int32_t sum = 0;
              int64_t count = 0;
              for (int64_t ky = 0; ky < kh; ++ky)
                for (int64_t kx = 0; kx < kw; ++kx) {
                  const int64_t iy = r * op.stride[0] - op.pad_begin[0] + ky;
                  const int64_t ix = s * op.stride[1] - op.pad_begin[1] + kx;
                  const bool inside = iy >= 0 && iy < in[1] && ix >= 0 && ix < in[2];
                  if (inside || op.count_include_pad) ++count;
                  if (inside)
                    sum +=
                        Load8(x, static_cast<size_t>(((n * in[1] + iy) * in[2] + ix) * in[3] + c)) -
                        op.x->zero_point;
                }
              REQUIRE(Load8(y, index) == MeanStep(sum, count, op));
            }
    }
}

TEST_CASE("depthwise convolutions with any weights are exact") {
  Rng rng(65);
  for (Grouping grouping : {Grouping::kDepthwise, Grouping::kDepthwiseMultiplied})
    for (DType input : kBytes)
      for (DType weights : kBytes)
        for (bool zero_weights : {true, false})
          for (int round = 0; round < 6; ++round) {
            const auto op =
                RandomQuantizedConvolution(rng, {.input = input,
                                                 .output = round % 2 ? DType::kInt8 : DType::kUint8,
                                                 .weights = weights,
                                                 .grouping = grouping,
                                                 .per_channel = round % 3 != 0,
                                                 .zero_weights = zero_weights});
            auto kernel = Accepted(Own(), op);
            CheckQuantizedConvolution(rng, op, *kernel);
          }
}

TEST_CASE("clamps of bytes, and copies") {
  Rng rng(66);
  for (DType dtype : kBytes) {
    const Tensor x = RandomBytes(rng, dtype, {333});
    const lowered::Unary clamp{UnaryKind::kClamp, dtype, 0.0f, {3.0f, 90.0f}};
    const Tensor y = RunKernel(*Accepted(Own(), clamp), {x}, dtype, {333});
    const lowered::Unary relu{UnaryKind::kRelu, dtype, 0.0f, {}};
    const Tensor z = RunKernel(*Accepted(Own(), relu), {x}, dtype, {333});
    for (size_t i = 0; i < 333; ++i) {
      REQUIRE(Load8(y, i) == std::clamp(Load8(x, i), 3, 90));
      REQUIRE(Load8(z, i) == std::max(Load8(x, i), 0));
    }
    const lowered::Unary copy{UnaryKind::kCopy, dtype, 0.0f, {}};
    CHECK(SameBytes(RunKernel(*Accepted(Own(), copy), {x}, dtype, {333}), x));
  }
}

TEST_CASE("Concat along every axis, with parts of no extent") {
  Rng rng(67);
  for (int64_t axis = 0; axis < 3; ++axis) {
    std::vector<Tensor> parts;
    Dims out{3, 4, 5};
    out[static_cast<size_t>(axis)] = 0;
    for (int64_t extent : {2, 0, 3}) {
      Dims dims{3, 4, 5};
      dims[static_cast<size_t>(axis)] = extent;
      out[static_cast<size_t>(axis)] += extent;
      parts.push_back(RandomFloats(rng, dims));
    }
    auto kernel = Accepted(Own(), lowered::Concat{DType::kFloat32, axis, 3});
    const Tensor y = RunKernel(*kernel, parts, DType::kFloat32, out);
    size_t index = 0;
    for (int64_t i = 0; i < out[0]; ++i)
      for (int64_t j = 0; j < out[1]; ++j)
        for (int64_t k = 0; k < out[2]; ++k, ++index) {
          int64_t at[] = {i, j, k};
          const Tensor* part = &parts[0];
          for (const Tensor& candidate : parts) {
            part = &candidate;
            const int64_t extent = candidate.dims()[static_cast<size_t>(axis)];
            if (at[axis] < extent) break;
            at[axis] -= extent;
          }
          const Dims& d = part->dims();
          const auto from = static_cast<size_t>((at[0] * d[1] + at[1]) * d[2] + at[2]);
          REQUIRE(y.As<float>()[index] == part->As<float>()[from]);
        }
  }
}

TEST_CASE("what has no kernel is refused with a reason") {
  CHECK_FALSE(Own().Consider(lowered::Softmax{}).error().why.empty());
  CHECK_FALSE(Own().Consider(lowered::Binary{}));
  CHECK_FALSE(Own().Consider(lowered::Concat{DType::kInt4, 0, 2}));
  CHECK_FALSE(Own().Consider(lowered::Quantize{DType::kFloat32, DType::kInt16, {}}));
}

}  // namespace
}  // namespace insitu::test
