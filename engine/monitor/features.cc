// Features of tensors. One pass in blocks: blocks that are all finite take branch-free lanes, which
// the compiler turns into SIMD; sums are doubles about the first value, so that nothing cancels.
#include "monitor/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace insitu {
namespace {

constexpr size_t kLanes = 8;
constexpr size_t kBlock = 1024;

template <class T>
struct Sums {
  explicit Sums(T first) : shift(static_cast<double>(first)), low(first), high(first) {}

  void Add(T x) {
    const double d = static_cast<double>(x) - shift;
    sum += d;
    squares += d * d;
    low = std::min(low, x);
    high = std::max(high, x);
    zeros += x == 0;
    saturated += x >= static_cast<T>(kSaturated);
    ++count;
  }

  // False, and nothing is added, where a value is not finite (or its square is not).
  bool AddBlock(const T* x) {
    std::array<T, kLanes> lows, highs;
    std::array<double, kLanes> sums{}, square_sums{};
    std::array<int32_t, kLanes> zero_counts{}, saturated_counts{};
    lows.fill(low);
    highs.fill(high);
    for (size_t i = 0; i < kBlock; i += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) {
        const T value = x[i + j];
        lows[j] = value < lows[j] ? value : lows[j];
        highs[j] = value > highs[j] ? value : highs[j];
        zero_counts[j] += value == 0;
        saturated_counts[j] += value >= static_cast<T>(kSaturated);
        const double d = static_cast<double>(value) - shift;
        sums[j] += d;
        square_sums[j] += d * d;
      }
    }
    double total = 0;
    for (double value : square_sums) total += value;
    if (!std::isfinite(total)) return false;
    for (size_t j = 0; j < kLanes; ++j) {
      sum += sums[j];
      squares += square_sums[j];
      zeros += zero_counts[j];
      saturated += saturated_counts[j];
    }
    low = std::ranges::min(lows);
    high = std::ranges::max(highs);
    count += static_cast<int64_t>(kBlock);
    return true;
  }

  double shift, sum = 0, squares = 0;
  T low, high;
  int64_t zeros = 0, saturated = 0, count = 0;
};

template <class T>
TensorStatistics Compute(std::span<const T> values) {
  TensorStatistics result;
  result.elements = static_cast<int64_t>(values.size());
  const auto first = std::ranges::find_if(values, [](T x) { return std::isfinite(x); });
  Sums<T> sums(first == values.end() ? T{0} : *first);
  auto add_each = [&](std::span<const T> part) {
    for (T x : part) {
      if (std::isfinite(x))
        sums.Add(x);
      else
        ++(std::isnan(x) ? result.nans : result.infinities);
    }
  };
  size_t i = 0;
  for (; i + kBlock <= values.size(); i += kBlock)
    if (!sums.AddBlock(values.data() + i)) add_each(values.subspan(i, kBlock));
  add_each(values.subspan(i));
  if (sums.count == 0) return result;

  const double count = static_cast<double>(sums.count);
  const double offset = sums.sum / count;
  result.mean = sums.shift + offset;
  result.spread = std::sqrt(std::max(sums.squares / count - offset * offset, 0.0));
  result.min = static_cast<double>(sums.low);
  result.max = static_cast<double>(sums.high);
  result.zero_share = static_cast<double>(sums.zeros) / count;
  result.saturation_share = static_cast<double>(sums.saturated) / count;
  result.constant = result.elements > 1 && sums.count == result.elements && sums.low == sums.high;
  return result;
}

struct Confidence {
  double top = 0, entropy = 0, margin = 0;
};

// Means over the rows, or nothing where a row is no probability vector.
template <class T>
std::optional<Confidence> ReadConfidence(std::span<const T> values, size_t width) {
  Confidence mean;
  const size_t rows = values.size() / width;
  for (size_t row = 0; row < rows; ++row) {
    double sum = 0, top = 0, second = 0, entropy = 0;
    for (T value : values.subspan(row * width, width)) {
      const double p = static_cast<double>(value);
      if (!(p >= 0)) return std::nullopt;
      sum += p;
      second = std::max(second, std::min(p, top));
      top = std::max(top, p);
    }
    if (!(std::abs(sum - 1) <= kProbabilitySlack)) return std::nullopt;
    for (T value : values.subspan(row * width, width))
      if (value > 0) entropy -= static_cast<double>(value) * std::log(static_cast<double>(value));
    mean.top += top / static_cast<double>(rows);
    mean.entropy += entropy / static_cast<double>(rows);
    mean.margin += (top - second) / static_cast<double>(rows);
  }
  return mean;
}

void Append(std::string_view name, std::string_view suffix, double value,
            std::vector<Feature>& features) {
  features.push_back({std::string(name).append(suffix), value});
}

}  // namespace

bool HasStatistics(DType dtype) { return dtype == DType::kFloat32 || dtype == DType::kFloat64; }

TensorStatistics ComputeStatistics(const TensorView& view) {
  if (view.dtype == DType::kFloat32) return Compute(view.As<float>());
  if (view.dtype == DType::kFloat64) return Compute(view.As<double>());
  return {};
}

void AppendInputFeatures(std::string_view name, const TensorStatistics& statistics,
                         std::vector<Feature>& features) {
  Append(name, ".mean", statistics.mean, features);
  Append(name, ".spread", statistics.spread, features);
  Append(name, ".min", statistics.min, features);
  Append(name, ".max", statistics.max, features);
  Append(name, ".zero_share", statistics.zero_share, features);
  Append(name, ".saturation_share", statistics.saturation_share, features);
}

bool AppendOutputFeatures(std::string_view name, const TensorView& view,
                          std::vector<Feature>& features) {
  if (!HasStatistics(view.dtype) || view.dims.empty() || view.dims.back() < 2 ||
      view.elements() == 0)
    return false;
  const auto width = static_cast<size_t>(view.dims.back());
  const std::optional<Confidence> confidence = view.dtype == DType::kFloat32
                                                   ? ReadConfidence(view.As<float>(), width)
                                                   : ReadConfidence(view.As<double>(), width);
  if (!confidence) return false;
  Append(name, ".top", confidence->top, features);
  Append(name, ".entropy", confidence->entropy, features);
  Append(name, ".margin", confidence->margin, features);
  return true;
}

}  // namespace insitu
