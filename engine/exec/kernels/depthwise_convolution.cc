// Quantized depthwise convolution in NHWC, for the weights that XNNPACK's kernel cannot sum without
// overflow, and for weights with a zero point per channel:
//   acc = bias + sum of (x - zero_point_x) * (w - zero_point_w) in int32, channels innermost,
//   y = saturate(rint_half_even(float32(acc) * m) + zero_point_y), m as in ops/requantize.h.
// Any number of output channels per input channel.
#include <algorithm>
#include <vector>

#include "exec/kernels/convolutions.h"
#include "ops/requantize.h"

namespace insitu::kernels {
namespace {

using Op = lowered::Convolution;

// What one run needs in numbers; weights as [kh, kw, O], int32 less their zero points.
struct Layer {
  std::vector<int16_t> weights;
  std::vector<int32_t> bias;
  std::vector<float> factor;
  int64_t multiplier = 1;  // output channels per input channel
};

template <class X, class Y>
class DepthwiseKernel final : public Kernel {
 public:
  DepthwiseKernel(const Op& op, Layer layer)
      : op_(op), layer_(std::move(layer)), range_(RangeOf<Y>(op.clamp)) {
    op_.weights = {};
    op_.bias = {};
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    INSITU_ASSIGN(geometry_, PlaneGeometry::Of(op_, inputs[0], outputs[0]));
    const auto channels = static_cast<int64_t>(layer_.bias.size());
    if (geometry_.out[3] != channels || geometry_.in[3] * layer_.multiplier != channels)
      return Fail(ErrorCode::kShapeMismatch, "a depthwise convolution of " +
                                                 std::to_string(channels) + " channels of " +
                                                 ToString(inputs[0]));
    return layer_.bias.size() * sizeof(int32_t);
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const Dims &in = geometry_.in, &out = geometry_.out;
    if (ElementsUnchecked(out) == 0) return {};
    const X* x = Cast<X>(inputs[0]);
    Y* y = Cast<Y>(outputs[0]);
    auto* sums = Cast<int32_t>(scratch);
    for (int64_t n = 0; n < out[0]; ++n) {
      for (int64_t row = 0; row < out[1]; ++row) {
        for (int64_t column = 0; column < out[2]; ++column) {
          Accumulate(x, row, column, sums);
          Store(sums, y);
          y += out[3];
        }
      }
      x += in[1] * in[2] * in[3];
    }
    return {};
  }

  size_t packed_bytes() const override {
    return layer_.weights.size() * sizeof(int16_t) + layer_.bias.size() * 2 * sizeof(float);
  }

 private:
  void Accumulate(const X* x, int64_t row, int64_t column, int32_t* sums) const {
    std::copy(layer_.bias.begin(), layer_.bias.end(), sums);
    const Dims& in = geometry_.in;
    for (int64_t ky = 0; ky < op_.kernel[0]; ++ky) {
      const int64_t iy = row * op_.stride[0] - geometry_.pad[0] + ky * op_.dilation[0];
      if (iy < 0 || iy >= in[1]) continue;
      for (int64_t kx = 0; kx < op_.kernel[1]; ++kx) {
        const int64_t ix = column * op_.stride[1] - geometry_.pad[1] + kx * op_.dilation[1];
        if (ix < 0 || ix >= in[2]) continue;
        AddTap(x + (iy * in[2] + ix) * in[3],
               layer_.weights.data() + (ky * op_.kernel[1] + kx) * geometry_.out[3], sums);
      }
    }
  }

  void AddTap(const X* x, const int16_t* w, int32_t* sums) const {
    const int32_t zero_point = op_.x->zero_point;
    const auto channels = static_cast<size_t>(geometry_.out[3]);
    const auto multiplier = static_cast<size_t>(layer_.multiplier);
    if (multiplier == 1) {
      for (size_t c = 0; c < channels; ++c)
        sums[c] = WrappingAdd(sums[c], (static_cast<int32_t>(x[c]) - zero_point) * w[c]);
      return;
    }
    for (size_t c = 0; c < channels; ++c)
      sums[c] = WrappingAdd(sums[c], (static_cast<int32_t>(x[c / multiplier]) - zero_point) * w[c]);
  }

  void Store(const int32_t* sums, Y* y) const {
    const int32_t zero_point = op_.y->zero_point;
    const float* factor = layer_.factor.data();
    const QuantizedRange range = range_;
    const auto channels = static_cast<size_t>(geometry_.out[3]);
    for (size_t c = 0; c < channels; ++c)
      y[c] =
          static_cast<Y>(RoundToRange(static_cast<float>(sums[c]) * factor[c], zero_point, range));
  }

  Op op_;
  Layer layer_;
  QuantizedRange range_;
  PlaneGeometry geometry_;
};

Layer MakeLayer(const Op& op) {
  const auto channels = static_cast<size_t>(op.weights.dims()[0]);
  const auto taps = static_cast<size_t>(op.kernel[0] * op.kernel[1]);
  Layer layer;
  layer.multiplier = op.weights.dims()[0] / op.groups;
  layer.weights.resize(channels * taps);
  layer.bias.assign(channels, 0);
  layer.factor.resize(channels);
  const bool is_signed = op.weights.dtype() == DType::kInt8;
  for (size_t c = 0; c < channels; ++c) {
    int32_t zero_point = 0;
    if (!op.w_zero_point.empty()) zero_point = op.w_zero_point[op.w_zero_point.size() == 1 ? 0 : c];
    for (size_t tap = 0; tap < taps; ++tap) {
      const size_t at = c * taps + tap;
      const int32_t w = is_signed ? op.weights.As<int8_t>()[at] : op.weights.As<uint8_t>()[at];
      layer.weights[tap * channels + c] = static_cast<int16_t>(w - zero_point);
    }
    if (!op.bias.empty()) layer.bias[c] = op.bias.As<int32_t>()[c];
    layer.factor[c] =
        RequantizationFactor(op.x->scale, op.w_scale[op.w_scale.size() == 1 ? 0 : c], op.y->scale);
  }
  return layer;
}

template <class X>
Created CreateOf(const Op& op) {
  if (op.output == DType::kInt8)
    return std::make_unique<DepthwiseKernel<X, int8_t>>(op, MakeLayer(op));
  return std::make_unique<DepthwiseKernel<X, uint8_t>>(op, MakeLayer(op));
}

bool Matches(size_t count, int64_t channels) {
  return count == 1 || static_cast<int64_t>(count) == channels;
}

}  // namespace

Considered ConsiderDepthwise(const Op& op) {
  const Dims& w = op.weights.dims();
  if (!IsByte(op.output) || !IsByte(op.weights.dtype()) || w[3] != 1)
    return Refuse("only quantized 8-bit depthwise convolutions");
  if (!op.x || !op.y || !Matches(op.w_scale.size(), w[0]) ||
      !(op.w_zero_point.empty() || Matches(op.w_zero_point.size(), w[0])))
    return Refuse("its quantization must be known");
  if (!op.bias.empty() && (op.bias.dtype() != DType::kInt32 || op.bias.elements() != w[0]))
    return Refuse("the bias must be int32, one per output channel");
  return Offer{.cost = 4.0, .wants_channels_last = true};
}

Created CreateDepthwise(const Op& op) {
  return op.input == DType::kInt8 ? CreateOf<int8_t>(op) : CreateOf<uint8_t>(op);
}

}  // namespace insitu::kernels
