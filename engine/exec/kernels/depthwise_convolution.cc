// Quantized depthwise convolution in NHWC, for every zero point and any number of output channels
// per input channel:
//   acc = bias + sum of (x - zero_point_x) * (w - zero_point_w) in int32,
//   y = saturate(rint_half_even(float32(acc) * m) + zero_point_y), m as in ops/requantize.h.
// Sixteen output channels at a time, the input rows of one output row (of two, where the window
// moves by one) are interleaved (depthwise_scheme.h), what lies outside being the zero point. The
// zero point of the data is taken off at the start.
#include <algorithm>
#include <utility>

#include "exec/kernels/convolutions.h"
#include "exec/kernels/depthwise_scheme.h"
#include "exec/kernels/integer_products.h"
#include "exec/sizes.h"
#include "exec/thread_pool.h"

namespace insitu::kernels {
namespace {

using Op = lowered::Convolution;

constexpr size_t kChannels = kDepthwiseChannels, kColumnBytes = kDepthwiseColumnBytes;

template <class X, class Scheme>
class DepthwiseKernel final : public Kernel {
 public:
  DepthwiseKernel(const Op& op, const ThreadPool& pool, PackedWeights packed)
      : op_(op),
        pool_(pool),
        channels_(static_cast<size_t>(op.weights.dims()[0])),
        blocks_((channels_ + kChannels - 1) / kChannels),
        multiplier_(channels_ / static_cast<size_t>(op.groups)),
        lines_(op.stride[0] == 1 && op.dilation[0] == 1 ? 2 : 1),
        taps_(static_cast<size_t>(op.kernel[1])),
        groups_((static_cast<size_t>(op.kernel[0]) + lines_ - 1 + Scheme::kRows - 1) /
                Scheme::kRows),
        packed_(std::move(packed)) {
    op_.weights = {};
    op_.bias = {};
  }

  Status Pack(const Op& op) {
    const LinearNumbers n = NumbersOf(op);
    INSITU_ASSIGN(results_, LinearResults::Of(n, 1));
    INSITU_ASSIGN(weights_, packed_.Next(blocks_ * BlockBytes(),
                                         [&](std::byte* to) { PlaceWeights(n, to); }));
    INSITU_ASSIGN(starts_, packed_.Next(blocks_ * kChannels * sizeof(int32_t), [&](std::byte* to) {
      FindStarts(n, op.x->zero_point, Cast<int32_t>(to));
    }));
    return {};
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    INSITU_ASSIGN(geometry_, PlaneGeometry::Of(op_, inputs[0], outputs[0]));
    const Dims &in = geometry_.in, &out = geometry_.out;
    if (out[3] != static_cast<int64_t>(channels_) ||
        static_cast<size_t>(in[3]) * multiplier_ != channels_)
      return Fail(ErrorCode::kShapeMismatch, "a depthwise convolution of " +
                                                 std::to_string(channels_) + " channels of " +
                                                 ToString(inputs[0]));
    width_ = (out[2] - 1) * op_.stride[1] + (op_.kernel[1] - 1) * op_.dilation[1] + 1;
    if (ElementsUnchecked(out) == 0) width_ = 0;
    const uint64_t bytes = SizeProduct({groups_, static_cast<uint64_t>(width_), kColumnBytes});
    thread_bytes_ = AlignUp(static_cast<size_t>(bytes));
    return SizeProduct({pool_.threads(), bytes + kBufferAlignment});
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const Dims& out = geometry_.out;
    if (width_ == 0) return {};
    const auto lines = static_cast<int64_t>(lines_), steps = (out[1] + lines - 1) / lines;
    const uint64_t work = static_cast<uint64_t>(ElementsUnchecked(out) * op_.kernel[0]) * taps_;
    pool_.ForEach(static_cast<size_t>(out[0] * steps), work, [&](size_t index, size_t thread) {
      const auto at = static_cast<int64_t>(index);
      const int64_t image = at / steps, row = at % steps * lines;
      for (size_t block = 0; block < blocks_; ++block) {
        std::byte* data = scratch + thread * thread_bytes_;
        Interleave(inputs[0], image, row, block, data);
        const int64_t rows = std::min(lines, out[1] - row);
        std::byte* y = outputs[0] + (image * out[1] + row) * out[2] * out[3] +
                       static_cast<int64_t>(block * kChannels);
        if (rows == 2)
          RunRows<2>(data, block, y);
        else
          RunRows<1>(data, block, y);
      }
    });
    return {};
  }

  PackedWeights* packed() override { return &packed_; }

 private:
  size_t BlockBytes() const { return groups_ * taps_ * lines_ * kColumnBytes; }

  // Where in the packed weights that of a channel is which meets input row `row` of the group for
  // an output line.
  typename Scheme::Weight* WeightAt(std::byte* weights, size_t channel, size_t row, size_t tap,
                                    size_t line) const {
    std::byte* column = weights + channel / kChannels * BlockBytes() +
                        ((row / Scheme::kRows * taps_ + tap) * lines_ + line) * kColumnBytes;
    return Cast<typename Scheme::Weight>(column) + channel % kChannels * Scheme::kRows +
           row % Scheme::kRows;
  }

  void PlaceWeights(const LinearNumbers& n, std::byte* to) const {
    for (size_t c = 0; c < channels_; ++c) {
      const LinearNumbers::Column column = n.column(c);
      for (size_t tap = 0; tap < n.depth(); ++tap)
        for (size_t line = 0; line < lines_; ++line)
          *WeightAt(to, c, tap / taps_ + line, tap % taps_, line) =
              static_cast<typename Scheme::Weight>(column[tap]);
    }
  }

  void FindStarts(const LinearNumbers& n, int32_t zero_point, int32_t* starts) const {
    const auto zero = static_cast<uint32_t>(Scheme::ZeroPoint(zero_point));
    for (size_t c = 0; c < channels_; ++c) {
      const LinearNumbers::Column column = n.column(c);
      uint32_t sum = 0;
      for (size_t tap = 0; tap < n.depth(); ++tap) sum += static_cast<uint32_t>(column[tap]);
      const auto bias = n.bias.empty() ? 0u : static_cast<uint32_t>(n.bias.As<int32_t>()[c]);
      starts[c] = static_cast<int32_t>(bias - zero * sum);
    }
  }

  // The rows that output rows from `row` on need, sixteen channels of them: [groups][width].
  void Interleave(const std::byte* x, int64_t image, int64_t row, size_t block,
                  std::byte* to) const {
    const Dims& in = geometry_.in;
    alignas(16) std::byte outside[kChannels];
    std::fill_n(outside, kChannels, static_cast<std::byte>(op_.x->zero_point));
    // Columns before, inside and behind the image.
    const int64_t before = std::min(geometry_.pad[1], width_);
    const int64_t inside = std::clamp<int64_t>(width_ - before, 0, in[2]);
    for (size_t g = 0; g < groups_; ++g) {
      const std::byte *pixels[Scheme::kRows], *padding[Scheme::kRows];
      size_t steps[Scheme::kRows];
      for (size_t i = 0; i < Scheme::kRows; ++i) {
        const auto ky = static_cast<int64_t>(g * Scheme::kRows + i);
        const int64_t iy = row * op_.stride[0] - geometry_.pad[0] + ky * op_.dilation[0];
        padding[i] = pixels[i] = outside;
        steps[i] = 0;
        if (iy < 0 || iy >= in[1]) continue;
        pixels[i] = x + (image * in[1] + iy) * in[2] * in[3];
        steps[i] = static_cast<size_t>(in[3]);
      }
      const auto pad = [&](int64_t count) {
        for (; count > 0; --count, to += kColumnBytes) Scheme::Interleave(padding, to);
      };
      pad(before);
      to = InterleaveRow(pixels, steps, inside, block, to);
      pad(width_ - before - inside);
    }
  }

  // `count` pixels of the rows of a group. Rows outside do not step.
  std::byte* InterleaveRow(const std::byte* const* rows, const size_t* steps, int64_t count,
                           size_t block, std::byte* to) const {
    const std::byte* pixels[Scheme::kRows];
    if (multiplier_ == 1) {
      for (size_t i = 0; i < Scheme::kRows; ++i)
        pixels[i] = rows[i] + (steps[i] ? block * kChannels : 0);
      for (; count > 0; --count, to += kColumnBytes) {
        Scheme::Interleave(pixels, to);
        for (size_t i = 0; i < Scheme::kRows; ++i) pixels[i] += steps[i];
      }
      return to;
    }
    alignas(16) std::byte repeated[Scheme::kRows][kChannels];
    for (int64_t column = 0; column < count; ++column, to += kColumnBytes) {
      for (size_t i = 0; i < Scheme::kRows; ++i) {
        const std::byte* pixel = rows[i] + column * static_cast<int64_t>(steps[i]);
        pixels[i] = steps[i] ? Repeat(pixel, block, repeated[i]) : rows[i];
      }
      Scheme::Interleave(pixels, to);
    }
    return to;
  }

  // What the output channels of a block see of a pixel.
  const std::byte* Repeat(const std::byte* pixel, size_t block, std::byte* to) const {
    const size_t first = block * kChannels, count = std::min(kChannels, channels_ - first);
    for (size_t i = 0; i < count; ++i) to[i] = pixel[(first + i) / multiplier_];
    return to;
  }

  // One or two output rows, four channels at a time.
  template <size_t kLines>
  void RunRows(const std::byte* data, size_t block, std::byte* y) const {
    constexpr size_t kFour = FourSums::kCount, kFourBytes = kColumnBytes * kFour / kChannels;
    for (size_t four = 0; four < kChannels / kFour; ++four) {
      const size_t first = block * kChannels + four * kFour;
      if (first >= channels_) break;
      const Part part{
          .windows = {.data = data + four * kFourBytes,
                      .weights = weights_.data() + block * BlockBytes() + four * kFourBytes,
                      .weight_bytes = lines_ * kColumnBytes,
                      .groups = groups_,
                      .group_bytes = static_cast<size_t>(width_) * kColumnBytes,
                      .taps = taps_,
                      .tap_bytes = static_cast<size_t>(op_.dilation[1]) * kColumnBytes,
                      .output_bytes = static_cast<size_t>(op_.stride[1]) * kColumnBytes},
          .starts = Cast<int32_t>(starts_.data()) + first,
          .requantizer = results_.requantizer_from(first),
          .count = std::min(kFour, channels_ - first)};
      const bool plain = taps_ == 3 && op_.dilation[1] == 1 && kLines == lines_;
      if (plain && op_.stride[1] == 1)
        RunColumns<1, kLines>(part, y + four * kFour);
      else if (plain && op_.stride[1] == 2)
        RunColumns<2, kLines>(part, y + four * kFour);
      else
        RunColumns<0, kLines>(part, y + four * kFour);
    }
  }

  // Four channels: their windows, what sums begin with, what becomes of them, how many are real.
  struct Part {
    DepthwiseWindows windows;
    const int32_t* starts;
    EightRequantizer requantizer;
    size_t count;
  };

  template <size_t kStride, size_t kLines>
  void RunColumns(Part part, std::byte* y) const {
    constexpr size_t kOutputs = 8 / kLines;
    const auto columns = static_cast<size_t>(geometry_.out[2]);
    const std::byte* data = part.windows.data;
    const auto run = [&]<size_t kCount>(size_t column) __attribute__((always_inline)) {
      part.windows.data = data + column * part.windows.output_bytes;
      RunTile<kStride, kLines, kCount>(part, y + column * channels_);
    };
    size_t column = 0;
    for (; column + kOutputs <= columns; column += kOutputs)
      run.template operator()<kOutputs>(column);
    for (; column < columns; ++column) run.template operator()<1>(column);
  }

  template <size_t kStride, size_t kLines, size_t kOutputs>
  [[gnu::always_inline]] void RunTile(const Part& part, std::byte* y) const {
    DepthwiseSums<kLines, kOutputs> sums;
    SumWindows<Scheme, kStride, kLines, kOutputs>(part.windows, part.starts, sums);
    std::byte* to[kLines * kOutputs];
    const size_t row = static_cast<size_t>(geometry_.out[2]) * channels_;
#pragma unroll
    for (size_t i = 0; i < kLines * kOutputs; ++i)
      to[i] = y + i / kOutputs * row + i % kOutputs * channels_;
    if constexpr (kLines * kOutputs % 4 == 0) {
      if (part.count == FourSums::kCount) {
        part.requantizer.Store(sums, to);
        return;
      }
    }
#pragma unroll
    for (size_t i = 0; i < kLines * kOutputs; ++i) {
      std::byte bytes[FourSums::kCount];
      part.requantizer.template Store<1>({sums[i]}, {bytes});
      std::copy_n(bytes, part.count, to[i]);
    }
  }

  Op op_;
  const ThreadPool& pool_;
  size_t channels_, blocks_, multiplier_;
  size_t lines_, taps_, groups_;  // output rows at once, taps along a row, groups of input rows
  PackedWeights packed_;
  PackedWeights::Piece weights_;  // as WeightAt says
  PackedWeights::Piece starts_;   // int32 [blocks, 16]
  LinearResults results_;
  PlaneGeometry geometry_;
  int64_t width_ = 0;  // input columns that the outputs of a row need
  size_t thread_bytes_ = 0;
};

template <class X, class Scheme>
Created CreateAs(const Op& op, const ThreadPool& pool, PackedWeights packed) {
  auto kernel = std::make_unique<DepthwiseKernel<X, Scheme>>(op, pool, std::move(packed));
  INSITU_TRY(kernel->Pack(op));
  return kernel;
}

template <class X>
Created CreateOf(const Op& op, const ThreadPool& pool, PackedWeights packed) {
  INSITU_ASSIGN(const bool quads, packed.Number([&] {
    return QuadDot().fast && QuadDot().exact && HasByteWeights(NumbersOf(op));
  }));
  if (quads) return CreateAs<X, QuadScheme<X>>(op, pool, std::move(packed));
  return CreateAs<X, WideScheme<X>>(op, pool, std::move(packed));
}

}  // namespace

Considered ConsiderDepthwise(const Op& op) {
  if (op.weights.dims()[3] != 1) return Refuse("only depthwise convolutions");
  if (!op.x || !IsByte(op.output)) return Refuse("only quantized results of known quantization");
  if (auto refusal = CheckNumbers(NumbersOf(op))) return std::unexpected(*std::move(refusal));
  constexpr int64_t kBytesOfTap = 8;  // of a channel, at most
  if (PackedBytes(1, op.weights.dims()[0], op.kernel[0] * op.kernel[1], kBytesOfTap) >
      kMostPackedBytes)
    return Refuse(kTooLargeToPack);
  return Offer{.cost = kLinearCost, .wants_channels_last = true};
}

Created CreateDepthwise(const Op& op, const ThreadPool& pool, PackedWeights packed) {
  return op.input == DType::kInt8 ? CreateOf<int8_t>(op, pool, std::move(packed))
                                  : CreateOf<uint8_t>(op, pool, std::move(packed));
}

}  // namespace insitu::kernels
