// Features: the few numbers a tensor is reduced to before anything is compared or kept.
// Invariant: NaN and infinities are counted apart and take part in no statistic; the definitions
// here are those of every profile, so a change of one is a new profile version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace insitu {

// Floats at or above this are saturated: full ink or full brightness of inputs scaled to 0..1. So
// are uint8 of 255, and int8 at either end of their range.
inline constexpr float kSaturated = 0.999f;

struct NamedView {
  std::string_view name;
  TensorView view;
};

struct Feature {
  std::string name;
  double value = 0;
};

// The features of one sample. Cleared and filled again with the same names, as they are sample for
// sample, it makes no strings anew.
class FeatureRow {
 public:
  void Clear() { size_ = 0; }
  // `suffix` is appended to the name.
  void Add(std::string_view name, std::string_view suffix, double value);

  size_t size() const { return size_; }
  const Feature& operator[](size_t i) const { return slots_[i]; }
  auto begin() const { return slots_.begin(); }
  auto end() const { return slots_.begin() + static_cast<ptrdiff_t>(size_); }

 private:
  std::vector<Feature> slots_;  // those behind size_ are of earlier samples
  size_t size_ = 0;
};

// Statistics over the finite elements; NaN where there is none. Sums of float32 are taken in single
// precision over 256 elements, about the first one, and in double beyond. Of tensors of 32,768
// elements and more, mean, spread, zero_share and saturation_share are those of evenly spaced
// blocks with some 16,384 elements together; everything else is of all.
struct TensorStatistics {
  int64_t elements = 0, nans = 0, infinities = 0;
  double mean = std::numeric_limits<double>::quiet_NaN();
  double spread = std::numeric_limits<double>::quiet_NaN();  // population standard deviation
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
  double zero_share = std::numeric_limits<double>::quiet_NaN();  // of exact zeros
  double saturation_share = std::numeric_limits<double>::quiet_NaN();
  double nan_share = std::numeric_limits<double>::quiet_NaN();  // of all elements
  // More than one element, all of the same finite value.
  bool constant = false;
};

// Whether the monitor reads tensors of this type: float32, float64, int8 and uint8.
bool HasStatistics(DType dtype);
// All zero counts and NaN for a type without statistics. With a `turn`, of tensors of 65,536
// elements and more only a quarter of the blocks is looked at at all, another one with each of four
// turns.
TensorStatistics ComputeStatistics(const TensorView& view, std::optional<size_t> turn = {});

// Appends `<name>.mean`, `.spread`, `.min`, `.max`, `.zero_share`, `.saturation_share`,
// `.nan_share`.
void AppendInputFeatures(std::string_view name, const TensorStatistics& statistics,
                         FeatureRow& features);

}  // namespace insitu
