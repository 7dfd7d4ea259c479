// Numpy broadcasting of two shapes in as few dimensions as possible: neighbouring dimensions that
// broadcast the same way become one, so that XNNPACK's limit of six is hardly ever met.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/tensor.h"

namespace insitu::kernels {

struct BroadcastShapes {
  std::vector<size_t> a, b;  // of equal rank, at least 1
};

// nullopt when the shapes do not broadcast together.
inline std::optional<BroadcastShapes> CompressBroadcast(std::span<const int64_t> a,
                                                        std::span<const int64_t> b) {
  BroadcastShapes result;
  const size_t rank = a.size() > b.size() ? a.size() : b.size();
  enum { kNone, kSame, kOnlyA, kOnlyB } last = kNone;
  for (size_t i = 0; i < rank; ++i) {
    const int64_t x = i + a.size() < rank ? 1 : a[i + a.size() - rank];
    const int64_t y = i + b.size() < rank ? 1 : b[i + b.size() - rank];
    if (x == 1 && y == 1) continue;
    if (x != y && x != 1 && y != 1) return std::nullopt;
    const auto kind = x == y ? kSame : y == 1 ? kOnlyA : kOnlyB;
    if (kind == last) {
      result.a.back() *= static_cast<size_t>(x);
      result.b.back() *= static_cast<size_t>(y);
    } else {
      result.a.push_back(static_cast<size_t>(x));
      result.b.push_back(static_cast<size_t>(y));
      last = kind;
    }
  }
  if (result.a.empty()) result = {{1}, {1}};
  return result;
}

}  // namespace insitu::kernels
