// Moves 8-bit values between signed and unsigned by flipping the top bit: q + 128 or q - 128 with
// the zero point moved alike, which keeps every real value exactly.
#pragma once

#include <cstddef>
#include <cstdint>

namespace insitu::xnn {

// `in` and `out` may be the same memory.
inline void FlipSigns(const std::byte* in, std::byte* out, size_t count) {
  for (size_t i = 0; i < count; ++i) out[i] = in[i] ^ std::byte{0x80};
}

}  // namespace insitu::xnn
