// Convolutions in NHWC of 8-bit data and constant 8-bit weights, for results and zero points that
// XNNPACK's operators do not have: the windows of four pixels at a time become rows of products.
// What lies in the padding is the zero point and adds nothing.
#include <algorithm>

#include "exec/kernels/convolutions.h"
#include "exec/kernels/integer_products.h"

namespace insitu::kernels {
namespace {

using Op = lowered::Convolution;

LinearNumbers NumbersOf(const Op& op) {
  return {op.input, op.output,  op.weights,      op.bias, op.x,
          op.y,     op.w_scale, op.w_zero_point, op.clamp};
}

class IntegerConvolutionKernel final : public Kernel {
 public:
  explicit IntegerConvolutionKernel(const Op& op)
      : op_(op), products_(NumbersOf(op)), depth_(static_cast<size_t>(op.weights.dims()[3])) {
    op_.weights = {};
    op_.bias = {};
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    INSITU_ASSIGN(geometry_, PlaneGeometry::Of(op_, inputs[0], outputs[0]));
    if (geometry_.out[3] != static_cast<int64_t>(products_.columns()) ||
        geometry_.in[3] != static_cast<int64_t>(depth_) * op_.groups)
      return Fail(ErrorCode::kShapeMismatch,
                  "a convolution between " + ToString(inputs[0]) + " and " + ToString(outputs[0]));
    return IntegerProducts::kRows * products_.padded_depth() * sizeof(int16_t);
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const Dims& out = geometry_.out;
    const Quantization q = InputQuantization(op_.x, op_.input, inputs);
    const int64_t pixels = out[0] * out[1] * out[2];
    const auto groups = static_cast<size_t>(op_.groups);
    const size_t columns = products_.columns(), of_group = columns / groups;
    const size_t y_bytes = ByteSize(op_.output, 1);
    auto* rows = Cast<int16_t>(scratch);
    std::fill_n(rows, IntegerProducts::kRows * products_.padded_depth(), int16_t{0});
    for (int64_t pixel = 0; pixel < pixels; pixel += IntegerProducts::kRows) {
      const auto count =
          static_cast<int>(std::min<int64_t>(IntegerProducts::kRows, pixels - pixel));
      for (size_t g = 0; g < groups; ++g) {
        for (int r = 0; r < count; ++r)
          Gather(inputs[0], pixel + r, g * depth_, q.zero_point,
                 rows + static_cast<size_t>(r) * products_.padded_depth());
        products_.Run(rows, count, g * of_group, (g + 1) * of_group, q.scale,
                      outputs[0] + static_cast<size_t>(pixel) * columns * y_bytes, columns);
      }
    }
    return {};
  }

  size_t packed_bytes() const override { return products_.packed_bytes(); }

 private:
  // The window of an output pixel, from channel `first` on.
  void Gather(const std::byte* x, int64_t pixel, size_t first, int32_t zero_point,
              int16_t* to) const {
    const Dims &in = geometry_.in, &out = geometry_.out;
    const int64_t column = pixel % out[2], row = pixel / out[2] % out[1];
    const std::byte* image = x + pixel / out[2] / out[1] * in[1] * in[2] * in[3];
    for (int64_t ky = 0; ky < op_.kernel[0]; ++ky) {
      const int64_t iy = row * op_.stride[0] - geometry_.pad[0] + ky * op_.dilation[0];
      for (int64_t kx = 0; kx < op_.kernel[1]; ++kx, to += depth_) {
        const int64_t ix = column * op_.stride[1] - geometry_.pad[1] + kx * op_.dilation[1];
        if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2])
          std::fill_n(to, depth_, int16_t{0});
        else
          Widen(image + (iy * in[2] + ix) * in[3] + first, op_.input, zero_point, depth_, to);
      }
    }
  }

  Op op_;
  IntegerProducts products_;
  size_t depth_;  // channels of a group
  PlaneGeometry geometry_;
};

}  // namespace

Considered ConsiderIntegerConvolution(const Op& op) {
  if (auto refusal = CheckNumbers(NumbersOf(op))) return std::unexpected(*std::move(refusal));
  return Offer{.cost = 6.0, .wants_channels_last = true};
}

Created CreateIntegerConvolution(const Op& op) {
  return std::make_unique<IntegerConvolutionKernel>(op);
}

}  // namespace insitu::kernels
