// Features of tensors. One pass in blocks, in vectors where all values of a block are finite; sums
// are taken about the first value, so that nothing cancels.
#include "monitor/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace insitu {
namespace {

// Vectors of the compiler's own, so that sums stay in registers.
template <class T>
using Lanes __attribute__((vector_size(16))) = T;
template <class T>
constexpr size_t kLanes = sizeof(Lanes<T>) / sizeof(T);
template <class T>
using Counts = decltype(Lanes<T>{} < Lanes<T>{});

constexpr size_t kSummedElements = 16 * 1024;  // about, of a large tensor
constexpr size_t kBlock = 256;                 // floats sum the squares of as many bytes exactly

// Values at either limit, or beyond, are saturated.
template <class T>
struct Limits {
  T low = -std::numeric_limits<T>::infinity(), high = static_cast<T>(kSaturated);

  bool Saturates(T x) const { return (x <= low) | (x >= high); }
};

template <class T>
struct Sums {
  Sums(T first, Limits<T> the_limits) : limits(the_limits), shift(first), low(first), high(first) {}

  void Add(T x) {
    const double d = static_cast<double>(x) - static_cast<double>(shift);
    sum += d;
    squares += d * d;
    low = std::min(low, x);
    high = std::max(high, x);
    zeros += x == 0;
    saturated += limits.Saturates(x);
    ++count;
  }

  // False, and nothing is added, where a value is not finite (or its square is not).
  bool AddBlock(const T* x) {
    Lanes<T> lows = Splat(low), highs = Splat(high), block_sum{}, block_squares{};
    Counts<T> block_zeros{}, block_saturated{};
    const Lanes<T> from = Splat(shift), low_limit = Splat(limits.low),
                   high_limit = Splat(limits.high);
    for (size_t i = 0; i < kBlock; i += kLanes<T>) {
      const Lanes<T> value = Load(x + i), d = value - from;
      lows = value < lows ? value : lows;
      highs = value > highs ? value : highs;
      // What holds is -1.
      block_zeros -= value == Lanes<T>{};
      block_saturated -= (value <= low_limit) | (value >= high_limit);
      block_sum += d;
      block_squares += d * d;
    }
    double total = 0;
    for (size_t j = 0; j < kLanes<T>; ++j) total += static_cast<double>(block_squares[j]);
    if (!std::isfinite(total)) return false;
    squares += total;
    for (size_t j = 0; j < kLanes<T>; ++j) {
      sum += static_cast<double>(block_sum[j]);
      zeros += block_zeros[j];
      saturated += block_saturated[j];
    }
    TakeExtremes(lows, highs);
    count += static_cast<int64_t>(kBlock);
    return true;
  }

  // Looks at extremes alone, else as AddBlock.
  bool SeeBlock(const T* x) {
    Lanes<T> lows = Splat(low), highs = Splat(high), nothing{};
    for (size_t i = 0; i < kBlock; i += kLanes<T>) {
      const Lanes<T> value = Load(x + i);
      lows = value < lows ? value : lows;
      highs = value > highs ? value : highs;
      nothing += value - value;
    }
    for (size_t j = 0; j < kLanes<T>; ++j)
      if (nothing[j] != 0) return false;
    TakeExtremes(lows, highs);
    return true;
  }

  void TakeExtremes(Lanes<T> lows, Lanes<T> highs) {
    for (size_t j = 0; j < kLanes<T>; ++j) {
      low = std::min(low, lows[j]);
      high = std::max(high, highs[j]);
    }
  }
  static Lanes<T> Splat(T value) { return value - Lanes<T>{}; }
  static Lanes<T> Load(const T* from) {
    Lanes<T> lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
  }

  Limits<T> limits;
  T shift, low, high;
  double sum = 0, squares = 0;
  int64_t zeros = 0, saturated = 0, count = 0;
};

template <class T>
void AddEach(std::span<const T> values, Sums<T>& sums, TensorStatistics& result) {
  for (T x : values) {
    if (std::isfinite(x))
      sums.Add(x);
    else
      ++(std::isnan(x) ? result.nans : result.infinities);
  }
}

// One block, or the shorter rest of a tensor. Of a large tensor only one block in `step` is summed.
template <class T>
void AddPart(std::span<const T> part, bool sums_it, Sums<T>& sums, TensorStatistics& result) {
  const bool done =
      part.size() == kBlock && (sums_it ? sums.AddBlock(part.data()) : sums.SeeBlock(part.data()));
  if (!done) AddEach(part, sums, result);
}

// part(first, count, whether it is summed) for all blocks of a tensor.
template <class Part>
void ForEachPart(size_t elements, const Part& part) {
  const size_t step = std::max<size_t>(1, elements / kSummedElements);
  for (size_t first = 0; first < elements; first += kBlock)
    part(first, std::min(kBlock, elements - first), first / kBlock % step == 0);
}

template <class T>
void Finish(const Sums<T>& sums, TensorStatistics& result) {
  if (result.elements > 0)
    result.nan_share = static_cast<double>(result.nans) / static_cast<double>(result.elements);
  if (sums.count == 0) return;
  const double count = static_cast<double>(sums.count);
  const double offset = sums.sum / count;
  result.mean = static_cast<double>(sums.shift) + offset;
  result.spread = std::sqrt(std::max(sums.squares / count - offset * offset, 0.0));
  result.min = static_cast<double>(sums.low);
  result.max = static_cast<double>(sums.high);
  result.zero_share = static_cast<double>(sums.zeros) / count;
  result.saturation_share = static_cast<double>(sums.saturated) / count;
  result.constant =
      result.elements > 1 && result.nans + result.infinities == 0 && sums.low == sums.high;
}

template <class T>
TensorStatistics Compute(std::span<const T> values) {
  TensorStatistics result;
  result.elements = static_cast<int64_t>(values.size());
  const auto first = std::ranges::find_if(values, [](T x) { return std::isfinite(x); });
  Sums<T> sums(first == values.end() ? T{0} : *first, {});
  ForEachPart(values.size(), [&](size_t begin, size_t count, bool sums_it) {
    AddPart(values.subspan(begin, count), sums_it, sums, result);
  });
  Finish(sums, result);
  return result;
}

// Bytes become floats, block by block.
template <class T>
TensorStatistics ComputeBytes(std::span<const T> values) {
  using Of = std::numeric_limits<T>;
  Limits<float> limits;
  limits.high = Of::max();
  if (std::is_signed_v<T>) limits.low = Of::lowest();
  TensorStatistics result;
  result.elements = static_cast<int64_t>(values.size());
  Sums<float> sums(values.empty() ? 0.0f : static_cast<float>(values[0]), limits);
  std::array<float, kBlock> block;
  ForEachPart(values.size(), [&](size_t begin, size_t count, bool sums_it) {
    std::ranges::copy(values.subspan(begin, count), block.begin());
    AddPart(std::span<const float>(block).first(count), sums_it, sums, result);
  });
  Finish(sums, result);
  return result;
}

}  // namespace

void AppendFeature(std::string_view name, std::string_view suffix, double value,
                   std::vector<Feature>& features) {
  features.push_back({std::string(name).append(suffix), value});
}

bool HasStatistics(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64 || dtype == DType::kInt8 ||
         dtype == DType::kUint8;
}

TensorStatistics ComputeStatistics(const TensorView& view) {
  switch (view.dtype) {
    case DType::kFloat32:
      return Compute(view.As<float>());
    case DType::kFloat64:
      return Compute(view.As<double>());
    case DType::kInt8:
      return ComputeBytes(view.As<int8_t>());
    case DType::kUint8:
      return ComputeBytes(view.As<uint8_t>());
    default:
      return {};
  }
}

void AppendInputFeatures(std::string_view name, const TensorStatistics& statistics,
                         std::vector<Feature>& features) {
  AppendFeature(name, ".mean", statistics.mean, features);
  AppendFeature(name, ".spread", statistics.spread, features);
  AppendFeature(name, ".min", statistics.min, features);
  AppendFeature(name, ".max", statistics.max, features);
  AppendFeature(name, ".zero_share", statistics.zero_share, features);
  AppendFeature(name, ".saturation_share", statistics.saturation_share, features);
  AppendFeature(name, ".nan_share", statistics.nan_share, features);
}

}  // namespace insitu
