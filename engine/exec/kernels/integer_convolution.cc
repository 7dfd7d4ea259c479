// Convolutions in NHWC of 8-bit data and constant 8-bit weights: the window of an output pixel
// becomes a row of products. What lies in the padding is the zero point and adds nothing. A window
// of one pixel that moves by one is a row as it lies.
#include <algorithm>

#include "exec/kernels/convolutions.h"
#include "exec/kernels/linear_runner.h"

namespace insitu::kernels {
namespace {

using Op = lowered::Convolution;

bool IsPointwise(const Op& op) {
  return op.kernel[0] == 1 && op.kernel[1] == 1 && op.stride[0] == 1 && op.stride[1] == 1 &&
         op.groups == 1;
}

class IntegerConvolutionKernel final : public Kernel {
 public:
  IntegerConvolutionKernel(const Op& op, std::unique_ptr<IntegerProducts> products,
                           const ThreadPool& pool)
      : op_(op),
        runner_(std::move(products), static_cast<size_t>(op.groups), pool),
        depth_(static_cast<size_t>(op.weights.dims()[3])) {
    op_.weights = {};
    op_.bias = {};
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    INSITU_ASSIGN(geometry_, PlaneGeometry::Of(op_, inputs[0], outputs[0]));
    const Dims &in = geometry_.in, &out = geometry_.out;
    if (out[3] != static_cast<int64_t>(runner_.products().columns()) ||
        in[3] != static_cast<int64_t>(depth_) * op_.groups)
      return Fail(ErrorCode::kShapeMismatch,
                  "a convolution between " + ToString(inputs[0]) + " and " + ToString(outputs[0]));
    const bool in_place = IsPointwise(op_) && runner_.products().TakesDataAsItIs() &&
                          in[1] == out[1] && in[2] == out[2] && geometry_.pad[0] == 0 &&
                          geometry_.pad[1] == 0;
    return runner_.Reshape(static_cast<size_t>(out[0] * out[1] * out[2]), in_place);
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const Quantization q = InputQuantization(op_.x, op_.input, inputs);
    runner_.Run(q, inputs[0], outputs[0], scratch, [&](size_t row, size_t group, std::byte* to) {
      Gather(inputs[0], static_cast<int64_t>(row), group * depth_, q.zero_point, to);
    });
    return {};
  }

  size_t packed_bytes() const override { return runner_.products().packed_bytes(); }

 private:
  // The window of an output pixel, from channel `first` on.
  void Gather(const std::byte* x, int64_t pixel, size_t first, int32_t zero_point,
              std::byte* to) const {
    const IntegerProducts& products = runner_.products();
    const Dims &in = geometry_.in, &out = geometry_.out;
    const int64_t column = pixel % out[2], row = pixel / out[2] % out[1];
    const std::byte* image = x + pixel / out[2] / out[1] * in[1] * in[2] * in[3] + first;
    const int64_t left = column * op_.stride[1] - geometry_.pad[1];
    const size_t tap_bytes = depth_ * products.element_bytes();
    // Neighbouring taps that lie in one piece are converted at once.
    const bool joined = op_.groups == 1 && op_.dilation[1] == 1;
    for (int64_t ky = 0; ky < op_.kernel[0]; ++ky) {
      const int64_t iy = row * op_.stride[0] - geometry_.pad[0] + ky * op_.dilation[0];
      const std::byte* line = image + iy * in[2] * in[3];
      if (iy < 0 || iy >= in[1]) {
        const auto taps = static_cast<size_t>(op_.kernel[1]);
        products.Pad(taps * depth_, zero_point, to);
        to += taps * tap_bytes;
        continue;
      }
      for (int64_t kx = 0; kx < op_.kernel[1];) {
        const int64_t ix = left + kx * op_.dilation[1];
        int64_t taps = 1;
        if (ix < 0 || ix >= in[2]) {
          products.Pad(depth_, zero_point, to);
        } else {
          if (joined) taps = std::min(op_.kernel[1] - kx, in[2] - ix);
          products.Convert(line + ix * in[3], static_cast<size_t>(taps) * depth_, zero_point, to);
        }
        kx += taps;
        to += static_cast<size_t>(taps) * tap_bytes;
      }
    }
  }

  Op op_;
  LinearRunner runner_;
  size_t depth_;  // channels of a group
  PlaneGeometry geometry_;
};

}  // namespace

Considered ConsiderIntegerConvolution(const Op& op) {
  if (auto refusal = CheckNumbers(NumbersOf(op))) return std::unexpected(*std::move(refusal));
  return Offer{.cost = kLinearCost, .wants_channels_last = true};
}

Created CreateIntegerConvolution(const Op& op, const ThreadPool& pool) {
  INSITU_ASSIGN(auto products,
                IntegerProducts::Pack(NumbersOf(op), static_cast<size_t>(op.groups)));
  return std::make_unique<IntegerConvolutionKernel>(op, std::move(products), pool);
}

}  // namespace insitu::kernels
