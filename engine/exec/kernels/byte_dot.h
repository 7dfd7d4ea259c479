// The two relaxed instructions that multiply bytes, and probes of what they do on this processor:
// the standard leaves open whether the second operand counts as signed and whether pairs saturate.
// Natively and in flavours without relaxed SIMD they are plain loops that behave like x86 (pairs
// saturate, unsigned data), so that packing is tested everywhere.
// https://github.com/WebAssembly/relaxed-simd/blob/main/proposals/relaxed-simd/Overview.md
#pragma once

#include <cstdint>

namespace insitu::kernels {

struct ByteDot {
  bool available = true;      // sums are right as far as they do not saturate
  bool fast = false;          // an instruction, not loops
  bool unsigned_data = true;  // data count as 0..255, else as -128..127
  bool exact = false;         // no sum of any bytes saturates
};

// i32x4.relaxed_dot_i8x16_i7x16_add_s
const ByteDot& QuadDot();
// i16x8.relaxed_dot_i8x16_i7x16_s
const ByteDot& PairDot();

}  // namespace insitu::kernels
