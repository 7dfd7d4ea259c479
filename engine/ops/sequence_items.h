// How many tensors one operator may put into a sequence or stack. Tensors without elements cost no
// Buffer, so that no other limit bounds them.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace insitu {

inline constexpr int64_t kMostSequenceItems = int64_t{1} << 20;

inline Status CheckSequenceItems(int64_t count) {
  if (count <= kMostSequenceItems) return {};
  return Fail(ErrorCode::kLimitExceeded,
              "more than " + std::to_string(kMostSequenceItems) + " tensors would be made",
              "Use fewer and larger parts.");
}

}  // namespace insitu
