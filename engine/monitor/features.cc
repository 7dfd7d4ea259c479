// Features of tensors. One pass in blocks: blocks that are all finite take branch-free lanes, which
// the compiler turns into SIMD; sums are taken about the first value, so that nothing cancels.
#include "monitor/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

namespace insitu {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kBlock = 256;  // floats sum the squares of as many bytes exactly

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
    std::array<T, kLanes> lows, highs;
    std::array<T, kLanes> sums{}, square_sums{};
    std::array<int32_t, kLanes> zero_counts{}, saturated_counts{};
    lows.fill(low);
    highs.fill(high);
    for (size_t i = 0; i < kBlock; i += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) {
        const T value = x[i + j];
        lows[j] = value < lows[j] ? value : lows[j];
        highs[j] = value > highs[j] ? value : highs[j];
        zero_counts[j] += value == 0;
        saturated_counts[j] += limits.Saturates(value);
        const T d = value - shift;
        sums[j] += d;
        square_sums[j] += d * d;
      }
    }
    double total = 0;
    for (T value : square_sums) total += static_cast<double>(value);
    if (!std::isfinite(total)) return false;
    squares += total;
    for (size_t j = 0; j < kLanes; ++j) {
      sum += static_cast<double>(sums[j]);
      zeros += zero_counts[j];
      saturated += saturated_counts[j];
    }
    low = std::ranges::min(lows);
    high = std::ranges::max(highs);
    count += static_cast<int64_t>(kBlock);
    return true;
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

template <class T>
void AddAll(std::span<const T> values, Sums<T>& sums, TensorStatistics& result) {
  size_t i = 0;
  for (; i + kBlock <= values.size(); i += kBlock)
    if (!sums.AddBlock(values.data() + i)) AddEach(values.subspan(i, kBlock), sums, result);
  AddEach(values.subspan(i), sums, result);
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
  result.constant = result.elements > 1 && sums.count == result.elements && sums.low == sums.high;
}

template <class T>
TensorStatistics Compute(std::span<const T> values) {
  TensorStatistics result;
  result.elements = static_cast<int64_t>(values.size());
  const auto first = std::ranges::find_if(values, [](T x) { return std::isfinite(x); });
  Sums<T> sums(first == values.end() ? T{0} : *first, {});
  AddAll(values, sums, result);
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
  for (size_t i = 0; i < values.size(); i += kBlock) {
    const auto part = values.subspan(i, std::min(kBlock, values.size() - i));
    std::ranges::copy(part, block.begin());
    AddAll(std::span<const float>(block).first(part.size()), sums, result);
  }
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
