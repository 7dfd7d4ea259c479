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
constexpr size_t kTurns = 4, kLeastInTurns = 64 * 1024;
constexpr size_t kBlock = 256;  // floats sum the squares of as many bytes exactly

// Values at either limit, or beyond, are saturated.
template <class T>
struct Limits {
  T low = -std::numeric_limits<T>::infinity(), high = static_cast<T>(kSaturated);

  bool Saturates(T x) const { return (x <= low) | (x >= high); }
};

template <class T>
Lanes<T> Splat(T value) {
  return value - Lanes<T>{};
}
template <class T>
Lanes<T> Load(const T* from) {
  Lanes<T> lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}
template <class T>
bool AllFinite(Lanes<T> value) {
  const Lanes<T> nothing = value - value;  // NaN where one is not
  T sum{};
  for (size_t j = 0; j < kLanes<T>; ++j) sum += nothing[j];
  return sum == 0;
}

// Each lane its own.
template <class T>
struct Extremes {
  Extremes()
      : lows(Splat(std::numeric_limits<T>::infinity())),
        highs(Splat(-std::numeric_limits<T>::infinity())) {}

  void See(Lanes<T> value) {
    lows = value < lows ? value : lows;
    highs = value > highs ? value : highs;
  }
  T Low() const {
    T low = lows[0];
    for (size_t j = 1; j < kLanes<T>; ++j) low = std::min<T>(low, lows[j]);
    return low;
  }
  T High() const {
    T high = highs[0];
    for (size_t j = 1; j < kLanes<T>; ++j) high = std::max<T>(high, highs[j]);
    return high;
  }

  Lanes<T> lows, highs;
};

template <class T>
struct Sums {
  Sums(T first, Limits<T> the_limits) : limits(the_limits), shift(first) {}

  void Add(T x) {
    const double d = static_cast<double>(x) - static_cast<double>(shift);
    sum += d;
    squares += d * d;
    extremes.See(Splat(x));
    zeros += x == 0;
    saturated += limits.Saturates(x);
    ++count;
  }

  // False, and nothing is added, where a value is not finite (or its square is not).
  bool AddBlock(const T* x) {
    Extremes<T> seen = extremes;
    Lanes<T> block_sum{}, block_squares{};
    Counts<T> block_zeros{}, block_saturated{};
    const Lanes<T> from = Splat(shift), low_limit = Splat(limits.low),
                   high_limit = Splat(limits.high);
    for (size_t i = 0; i < kBlock; i += kLanes<T>) {
      const Lanes<T> value = Load(x + i), d = value - from;
      seen.See(value);
      // What holds is -1.
      block_zeros -= value == Lanes<T>{};
      block_saturated -= (value <= low_limit) | (value >= high_limit);
      block_sum += d;
      block_squares += d * d;
    }
    if (!AllFinite<T>(block_squares)) return false;
    for (size_t j = 0; j < kLanes<T>; ++j) {
      squares += static_cast<double>(block_squares[j]);
      sum += static_cast<double>(block_sum[j]);
      zeros += block_zeros[j];
      saturated += block_saturated[j];
    }
    extremes = seen;
    count += static_cast<int64_t>(kBlock);
    return true;
  }

  // Looks at extremes alone, else as AddBlock. Four at a time, because each waits for the one
  // before.
  bool SeeBlock(const T* x) {
    Extremes<T> a = extremes, b = a, c = a, d = a;
    Lanes<T> a_sum{}, b_sum{}, c_sum{}, d_sum{};
    for (size_t i = 0; i < kBlock; i += 4 * kLanes<T>) {
      const Lanes<T> v0 = Load(x + i), v1 = Load(x + i + kLanes<T>),
                     v2 = Load(x + i + 2 * kLanes<T>), v3 = Load(x + i + 3 * kLanes<T>);
      a.See(v0);
      b.See(v1);
      c.See(v2);
      d.See(v3);
      a_sum += v0;
      b_sum += v1;
      c_sum += v2;
      d_sum += v3;
    }
    // A sum of finite values that is too large is only looked at again.
    if (!AllFinite<T>((a_sum + b_sum) + (c_sum + d_sum))) return false;
    for (const Extremes<T>& part : {b, c, d}) {
      a.See(part.lows);
      a.See(part.highs);
    }
    extremes = a;
    return true;
  }

  Limits<T> limits;
  T shift;
  Extremes<T> extremes;
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

// A place in the group of that number, so that blocks do not lie in the same columns of every row.
size_t PlaceIn(size_t group, size_t places) {
  return (static_cast<uint32_t>(group) * 2654435769u >> 16) % places;
}

// part(first, count, whether it is summed) for the blocks of a tensor that are looked at: one of
// each `turns`, and of `step` of these one is summed.
template <class Part>
void ForEachPart(size_t elements, std::optional<size_t> turn, const Part& part) {
  const size_t turns = turn && elements >= kLeastInTurns ? kTurns : 1;
  const size_t step = std::max<size_t>(1, elements / turns / kSummedElements);
  for (size_t group = 0; group * turns * kBlock < elements; ++group) {
    const size_t block = group * turns + (turn.value_or(0) + PlaceIn(group, turns)) % turns;
    const size_t first = block * kBlock;
    if (first < elements)
      part(first, std::min(kBlock, elements - first), group % step == PlaceIn(group / step, step));
  }
}

template <class T>
void Finish(const Sums<T>& sums, size_t looked, TensorStatistics& result) {
  if (looked > 0) result.nan_share = static_cast<double>(result.nans) / static_cast<double>(looked);
  if (sums.count == 0) return;
  const double count = static_cast<double>(sums.count);
  const double offset = sums.sum / count;
  result.mean = static_cast<double>(sums.shift) + offset;
  result.spread = std::sqrt(std::max(sums.squares / count - offset * offset, 0.0));
  const T low = sums.extremes.Low(), high = sums.extremes.High();
  result.min = static_cast<double>(low);
  result.max = static_cast<double>(high);
  result.zero_share = static_cast<double>(sums.zeros) / count;
  result.saturation_share = static_cast<double>(sums.saturated) / count;
  result.constant = result.elements > 1 && result.nans + result.infinities == 0 && low == high;
}

template <class T>
TensorStatistics Compute(std::span<const T> values, std::optional<size_t> turn) {
  TensorStatistics result;
  result.elements = static_cast<int64_t>(values.size());
  const auto first = std::ranges::find_if(values, [](T x) { return std::isfinite(x); });
  Sums<T> sums(first == values.end() ? T{0} : *first, {});
  size_t looked = 0;
  ForEachPart(values.size(), turn, [&](size_t begin, size_t count, bool sums_it) {
    AddPart(values.subspan(begin, count), sums_it, sums, result);
    looked += count;
  });
  Finish(sums, looked, result);
  return result;
}

// Bytes become floats, block by block.
template <class T>
TensorStatistics ComputeBytes(std::span<const T> values, std::optional<size_t> turn) {
  using Of = std::numeric_limits<T>;
  Limits<float> limits;
  limits.high = Of::max();
  if (std::is_signed_v<T>) limits.low = Of::lowest();
  TensorStatistics result;
  result.elements = static_cast<int64_t>(values.size());
  Sums<float> sums(values.empty() ? 0.0f : static_cast<float>(values[0]), limits);
  std::array<float, kBlock> block;
  size_t looked = 0;
  ForEachPart(values.size(), turn, [&](size_t begin, size_t count, bool sums_it) {
    looked += count;
    std::ranges::copy(values.subspan(begin, count), block.begin());
    AddPart(std::span<const float>(block).first(count), sums_it, sums, result);
  });
  Finish(sums, looked, result);
  return result;
}

}  // namespace

void FeatureRow::Add(std::string_view name, std::string_view suffix, double value) {
  if (size_ == slots_.size()) slots_.emplace_back();
  Feature& slot = slots_[size_++];
  slot.value = value;
  const std::string_view its = slot.name;
  if (its.size() == name.size() + suffix.size() && its.starts_with(name) && its.ends_with(suffix))
    return;
  slot.name.assign(name).append(suffix);
}

bool HasStatistics(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kFloat64 || dtype == DType::kInt8 ||
         dtype == DType::kUint8;
}

TensorStatistics ComputeStatistics(const TensorView& view, std::optional<size_t> turn) {
  switch (view.dtype) {
    case DType::kFloat32:
      return Compute(view.As<float>(), turn);
    case DType::kFloat64:
      return Compute(view.As<double>(), turn);
    case DType::kInt8:
      return ComputeBytes(view.As<int8_t>(), turn);
    case DType::kUint8:
      return ComputeBytes(view.As<uint8_t>(), turn);
    default:
      return {};
  }
}

void AppendInputFeatures(std::string_view name, const TensorStatistics& statistics,
                         FeatureRow& features) {
  features.Add(name, ".mean", statistics.mean);
  features.Add(name, ".spread", statistics.spread);
  features.Add(name, ".min", statistics.min);
  features.Add(name, ".max", statistics.max);
  features.Add(name, ".zero_share", statistics.zero_share);
  features.Add(name, ".saturation_share", statistics.saturation_share);
  features.Add(name, ".nan_share", statistics.nan_share);
}

}  // namespace insitu
