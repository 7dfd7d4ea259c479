#include "exec/kernels/byte_dot.h"

#ifdef __wasm_relaxed_simd__
#include <wasm_simd128.h>
#endif

namespace insitu::kernels {
namespace {

#ifdef __wasm_relaxed_simd__
// Volatile, so that the compiler does not compute on the processor's behalf.
v128_t Bytes(int value) {
  volatile int8_t byte = static_cast<int8_t>(value);
  return wasm_i8x16_splat(byte);
}

// With data of 129 or -127: four products by one.
ByteDot ProbeQuad() {
  const auto dot = [](int weight, int data, int32_t before = 0) {
    volatile int32_t start = before;
    return wasm_i32x4_extract_lane(
        wasm_i32x4_relaxed_dot_i8x16_i7x16_add(Bytes(weight), Bytes(data), wasm_i32x4_splat(start)),
        0);
  };
  ByteDot probe;
  // The baseline compiler of V8 11.3 forgets what the products are added to.
  const int32_t sum = dot(1, 0x81, 1000) - 1000;
  probe.available = probe.fast = sum == 4 * 129 || sum == 4 * -127;
  probe.unsigned_data = sum == 4 * 129;
  const int32_t most = probe.unsigned_data ? 255 : -128;
  probe.exact = probe.available && dot(127, most) == 4 * 127 * most &&
                dot(-128, most) == 4 * -128 * most && dot(-128, 127) == 4 * -128 * 127;
  return probe;
}

ByteDot ProbePair() {
  const auto dot = [](int weight, int data) {
    return static_cast<int32_t>(
        wasm_i16x8_extract_lane(wasm_i16x8_relaxed_dot_i8x16_i7x16(Bytes(weight), Bytes(data)), 0));
  };
  ByteDot probe;
  const int32_t sum = dot(1, 0x81);
  probe.available = probe.fast = sum == 2 * 129 || sum == 2 * -127;
  probe.unsigned_data = sum == 2 * 129;
  return probe;
}
#else
ByteDot ProbeQuad() { return {}; }
ByteDot ProbePair() { return {}; }
#endif

}  // namespace

const ByteDot& QuadDot() {
  static const ByteDot probe = ProbeQuad();
  return probe;
}

const ByteDot& PairDot() {
  static const ByteDot probe = ProbePair();
  return probe;
}

}  // namespace insitu::kernels
