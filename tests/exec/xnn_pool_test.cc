// XNNPACK pooling over random windows: integer maxima exact, float averages within rounding; the
// padding never counts.
#include "kernel_fixture.h"
#include "reference_formulas.h"

namespace insitu::test {
namespace {

using lowered::Pool;
using lowered::PoolKind;

constexpr PoolKind kKinds[] = {PoolKind::kMax, PoolKind::kAverage};

Pool RandomPool(Rng& rng, PoolKind kind, DType dtype) {
  Pool op;
  op.kind = kind;
  op.dtype = dtype;
  op.channels_last = true;
  for (int i = 0; i < 2; ++i) {
    op.kernel[i] = Pick(rng, i == 0 ? 1 : 2, 4);
    op.stride[i] = Pick(rng, 1, op.kernel[i]);
    op.pad_begin[i] = Pick(rng, 0, op.kernel[i] - 1);
    op.pad_end[i] = Pick(rng, 0, op.kernel[i] - 1);
  }
  const int64_t mode = Pick(rng, 0, 5);
  if (mode == 0) op.ceil_mode = true;
  if (mode == 1) op.auto_pad_same_upper = true;
  if (mode == 2) op.auto_pad_same_lower = true;
  if (mode == 3) {
    std::fill_n(op.pad_begin, 2, 0);
    std::fill_n(op.pad_end, 2, 0);
    if (kind == PoolKind::kMax) op.dilation[0] = op.dilation[1] = 2;
    op.count_include_pad = true;
  }
  return op;
}

Dims PooledDims(const Pool& op, const Dims& in) {
  Dims out = in;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t reach = (op.kernel[i] - 1) * op.dilation[i] + 1;
    const int64_t room = in[1 + i] + op.pad_begin[i] + op.pad_end[i] - reach;
    out[1 + i] = (op.ceil_mode ? room + op.stride[i] - 1 : room) / op.stride[i] + 1;
    if (op.auto_pad_same_upper || op.auto_pad_same_lower)
      out[1 + i] = (in[1 + i] + op.stride[i] - 1) / op.stride[i];
  }
  return out;
}

// visit(output index, values inside the window).
void ForEachWindow(const Pool& op, const Tensor& x, const Dims& out, auto load, auto visit) {
  const Dims& in = x.dims();
  int64_t pad[2];
  for (size_t i = 0; i < 2; ++i) {
    const int64_t reach = (op.kernel[i] - 1) * op.dilation[i] + 1;
    int64_t total = (out[1 + i] - 1) * op.stride[i] + reach - in[1 + i];
    if (total < 0) total = 0;
    pad[i] = op.pad_begin[i];
    if (op.auto_pad_same_upper) pad[i] = total / 2;
    if (op.auto_pad_same_lower) pad[i] = total - total / 2;
  }
  size_t index = 0;
  for (int64_t n = 0; n < out[0]; ++n)
    for (int64_t y = 0; y < out[1]; ++y)
      for (int64_t z = 0; z < out[2]; ++z)
        for (int64_t c = 0; c < out[3]; ++c, ++index) {
          std::vector<double> values;
          for (int64_t ky = 0; ky < op.kernel[0]; ++ky)
            for (int64_t kx = 0; kx < op.kernel[1]; ++kx) {
              const int64_t iy = y * op.stride[0] + ky * op.dilation[0] - pad[0];
              const int64_t ix = z * op.stride[1] + kx * op.dilation[1] - pad[1];
              if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) continue;
              values.push_back(
                  load(x, static_cast<size_t>(((n * in[1] + iy) * in[2] + ix) * in[3] + c)));
            }
          visit(index, values);
        }
}

double LoadFloat(const Tensor& t, size_t i) { return t.As<float>()[i]; }

TEST_CASE("pooling equals plain loops") {
  Rng rng(41);
  int accepted = 0;
  for (DType dtype : {DType::kFloat32, DType::kInt8, DType::kUint8})
    for (PoolKind kind : kKinds) {
      if (dtype != DType::kFloat32 && kind == PoolKind::kAverage) continue;
      for (int round = 0; round < 60; ++round) {
        Pool op = RandomPool(rng, kind, dtype);
        if (round % 5 == 0) op.clamp = {0.0f, 0.5f};
        if (!Xnn(1).Consider(op)) continue;
        ++accepted;
        for (int threads : {1, 2}) {
          auto kernel = Accepted(Xnn(threads), op);
          for (int repeat = 0; repeat < 3; ++repeat) {
            const Dims in{Pick(rng, 1, 3), Pick(rng, 7, 12), Pick(rng, 7, 12), Pick(rng, 1, 40)};
            const Dims out = PooledDims(op, in);
            CAPTURE(Name(dtype), static_cast<int>(kind), in, out);
            const bool real = dtype == DType::kFloat32;
            const Tensor x = real ? RandomFloats(rng, in) : RandomBytes(rng, dtype, in);
            const auto load =
                real ? LoadFloat : [](const Tensor& t, size_t i) -> double { return Load8(t, i); };
            const Tensor y = RunKernel(*kernel, {x}, dtype, out);
            ForEachWindow(op, x, out, load, [&](size_t i, const std::vector<double>& values) {
              REQUIRE_FALSE(values.empty());
              double expected = *std::ranges::max_element(values);
              if (kind == PoolKind::kAverage) {
                expected = 0.0;
                for (double value : values) expected += value;
                expected /= static_cast<double>(values.size());
              }
              expected = std::fmin(std::fmax(expected, op.clamp.min), op.clamp.max);
              if (!real) expected = std::floor(expected);
              const double slack = kind == PoolKind::kAverage ? 1e-6 : 0.0;
              REQUIRE(std::fabs(load(y, i) - expected) <= slack);
            });
          }
        }
      }
    }
  CHECK(accepted > 120);
}

TEST_CASE("global pooling takes any number of spatial axes") {
  Rng rng(42);
  for (PoolKind kind : {PoolKind::kGlobalAverage, PoolKind::kGlobalMax})
    for (const Dims& in : {Dims{2, 7, 5, 33}, Dims{1, 1, 1, 8}, Dims{3, 49, 5}}) {
      Pool op;
      op.kind = kind;
      op.channels_last = true;
      Dims out(in.size(), 1);
      out.front() = in.front();
      out.back() = in.back();
      const Tensor x = RandomFloats(rng, in);
      for (int threads : {1, 2}) {
        auto kernel = Accepted(Xnn(threads), op);
        const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, out);
        const int64_t channels = in.back(), area = ElementsUnchecked(in) / in[0] / channels;
        for (int64_t n = 0; n < in[0]; ++n)
          for (int64_t c = 0; c < channels; ++c) {
            double sum = 0.0, most = -1e9;
            for (int64_t i = 0; i < area; ++i) {
              const double value =
                  x.As<float>()[static_cast<size_t>((n * area + i) * channels + c)];
              sum += value;
              most = std::fmax(most, value);
            }
            const double expected =
                kind == PoolKind::kGlobalMax ? most : sum / static_cast<double>(area);
            REQUIRE(std::fabs(y.As<float>()[static_cast<size_t>(n * channels + c)] - expected) <=
                    1e-6);
          }
      }
    }
}

TEST_CASE("windows that XNNPACK would get wrong are refused") {
  const auto refused = [](auto change) {
    Pool op;
    op.kernel[0] = op.kernel[1] = 3;
    REQUIRE(Xnn(1).Consider(op));
    change(op);
    return !Xnn(1).Consider(op);
  };
  CHECK(refused([](Pool& op) { op.kernel[0] = op.kernel[1] = 1; }));
  CHECK(refused([](Pool& op) { op.stride[0] = 4; }));
  CHECK(refused([](Pool& op) { op.pad_begin[1] = 3; }));
  CHECK(refused([](Pool& op) { op.dilation[0] = 2, op.pad_begin[0] = 1; }));
  CHECK(refused([](Pool& op) { op.ceil_mode = true, op.stride[0] = 3, op.pad_end[0] = 1; }));
  CHECK(refused([](Pool& op) {
    op.kind = PoolKind::kAverage;
    op.count_include_pad = true;
    op.pad_end[0] = 1;
  }));
  CHECK(refused([](Pool& op) { op.kind = PoolKind::kAverage, op.dtype = DType::kInt8; }));
  CHECK(refused([](Pool& op) { op.dtype = DType::kInt32; }));
}

}  // namespace
}  // namespace insitu::test
