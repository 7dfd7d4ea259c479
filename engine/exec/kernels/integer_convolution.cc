// Convolutions in NHWC of 8-bit data and constant 8-bit weights: the window of an output pixel
// becomes a row of products. What lies in the padding is the zero point and adds nothing. A window
// of one pixel that moves by one is a row as it lies.
#include <algorithm>

#include "exec/kernels/convolutions.h"
#include "exec/kernels/linear_runner.h"
#include "exec/sizes.h"

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

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
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
    const auto gather = [&](size_t first, size_t count, size_t group, std::byte* to) {
      GatherRows(inputs[0] + group * depth_, static_cast<int64_t>(first), count, q.zero_point, to);
    };
    runner_.Run(q, inputs[0], outputs[0], scratch, gather);
    return {};
  }

  PackedWeights* packed() override { return runner_.packed(); }

 private:
  // The windows of `count` output pixels from `pixel` on, each a row; x is the first image's first
  // channel of the group. Those of an output row that lie within the image are converted at once.
  void GatherRows(const std::byte* x, int64_t pixel, size_t count, int32_t zero_point,
                  std::byte* to) const {
    const Dims &in = geometry_.in, &out = geometry_.out;
    const int64_t image_bytes = in[1] * in[2] * in[3];
    int64_t column = pixel % out[2], row = pixel / out[2] % out[1];
    x += pixel / out[2] / out[1] * image_bytes;
    for (auto left = static_cast<int64_t>(count); left > 0;) {
      const int64_t inside = std::min(left, WindowsInside(row, column));
      if (inside > 0)
        GatherInside(x, row, column, inside, zero_point, to);
      else
        GatherAtEdge(x, row, column, zero_point, to);
      const int64_t done = std::max<int64_t>(inside, 1);
      to += static_cast<size_t>(done) * runner_.products().row_bytes();
      left -= done;
      column += done;
      if (column < out[2]) continue;
      column = 0;
      if (++row < out[1]) continue;
      row = 0;
      x += image_bytes;
    }
  }

  // Input coordinates of a window's first tap.
  int64_t Top(int64_t row) const { return row * op_.stride[0] - geometry_.pad[0]; }
  int64_t Left(int64_t column) const { return column * op_.stride[1] - geometry_.pad[1]; }
  // Of a group with channels of its own, or of taps with gaps, each tap is a piece.
  bool HasWholeRows() const { return op_.groups == 1 && op_.dilation[1] == 1; }

  // How many windows from this one on in an output row lie within the image and in whole rows.
  int64_t WindowsInside(int64_t row, int64_t column) const {
    const Dims &in = geometry_.in, &out = geometry_.out;
    const int64_t bottom = Top(row) + (op_.kernel[0] - 1) * op_.dilation[0];
    if (!HasWholeRows() || Top(row) < 0 || bottom >= in[1] || Left(column) < 0) return 0;
    const int64_t last = in[2] - op_.kernel[1] + geometry_.pad[1];  // of the left edges, padded
    const int64_t end = last < 0 ? 0 : last / op_.stride[1] + 1;
    return std::max<int64_t>(std::min(end, out[2]) - column, 0);
  }

  void GatherInside(const std::byte* image, int64_t row, int64_t column, int64_t windows,
                    int32_t zero_point, std::byte* to) const {
    const int64_t pixel = geometry_.in[3], line = geometry_.in[2] * pixel;
    runner_.products().Convert(image + Top(row) * line + Left(column) * pixel,
                               {.windows = static_cast<size_t>(windows),
                                .window_step = static_cast<size_t>(op_.stride[1] * pixel),
                                .pieces = static_cast<size_t>(op_.kernel[0]),
                                .piece_step = static_cast<size_t>(op_.dilation[0] * line),
                                .elements = static_cast<size_t>(op_.kernel[1]) * depth_},
                               zero_point, to);
  }

  // One window, tap by tap, or as many taps as lie in one piece.
  void GatherAtEdge(const std::byte* image, int64_t row, int64_t column, int32_t zero_point,
                    std::byte* to) const {
    const IntegerProducts& products = runner_.products();
    const Dims& in = geometry_.in;
    const size_t tap_bytes = depth_ * products.element_bytes();
    for (int64_t ky = 0; ky < op_.kernel[0]; ++ky) {
      const int64_t iy = Top(row) + ky * op_.dilation[0];
      const std::byte* line = image + iy * in[2] * in[3];
      for (int64_t kx = 0; kx < op_.kernel[1];) {
        const int64_t ix = Left(column) + kx * op_.dilation[1];
        int64_t taps = 1;
        if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) {
          products.Pad(depth_, zero_point, to);
        } else {
          if (HasWholeRows()) taps = std::min(op_.kernel[1] - kx, in[2] - ix);
          products.Convert(line + ix * in[3], {.elements = static_cast<size_t>(taps) * depth_},
                           zero_point, to);
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
  const Dims& w = op.weights.dims();
  if (PackedBytes(op.groups, w[0] / op.groups, w[1] * w[2] * w[3], sizeof(int16_t)) >
      kMostPackedBytes)
    return Refuse(kTooLargeToPack);
  return Offer{.cost = kLinearCost, .wants_channels_last = true};
}

Created CreateIntegerConvolution(const Op& op, const ThreadPool& pool, PackedWeights packed) {
  INSITU_ASSIGN(auto products, IntegerProducts::Pack(NumbersOf(op), static_cast<size_t>(op.groups),
                                                     std::move(packed)));
  return std::make_unique<IntegerConvolutionKernel>(op, std::move(products), pool);
}

}  // namespace insitu::kernels
