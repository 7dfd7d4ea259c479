// Packing, tiles of 4 rows by 2 columns, and the three kinds of results.
#include "exec/kernels/integer_products.h"

#include <algorithm>
#include <utility>

#include "exec/kernels/dot.h"

namespace insitu::kernels {

std::optional<Refusal> CheckNumbers(const LinearNumbers& n) {
  const int64_t columns = n.weights.dims().empty() ? 0 : n.weights.dims()[0];
  const auto fits = [&](size_t count) {
    return count == 1 || static_cast<int64_t>(count) == columns;
  };
  if (!IsByte(n.input) || !IsByte(n.weights.dtype())) return Refusal{"only 8-bit data and weights"};
  if (columns < 1 || n.weights.elements() == 0) return Refusal{"there are no weights"};
  if (!n.w_zero_point.empty() && !fits(n.w_zero_point.size()))
    return Refusal{"zero points of the weights must be one, or one per output channel"};
  if (!n.bias.empty() && n.bias.elements() != columns)
    return Refusal{"the bias must be one number per output channel"};
  const bool integer_bias = n.bias.empty() || n.bias.dtype() == DType::kInt32;
  if (n.output == DType::kInt32)
    return integer_bias ? std::nullopt : std::optional(Refusal{"the bias must be int32"});
  if (!fits(n.w_scale.size()))
    return Refusal{"scales of the weights must be one, or one per output channel"};
  if (n.output == DType::kFloat32)
    return integer_bias || n.bias.dtype() == DType::kFloat32
               ? std::nullopt
               : std::optional(Refusal{"the bias must be int32 or float32"});
  if (!IsByte(n.output)) return Refusal{"results of 8 bits, int32 or float32 only"};
  if (!n.x || !n.y) return Refusal{"the quantization of input and output must be known"};
  return integer_bias ? std::nullopt : std::optional(Refusal{"the bias must be int32"});
}

IntegerProducts::IntegerProducts(const LinearNumbers& n)
    : output_(n.output), columns_(static_cast<size_t>(n.weights.dims()[0])), clamp_(n.clamp) {
  const size_t depth = static_cast<size_t>(n.weights.elements()) / columns_;
  padded_ = (depth + 7) / 8 * 8;
  weights_.assign(columns_ * padded_, 0);
  for (size_t c = 0; c < columns_; ++c) {
    int32_t zero_point = 0;
    if (!n.w_zero_point.empty()) zero_point = n.w_zero_point[n.w_zero_point.size() == 1 ? 0 : c];
    Widen(n.weights.data() + c * depth, n.weights.dtype(), zero_point, depth,
          weights_.data() + c * padded_);
  }
  bias_.assign(columns_, 0);
  if (!n.bias.empty() && n.bias.dtype() == DType::kInt32)
    std::ranges::copy(n.bias.As<int32_t>(), bias_.begin());
  if (!n.bias.empty() && n.bias.dtype() == DType::kFloat32)
    real_bias_.assign(n.bias.As<float>().begin(), n.bias.As<float>().end());
  if (n.output == DType::kInt32) return;
  w_scale_.resize(columns_);
  for (size_t c = 0; c < columns_; ++c) w_scale_[c] = n.w_scale[n.w_scale.size() == 1 ? 0 : c];
  if (n.output == DType::kFloat32) return;
  y_zero_point_ = n.y->zero_point;
  range_ = n.output == DType::kInt8 ? RangeOf<int8_t>(n.clamp) : RangeOf<uint8_t>(n.clamp);
  for (float scale : w_scale_)
    factor_.push_back(RequantizationFactor(n.x->scale, scale, n.y->scale));
}

void IntegerProducts::Store(int32_t sum, size_t c, float scale_x, std::byte* y, size_t at) const {
#pragma clang fp contract(off)
  const int32_t total = WrappingAdd(sum, bias_[c]);
  if (output_ == DType::kInt32) {
    Cast<int32_t>(y)[at] = total;
  } else if (output_ == DType::kFloat32) {
    const float product = static_cast<float>(total) * (scale_x * w_scale_[c]);
    const float value = real_bias_.empty() ? product : product + real_bias_[c];
    Cast<float>(y)[at] = std::min(std::max(value, clamp_.min), clamp_.max);
  } else {
    const float steps = static_cast<float>(total) * factor_[c];
    y[at] = static_cast<std::byte>(RoundToRange(steps, y_zero_point_, range_));
  }
}

void IntegerProducts::Run(const int16_t* rows, int count, size_t first, size_t last, float scale_x,
                          std::byte* y, size_t step) const {
  for (size_t c = first; c < last; c += 2) {
    const int16_t* w0 = weights_.data() + c * padded_;
    const int16_t* w1 = c + 1 < last ? w0 + padded_ : w0;
    int32_t sums[2 * kRows];
    switch (count) {
      case 1:
        DotTile<1>(rows, padded_, w0, w1, padded_, sums);
        break;
      case 2:
        DotTile<2>(rows, padded_, w0, w1, padded_, sums);
        break;
      case 3:
        DotTile<3>(rows, padded_, w0, w1, padded_, sums);
        break;
      default:
        DotTile<kRows>(rows, padded_, w0, w1, padded_, sums);
        break;
    }
    for (int r = 0; r < count; ++r) {
      const size_t at = static_cast<size_t>(r) * step + c;
      Store(sums[2 * r], c, scale_x, y, at);
      if (c + 1 < last) Store(sums[2 * r + 1], c + 1, scale_x, y, at + 1);
    }
  }
}

Quantization InputQuantization(const std::optional<Quantization>& x, DType dtype,
                               std::span<const std::byte* const> inputs) {
  if (x) return *x;
  Quantization read;
  read.zero_point = dtype == DType::kInt8 ? static_cast<int32_t>(*Cast<int8_t>(inputs[1]))
                                          : static_cast<int32_t>(*Cast<uint8_t>(inputs[1]));
  if (inputs.size() > 2) read.scale = *Cast<float>(inputs[2]);
  return read;
}

void Widen(const std::byte* x, DType dtype, int32_t zero_point, size_t count, int16_t* to) {
  const auto widen = [&](const auto* from) {
    for (size_t i = 0; i < count; ++i) to[i] = static_cast<int16_t>(from[i] - zero_point);
  };
  if (dtype == DType::kInt8)
    widen(Cast<int8_t>(x));
  else
    widen(Cast<uint8_t>(x));
}

}  // namespace insitu::kernels
