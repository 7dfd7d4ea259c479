// The formulas of the design's "Numbers that must be right" as plain loops, written apart from
// ops/: what the kernels of exec/ are compared with, bit for bit for integers.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "ops/lowering.h"

namespace insitu::test {

inline int32_t Lowest(DType dtype) { return dtype == DType::kInt8 ? -128 : 0; }

inline int32_t Load8(const Tensor& t, size_t i) {
  return t.dtype() == DType::kInt8 ? static_cast<int32_t>(t.As<int8_t>()[i])
                                   : static_cast<int32_t>(t.As<uint8_t>()[i]);
}

inline void Store8(Tensor& t, size_t i, int32_t value) {
  if (t.dtype() == DType::kInt8) {
    t.As<int8_t>()[i] = static_cast<int8_t>(value);
  } else {
    t.As<uint8_t>()[i] = static_cast<uint8_t>(value);
  }
}

// saturate(rint_half_even(value) + zero_point), then the clamp in steps.
inline int32_t QuantizedStep(float value, int32_t zero_point, DType type, const Clamp& clamp) {
  const double low = std::fmax(type == DType::kInt8 ? -128.0 : 0.0, clamp.min);
  const double high = std::fmin(type == DType::kInt8 ? 127.0 : 255.0, clamp.max);
  const double step = std::nearbyint(static_cast<double>(value)) + zero_point;
  return static_cast<int32_t>(std::fmin(std::fmax(step, low), high));
}

inline float Factor(float scale_x, float scale_w, float scale_y) {
  volatile float product = scale_x * scale_w;
  volatile float factor = product / scale_y;
  return factor;
}

template <class T>
const T& AtOrOnly(const std::vector<T>& values, size_t i) {
  return values[values.size() == 1 ? 0 : i];
}

// The index of the input element under one tap, or -1 in the padding. NHWC.
struct Window {
  const lowered::Convolution& op;
  const Dims& in;
  int64_t pad[2];

  int64_t Index(int64_t n, int64_t y, int64_t x, int64_t ky, int64_t kx, int64_t c) const {
    const int64_t iy = y * op.stride[0] + ky * op.dilation[0] - pad[0];
    const int64_t ix = x * op.stride[1] + kx * op.dilation[1] - pad[1];
    if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) return -1;
    return ((n * in[1] + iy) * in[2] + ix) * in[3] + c;
  }
};

// Calls visit(output index, output channel, term) where term(f) runs f(input index or -1, weight
// index) over all products of that output.
template <class Visit>
void ForEachOutput(const lowered::Convolution& op, const Dims& in, const Dims& out, Visit visit) {
  Window window{op, in, {op.pad_begin[0], op.pad_begin[1]}};
  for (int i = 0; i < 2; ++i) {
    const int64_t reach = (op.kernel[i] - 1) * op.dilation[i] + 1;
    int64_t total = (out[1 + i] - 1) * op.stride[i] + reach - in[1 + i];
    if (total < 0) total = 0;
    if (op.auto_pad_same_upper) window.pad[i] = total / 2;
    if (op.auto_pad_same_lower) window.pad[i] = total - total / 2;
  }
  const int64_t depth = op.weights.dims()[3], group_out = out[3] / op.groups;
  size_t index = 0;
  for (int64_t n = 0; n < out[0]; ++n)
    for (int64_t y = 0; y < out[1]; ++y)
      for (int64_t x = 0; x < out[2]; ++x)
        for (int64_t o = 0; o < out[3]; ++o, ++index)
          visit(index, static_cast<size_t>(o), [&](auto term) {
            for (int64_t ky = 0; ky < op.kernel[0]; ++ky)
              for (int64_t kx = 0; kx < op.kernel[1]; ++kx)
                for (int64_t c = 0; c < depth; ++c)
                  term(window.Index(n, y, x, ky, kx, o / group_out * depth + c),
                       static_cast<size_t>(((o * op.kernel[0] + ky) * op.kernel[1] + kx) * depth +
                                           c));
          });
}

// y must be allocated; x and y are NHWC.
inline void QuantizedConvolution(const lowered::Convolution& op, const Tensor& x, Tensor& y) {
  ForEachOutput(op, x.dims(), y.dims(), [&](size_t index, size_t o, auto terms) {
    int64_t sum = op.bias.empty() ? 0 : op.bias.As<int32_t>()[o];
    const int32_t w_zero = op.w_zero_point.empty() ? 0 : AtOrOnly(op.w_zero_point, o);
    terms([&](int64_t at, size_t w) {
      if (at >= 0)
        sum += static_cast<int64_t>(Load8(x, static_cast<size_t>(at)) - op.x->zero_point) *
               (Load8(op.weights, w) - w_zero);
    });
    const float m = Factor(op.x->scale, AtOrOnly(op.w_scale, o), op.y->scale);
    const float value = static_cast<float>(static_cast<int32_t>(sum)) * m;
    Store8(y, index, QuantizedStep(value, op.y->zero_point, op.output, op.clamp));
  });
}

// In double; `magnitude` receives the sums of absolute products, for error bounds.
inline void FloatConvolution(const lowered::Convolution& op, const Tensor& x, const Dims& out,
                             std::vector<double>& y, std::vector<double>& magnitude) {
  y.assign(static_cast<size_t>(ElementsUnchecked(out)), 0.0);
  magnitude = y;
  ForEachOutput(op, x.dims(), out, [&](size_t index, size_t o, auto terms) {
    double sum = op.bias.empty() ? 0.0 : static_cast<double>(op.bias.As<float>()[o]);
    double size = std::fabs(sum);
    terms([&](int64_t at, size_t w) {
      if (at < 0) return;
      const double term = static_cast<double>(x.As<float>()[static_cast<size_t>(at)]) *
                          static_cast<double>(op.weights.As<float>()[w]);
      sum += term;
      size += std::fabs(term);
    });
    y[index] = std::fmin(std::fmax(sum, op.clamp.min), op.clamp.max);
    magnitude[index] = size;
  });
}

}  // namespace insitu::test
