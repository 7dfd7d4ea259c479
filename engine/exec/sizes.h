// What packing, which pads, makes of weights and operands, before memory is asked for.
// Invariant: what is within kMostPackedBytes here is counted right by 32 bits there, in XNNPACK
// too.
#pragma once

#include "base/checked.h"

namespace insitu {

inline constexpr uint64_t kMostPackedBytes = uint64_t{1} << 31;
inline constexpr const char* kTooLargeToPack = "more weights than 2 GiB hold when they are packed";

// At most: kernels pad columns to 32 and depths to 32 elements, and add parameters of a column.
constexpr uint64_t PackedBytes(int64_t groups, int64_t columns, int64_t depth,
                               int64_t element_bytes) {
  constexpr uint64_t kPadding = 32;
  const auto padded = [](int64_t count) {
    return (static_cast<uint64_t>(count) + kPadding - 1) / kPadding * kPadding;
  };
  return SizeProduct({static_cast<uint64_t>(groups), padded(columns), padded(depth) + kPadding,
                      static_cast<uint64_t>(element_bytes)});
}

}  // namespace insitu
