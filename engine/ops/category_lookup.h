// CategoryLookup: from a key (a string, an integer or a real number) to its place in a list.
// Invariant: of equal keys the last counts; all NaNs are one key, as ai.onnx.ml has it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "base/compact_sort.h"

namespace insitu {

// Key is std::string, int64_t or double; `keys` must outlive the lookup.
template <class Key>
class CategoryLookup {
 public:
  explicit CategoryLookup(std::span<const Key> keys) : keys_(keys) {
    for (size_t i = 0; i < keys.size(); ++i) {
      if (IsNan(keys[i]))
        nan_ = i;
      else
        order_.push_back(i);
    }
    CompactSort(order_, [&](size_t a, size_t b) {
      return keys_[a] < keys_[b] || (keys_[a] == keys_[b] && a < b);
    });
  }

  std::optional<size_t> Find(const Key& key) const {
    if (IsNan(key)) return nan_;
    const auto behind =
        std::ranges::upper_bound(order_, key, {}, [&](size_t i) -> const Key& { return keys_[i]; });
    if (behind == order_.begin() || keys_[*(behind - 1)] != key) return std::nullopt;
    return *(behind - 1);
  }

 private:
  static bool IsNan(const Key& key) { return key != key; }

  std::span<const Key> keys_;
  std::vector<size_t> order_;
  std::optional<size_t> nan_;
};

}  // namespace insitu
