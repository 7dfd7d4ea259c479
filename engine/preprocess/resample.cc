// Weights of one axis, and the two passes over them.
#include "preprocess/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

namespace insitu {
namespace {

constexpr int kFractionBits = 32 - 8 - 2;
constexpr int32_t kHalf = 1 << (kFractionBits - 1);
constexpr double kMaxTaps = 1 << 22;  // of all pixels of an axis together

// A pixel, and four of them, widened: what SIMD takes at once.
using OneBytes = uint8_t __attribute__((vector_size(4)));
using OneSums = int32_t __attribute__((vector_size(16)));
using FourBytes = uint8_t __attribute__((vector_size(16)));
using FourSums = int32_t __attribute__((vector_size(64)));

double Reach(ResampleFilter filter) {
  switch (filter) {
    case ResampleFilter::kArea:
      return 0.5;
    case ResampleFilter::kBilinear:
      return 1;
    default:
      return 2;
  }
}

double Weight(ResampleFilter filter, double x) {
  if (filter == ResampleFilter::kArea) return x > -0.5 && x <= 0.5 ? 1 : 0;
  x = std::abs(x);
  if (filter == ResampleFilter::kBilinear) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

// For each pixel of the result the weights of `count` pixels of the source from `first` on.
struct Axis {
  struct Taps {
    size_t first = 0, count = 0;
  };
  size_t most = 0;  // taps of a pixel; where the weights of the next begin
  std::vector<Taps> taps;
  std::vector<int32_t> weights;

  std::span<const int32_t> WeightsOf(size_t i) const { return {&weights[i * most], taps[i].count}; }
};

// Pixels [from, from + count) of `scaled` made of `size`.
Result<Axis> MakeAxis(int64_t size, int64_t scaled, int64_t from, int64_t count,
                      ResampleFilter filter) {
  const double scale = static_cast<double>(size) / static_cast<double>(scaled);
  const double widened = std::max(scale, 1.0), reach = Reach(filter) * widened;
  const double most = std::ceil(reach) * 2 + 1;
  if (most * static_cast<double>(count) > kMaxTaps)
    return Fail(
        ErrorCode::kLimitExceeded,
        "an image side of " + std::to_string(size) + " pixels is made " + std::to_string(scaled),
        "Scale it in steps, or pass a smaller image.");
  Axis axis;
  axis.most = static_cast<size_t>(most);
  axis.taps.resize(static_cast<size_t>(count));
  axis.weights.resize(axis.taps.size() * axis.most);
  std::vector<double> exact(axis.most);
  for (size_t i = 0; i < axis.taps.size(); ++i) {
    const double centre = (static_cast<double>(from) + static_cast<double>(i) + 0.5) * scale;
    const double first = std::max(std::trunc(centre - reach + 0.5), 0.0);
    const double end = std::min(std::trunc(centre + reach + 0.5), static_cast<double>(size));
    const auto taps = static_cast<size_t>(end - first);
    double sum = 0;
    for (size_t tap = 0; tap < taps; ++tap) {
      exact[tap] = Weight(filter, (static_cast<double>(tap) + first - centre + 0.5) / widened);
      sum += exact[tap];
    }
    axis.taps[i] = {static_cast<size_t>(first), taps};
    for (size_t tap = 0; tap < taps; ++tap) {
      const double share = sum != 0 ? exact[tap] / sum : exact[tap];
      axis.weights[i * axis.most + tap] =
          static_cast<int32_t>(std::copysign(0.5, share) + share * (1 << kFractionBits));
    }
  }
  return axis;
}

// Rounds what has kHalf in it already, in place: vectors this wide are no arguments.
template <class Sums>
void Round(Sums& sums) {
  sums >>= kFractionBits;
  sums = sums < 0 ? Sums{} : sums;
  sums = sums > 255 ? Sums{} + 255 : sums;
}

#ifdef __wasm_simd128__

// The weights of an axis two by two, as many for every pixel, so that no branch depends on the
// pixel; in halves of 16 bits, so that one instruction multiplies two pixels and adds:
// weight = high * 2^kLowBits + low. What is too much has the weight 0 and lies inside the row.
class RowScaler {
 public:
  RowScaler(const Axis& axis, int64_t row_pixels)
      : count_(axis.taps.size()), row_bytes_(static_cast<size_t>(row_pixels) * 4) {
    for (const Axis::Taps& taps : axis.taps) most_ = std::max(most_, (taps.count + 1) / 2);
    const size_t read = most_ * 2, pixels = static_cast<size_t>(row_pixels);
    if (read > pixels) padded_.resize(read * 8);
    first_.resize(count_);
    pairs_.resize(count_ * most_);
    for (size_t i = 0; i < count_; ++i) {
      const std::span<const int32_t> weights = axis.WeightsOf(i);
      const size_t first =
          read > pixels ? axis.taps[i].first : std::min(axis.taps[i].first, pixels - read);
      first_[i] = static_cast<uint32_t>(first * 4);
      for (size_t tap = 0; tap < weights.size(); ++tap) {
        const size_t at = axis.taps[i].first - first + tap;
        Pair& pair = pairs_[i * most_ + at / 2];
        pair.high[at % 2] = static_cast<int16_t>(weights[tap] >> kLowBits);
        pair.low[at % 2] = static_cast<int16_t>(weights[tap] & ((1 << kLowBits) - 1));
      }
    }
  }

  // Rows of the source that lie behind each other, to rows that do.
  void operator()(const std::byte* source, size_t rows, std::byte* to) {
    const size_t stride = count_ * 4;
    if (!padded_.empty()) {
      for (size_t row = 0; row < rows; ++row) {
        std::memcpy(padded_.data(), source + row * row_bytes_, row_bytes_);
        Scale<1>(padded_.data(), to + row * stride);
      }
      return;
    }
    size_t row = 0;
    for (; row + 2 <= rows; row += 2) Scale<2>(source + row * row_bytes_, to + row * stride);
    if (row < rows) Scale<1>(source + row * row_bytes_, to + row * stride);
  }

 private:
  static constexpr int kLowBits = 11;
  struct Pair {
    int16_t high[2], low[2];
  };

  // The bytes of two pixels, channel by channel, in 16 bits each.
  static v128_t LoadPair(const std::byte* pixels) {
    const v128_t words = wasm_u16x8_load8x8(pixels);
    return wasm_i16x8_shuffle(words, words, 0, 4, 1, 5, 2, 6, 3, 7);
  }

  template <size_t kRows>
  void Scale(const std::byte* source, std::byte* to) const {
    switch (most_) {
      case 1:
        return Scale<kRows, 1>(source, to);
      case 2:
        return Scale<kRows, 2>(source, to);
      case 3:
        return Scale<kRows, 3>(source, to);
      case 4:
        return Scale<kRows, 4>(source, to);
      default:
        return Scale<kRows, 0>(source, to);
    }
  }

  // kPairs for each pixel, 0 for any number: loops of a few turns cost more than what is in them.
  template <size_t kRows, size_t kPairs>
  void Scale(const std::byte* source, std::byte* to) const {
    const size_t pairs = kPairs > 0 ? kPairs : most_, count = count_, row_bytes = row_bytes_;
    const uint32_t* const first = first_.data();
    const Pair* pair = pairs_.data();
    for (size_t i = 0; i < count; ++i) {
      const std::byte* from = source + first[i];
      v128_t high[kRows], low[kRows];
      for (size_t row = 0; row < kRows; ++row) {
        high[row] = wasm_i32x4_const_splat(0);
        low[row] = wasm_i32x4_const_splat(kHalf);
      }
      for (size_t done = 0; done < pairs; ++done, ++pair, from += 8) {
        const v128_t high_weights = wasm_v128_load32_splat(pair->high);
        const v128_t low_weights = wasm_v128_load32_splat(pair->low);
        for (size_t row = 0; row < kRows; ++row) {
          const v128_t both = LoadPair(from + row * row_bytes);
          high[row] = wasm_i32x4_add(high[row], wasm_i32x4_dot_i16x8(both, high_weights));
          low[row] = wasm_i32x4_add(low[row], wasm_i32x4_dot_i16x8(both, low_weights));
        }
      }
      for (size_t row = 0; row < kRows; ++row) {
        const v128_t sum = wasm_i32x4_add(wasm_i32x4_shl(high[row], kLowBits), low[row]);
        const v128_t words = wasm_i32x4_shr(sum, kFractionBits);
        const v128_t halves = wasm_i16x8_narrow_i32x4(words, words);
        wasm_v128_store32_lane(to + (row * count + i) * 4, wasm_u8x16_narrow_i16x8(halves, halves),
                               0);
      }
    }
  }

  size_t count_, row_bytes_, most_ = 0;
  std::vector<uint32_t> first_;  // byte of the row
  std::vector<Pair> pairs_;      // most_ for each pixel
  std::vector<std::byte> padded_;
};

#else

class RowScaler {
 public:
  RowScaler(const Axis& axis, int64_t row_pixels)
      : axis_(axis), row_bytes_(static_cast<size_t>(row_pixels) * 4) {}

  // Rows of the source that lie behind each other, to rows that do.
  void operator()(const std::byte* source, size_t rows, std::byte* to) const {
    for (size_t row = 0; row < rows; ++row, source += row_bytes_, to += axis_.taps.size() * 4)
      Scale(source, to);
  }

 private:
  void Scale(const std::byte* source, std::byte* to) const {
    for (size_t i = 0; i < axis_.taps.size(); ++i, to += 4) {
      const std::byte* from = source + axis_.taps[i].first * 4;
      OneSums sums{kHalf, kHalf, kHalf, kHalf};
      for (const int32_t weight : axis_.WeightsOf(i)) {
        OneBytes pixel;
        std::memcpy(&pixel, from, 4);
        sums += __builtin_convertvector(pixel, OneSums) * weight;
        from += 4;
      }
      Round(sums);
      const OneBytes pixel = __builtin_convertvector(sums, OneBytes);
      std::memcpy(to, &pixel, 4);
    }
  }

  const Axis& axis_;
  size_t row_bytes_;
};

#endif

// Sums bytes [at, at + size of a vector) of rows that lie `stride` bytes apart.
template <class Bytes, class Sums>
void ScaleColumn(const std::byte* from, size_t stride, std::span<const int32_t> weights,
                 std::byte* to) {
  Sums sums = Sums{} + kHalf;
  for (const int32_t weight : weights) {
    Bytes bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    sums += __builtin_convertvector(bytes, Sums) * weight;
    from += stride;
  }
  Round(sums);
  const Bytes bytes = __builtin_convertvector(sums, Bytes);
  std::memcpy(to, &bytes, sizeof bytes);
}

}  // namespace

Result<Buffer> Resample(const PixelArea& source, const ScaledWindow& window,
                        ResampleFilter filter) {
  INSITU_ASSIGN(const Axis across,
                MakeAxis(source.width, window.scaled_width, window.left, window.width, filter));
  INSITU_ASSIGN(const Axis down,
                MakeAxis(source.height, window.scaled_height, window.top, window.height, filter));
  const size_t source_stride = static_cast<size_t>(source.width) * 4;
  const size_t stride = static_cast<size_t>(window.width) * 4, rows = down.taps.size();
  const size_t first = down.taps.front().first,
               end = down.taps.back().first + down.taps.back().count;

  // Only the rows that the second pass looks at.
  INSITU_ASSIGN(Buffer narrow, Buffer::Allocate((end - first) * stride));
  if (window.scaled_width == source.width) {
    for (size_t row = first; row < end; ++row)
      std::memcpy(narrow.data() + (row - first) * stride,
                  source.data + row * source_stride + window.left * 4, stride);
  } else {
    RowScaler(across, source.width)(source.data + first * source_stride, end - first,
                                    narrow.data());
  }
  if (window.scaled_height == source.height) return narrow;

  INSITU_ASSIGN(Buffer scaled, Buffer::Allocate(rows * stride));
  for (size_t row = 0; row < rows; ++row) {
    const std::byte* from = narrow.data() + (down.taps[row].first - first) * stride;
    std::byte* to = scaled.data() + row * stride;
    size_t at = 0;
    for (; at + 16 <= stride; at += 16)
      ScaleColumn<FourBytes, FourSums>(from + at, stride, down.WeightsOf(row), to + at);
    for (; at < stride; at += 4)
      ScaleColumn<OneBytes, OneSums>(from + at, stride, down.WeightsOf(row), to + at);
  }
  return scaled;
}

}  // namespace insitu
