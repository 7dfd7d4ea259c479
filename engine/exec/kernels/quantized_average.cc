// Averages of 8-bit integers in NHWC, global and over windows, with the formula of
// ops/quantized_mean.h: exact int32 sums of x - zero_point_x, then one factor, rounded half to
// even. Channels are innermost: a window is summed for a block of them at a time, in 16 bits for
// as many elements as cannot overflow.
#include <algorithm>

#include "exec/kernels/kernels.h"
#include "exec/kernels/simd_requantize.h"
#include "exec/thread_pool.h"
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

// The elements of one channel that an average is of, steps in elements of x.
struct Window {
  int64_t rows = 0, columns = 0, row_step = 0, column_step = 0;
};

constexpr int64_t kMostTaps = 128;  // of 255 at most, whose sum fits 16 bits

// Adds the sums of kChannels channels, the first of which begin at x, of kMostTaps elements at
// most.
template <size_t kChannels, class T>
[[gnu::always_inline]] inline void AddFew(const T* x, const Window& window,
                                          int32_t (&sums)[kChannels]) {
  int16_t few[kChannels] = {};
  for (int64_t r = 0; r < window.rows; ++r) {
    const T* pixel = x + r * window.row_step;
    for (int64_t k = 0; k < window.columns; ++k, pixel += window.column_step)
      for (size_t c = 0; c < kChannels; ++c) few[c] = static_cast<int16_t>(few[c] + pixel[c]);
  }
  for (size_t c = 0; c < kChannels; ++c) sums[c] = WrappingAdd(sums[c], few[c]);
}

template <size_t kChannels, class T>
[[gnu::always_inline]] inline void SumWindow(const T* x, const Window& window,
                                             int32_t (&sums)[kChannels]) {
  std::fill_n(sums, kChannels, 0);
  if (window.rows * window.columns <= kMostTaps) return AddFew(x, window, sums);
  for (int64_t r = 0; r < window.rows; ++r) {
    for (int64_t k = 0; k < window.columns; k += kMostTaps) {
      const Window part{1, std::min(kMostTaps, window.columns - k), 0, window.column_step};
      AddFew(x + r * window.row_step + k * window.column_step, part, sums);
    }
  }
}

template <class T>
class QuantizedAverageKernel final : public Kernel {
 public:
  QuantizedAverageKernel(const Op& op, const ThreadPool& pool) : op_(op), pool_(pool) {
    to_.bounded = op.x->scale < op.y->scale * kMostRatio;
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
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
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    const T* x = Cast<T>(inputs[0]);
    T* y = Cast<T>(outputs[0]);
    const int64_t rows = axes_[0].out, of_row = axes_[1].out * channels_;
    const int64_t taps = axes_[0].kernel * axes_[1].kernel;
    pool_.ForEach(static_cast<size_t>(batch_ * rows),
                  static_cast<uint64_t>(batch_ * rows * of_row * taps) / kAdditionsOfWork,
                  [&](size_t task, size_t) {
                    const auto index = static_cast<int64_t>(task);
                    const T* image = x + index / rows * axes_[0].in * axes_[1].in * channels_;
                    RunRow(image, index % rows, y + index * of_row);
                  });
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

  void RunRow(const T* image, int64_t row, T* y) const {
    const Span rows = axes_[0].At(row);
    float factors[kEight];
    EightRequantizer requantizer;
    int64_t prepared_for = -1;
    for (int64_t column = 0; column < axes_[1].out; ++column, y += channels_) {
      const Span columns = axes_[1].At(column);
      const T* first = image + (rows.first * axes_[1].in + columns.first) * channels_;
      const Window window{rows.taps, columns.taps, axes_[0].dilation * axes_[1].in * channels_,
                          axes_[1].dilation * channels_};
      const int64_t count =
          op_.count_include_pad ? axes_[0].kernel * axes_[1].kernel : rows.taps * columns.taps;
      if (count != prepared_for) {
        std::fill_n(factors, kEight, QuantizedMeanFactor(count, *op_.x, *op_.y));
        requantizer = EightRequantizer(factors, to_);
        prepared_for = count;
      }
      int64_t c = 0;
      for (; c + kWide <= channels_; c += kWide)
        RunChannels<kWide>(first + c, window, requantizer, y + c);
      for (; c + kEight <= channels_; c += kEight)
        RunChannels<kEight>(first + c, window, requantizer, y + c);
      for (; c < channels_; ++c) {
        int32_t sum[1];
        SumWindow(first + c, window, sum);
        y[c] = static_cast<T>(RoundToRange(static_cast<float>(Centred(sum[0], window)) * factors[0],
                                           to_.zero_point, to_.range));
      }
    }
  }

  template <size_t kChannels>
  [[gnu::always_inline]] void RunChannels(const T* x, const Window& window,
                                          const EightRequantizer& requantizer, T* y) const {
    int32_t sums[kChannels];
    SumWindow(x, window, sums);
    for (int32_t& sum : sums) sum = Centred(sum, window);
    constexpr size_t kRows = kChannels / kEight;  // all with one factor
    EightSums rows[kRows];
    std::byte* to[kRows];
    for (size_t r = 0; r < kRows; ++r) {
      rows[r].Load(sums + r * kEight);
      to[r] = reinterpret_cast<std::byte*>(y + r * kEight);
    }
    requantizer.Store(rows, to);
  }

  int32_t Centred(int32_t sum, const Window& window) const {
    return WrappingAdd(sum,
                       static_cast<int32_t>(-window.rows * window.columns * op_.x->zero_point));
  }

  static constexpr int64_t kEight = EightSums::kCount, kWide = 8 * kEight;
  // Of scales, up to which a mean is within 2^21 steps.
  static constexpr float kMostRatio = 8192.0f;
  static constexpr int64_t kAdditionsOfWork = 8;  // take as long as a multiplication

  Op op_;
  const ThreadPool& pool_;
  Requantizer to_{*op_.y, op_.dtype, op_.clamp};
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

Created Create(const Op& op, const ThreadPool& pool, PackedWeights) {
  if (op.dtype == DType::kInt8) return std::make_unique<QuantizedAverageKernel<int8_t>>(op, pool);
  return std::make_unique<QuantizedAverageKernel<uint8_t>>(op, pool);
}

}  // namespace insitu::kernels
