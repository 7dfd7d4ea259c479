// Weights of one axis, and the two passes over them.
#include "preprocess/resample.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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

void ScaleRow(const std::byte* source, const Axis& axis, std::byte* to) {
  for (size_t i = 0; i < axis.taps.size(); ++i, to += 4) {
    const std::byte* from = source + axis.taps[i].first * 4;
    OneSums sums{kHalf, kHalf, kHalf, kHalf};
    for (const int32_t weight : axis.WeightsOf(i)) {
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
  const bool keeps_rows = window.scaled_width == source.width;
  for (size_t row = first; row < end; ++row) {
    const std::byte* from = source.data + row * source_stride;
    std::byte* to = narrow.data() + (row - first) * stride;
    if (keeps_rows)
      std::memcpy(to, from + window.left * 4, stride);
    else
      ScaleRow(from, across, to);
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
