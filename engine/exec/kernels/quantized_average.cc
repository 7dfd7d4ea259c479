// Averages of 8-bit integers in NHWC, global and over windows, with the formula of
// ops/quantized_mean.h: exact int32 sums of x - zero_point_x, then one factor, rounded half to
// even. Channels are innermost: one pass of additions per element of the window.
#include <algorithm>

#include "exec/kernels/kernels.h"
#include "ops/quantized_mean.h"

namespace insitu::kernels {
namespace {

using lowered::PoolKind;
using Op = lowered::Pool;

// The part of one window along one dimension.
struct Span {
  int64_t first = 0, taps = 0;  // inside the input
};

struct Axis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;

  Span At(int64_t position) const {
    Span span;
    const int64_t start = position * stride - pad_begin;
    for (int64_t tap = 0; tap < kernel; ++tap) {
      const int64_t at = start + tap * dilation;
      if (at < 0 || at >= in) continue;
      if (span.taps++ == 0) span.first = at;
    }
    return span;
  }
};

template <class T>
class QuantizedAverageKernel final : public Kernel {
 public:
  explicit QuantizedAverageKernel(const Op& op) : op_(op), range_(RangeOf<T>(op.clamp)) {}

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const Dims& in = inputs[0];
    const Dims& out = outputs[0];
    const size_t rank = in.size();
    if (rank < 3 || out.size() != rank || in[0] != out[0] || in.back() != out.back())
      return Fail(ErrorCode::kShapeMismatch,
                  "an average of " + ToString(in) + " cannot give " + ToString(out));
    batch_ = in[0];
    channels_ = in.back();
    axes_[0] = axes_[1] = {};
    if (op_.kind == PoolKind::kGlobalAverage) {
      axes_[1].in = axes_[1].kernel = ElementsUnchecked(std::span(in).subspan(1, rank - 2));
    } else {
      for (size_t i = rank == 3 ? 1 : 0; i < 2; ++i)
        axes_[i] = WindowAxis(i, in[rank - 3 + i], out[rank - 3 + i]);
    }
    return static_cast<size_t>(channels_) * sizeof(int32_t);
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const T* x = Cast<T>(inputs[0]);
    T* y = Cast<T>(outputs[0]);
    auto* sums = Cast<int32_t>(scratch);
    // Locals, because a store to y might change members as far as the compiler knows.
    const Quantization from = *op_.x, to = *op_.y;
    const QuantizedRange range = range_;
    const int64_t channels = channels_;
    for (int64_t n = 0; n < batch_; ++n) {
      for (int64_t row = 0; row < axes_[0].out; ++row) {
        const Span rows = axes_[0].At(row);
        for (int64_t column = 0; column < axes_[1].out; ++column) {
          const Span columns = axes_[1].At(column);
          Sum(x, rows, columns, sums);
          const int64_t count =
              op_.count_include_pad ? axes_[0].kernel * axes_[1].kernel : rows.taps * columns.taps;
          for (int64_t c = 0; c < channels; ++c)
            y[c] = static_cast<T>(QuantizedMean(sums[c], count, from, to, range));
          y += channels_;
        }
      }
      x += axes_[0].in * axes_[1].in * channels_;
    }
    return {};
  }

 private:
  Axis WindowAxis(size_t i, int64_t in, int64_t out) const {
    Axis axis{
        in, out, op_.kernel[i], op_.stride[i], op_.dilation[i], op_.pad_begin[i], op_.pad_end[i]};
    if (op_.auto_pad_same_upper || op_.auto_pad_same_lower) {
      const int64_t reach = (axis.kernel - 1) * axis.dilation + 1;
      const int64_t total = std::max<int64_t>(0, (out - 1) * axis.stride + reach - in);
      axis.pad_begin = op_.auto_pad_same_upper ? total / 2 : total - total / 2;
      axis.pad_end = total - axis.pad_begin;
    }
    return axis;
  }

  void Sum(const T* x, const Span& rows, const Span& columns, int32_t* sums) const {
    const int32_t zero_point = op_.x->zero_point;
    std::fill_n(sums, channels_, 0);
    for (int64_t r = 0; r < rows.taps; ++r) {
      const int64_t row = rows.first + r * axes_[0].dilation;
      for (int64_t k = 0; k < columns.taps; ++k) {
        const int64_t column = columns.first + k * axes_[1].dilation;
        const T* pixel = x + (row * axes_[1].in + column) * channels_;
        for (int64_t c = 0; c < channels_; ++c)
          sums[c] = WrappingAdd(sums[c], static_cast<int32_t>(pixel[c]) - zero_point);
      }
    }
  }

  Op op_;
  QuantizedRange range_;
  int64_t batch_ = 0, channels_ = 0;
  Axis axes_[2];
};

}  // namespace

Considered Consider(const Op& op) {
  if (op.kind != PoolKind::kAverage && op.kind != PoolKind::kGlobalAverage)
    return Refuse("only averages");
  if (!IsByte(op.dtype) || !op.x || !op.y) return Refuse("only quantized 8-bit integers");
  if (op.kind == PoolKind::kAverage) {
    for (int i = 0; i < 2; ++i) {
      if (op.kernel[i] < 1 || op.stride[i] < 1 || op.dilation[i] < 1 || op.pad_begin[i] < 0 ||
          op.pad_end[i] < 0)
        return Refuse("a window of strange extent");
    }
  }
  return Offer{.cost = 2.0, .wants_channels_last = true};
}

Created Create(const Op& op, const ThreadPool&, PackedWeights) {
  if (op.dtype == DType::kInt8) return std::make_unique<QuantizedAverageKernel<int8_t>>(op);
  return std::make_unique<QuantizedAverageKernel<uint8_t>>(op);
}

}  // namespace insitu::kernels
