// Axis attributes: negative axes count from the end; duplicates and out-of-range axes are errors.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace insitu {

// `axis` in [-rank, rank) as an index; InvalidModel otherwise.
inline Result<size_t> NormalizeAxis(int64_t axis, size_t rank) {
  const auto bound = static_cast<int64_t>(rank);
  if (axis < -bound || axis >= bound)
    return Fail(ErrorCode::kInvalidModel, "axis " + std::to_string(axis) +
                                              " is out of range for rank " + std::to_string(rank));
  return static_cast<size_t>(axis < 0 ? axis + bound : axis);
}

// All of them, in the order given; InvalidModel for one twice.
inline Result<std::vector<size_t>> NormalizeAxes(std::span<const int64_t> axes, size_t rank) {
  std::vector<size_t> normal;
  for (int64_t axis : axes) {
    INSITU_ASSIGN(const size_t index, NormalizeAxis(axis, rank));
    if (std::ranges::find(normal, index) != normal.end())
      return Fail(ErrorCode::kInvalidModel, "axis " + std::to_string(axis) + " is given twice");
    normal.push_back(index);
  }
  return normal;
}

// Whether `perm` holds 0 .. rank-1 once each.
inline bool IsPermutation(std::span<const int64_t> perm, size_t rank) {
  if (perm.size() != rank) return false;
  std::vector<bool> seen(rank);
  for (int64_t axis : perm) {
    if (axis < 0 || axis >= static_cast<int64_t>(rank) || seen[static_cast<size_t>(axis)])
      return false;
    seen[static_cast<size_t>(axis)] = true;
  }
  return true;
}

// Where an axis of a tensor lies after Transpose(perm).
inline int64_t AxisBehind(std::span<const int64_t> perm, int64_t axis) {
  return std::ranges::find(perm, axis) - perm.begin();
}

// That axis of an attribute, which may be negative; nullopt when it is out of range.
inline std::optional<int64_t> AttributeAxisBehind(std::span<const int64_t> perm, int64_t axis) {
  auto index = NormalizeAxis(axis, perm.size());
  if (!index) return std::nullopt;
  return AxisBehind(perm, static_cast<int64_t>(*index));
}

}  // namespace insitu
