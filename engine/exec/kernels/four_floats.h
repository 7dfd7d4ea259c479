// Four float32 numbers, or four words (int32, or packed bits), as one vector where there is SIMD.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

namespace insitu::kernels {

struct FourFloats {
  static constexpr size_t kCount = 4;

#ifdef __wasm_simd128__
  v128_t lanes;

  static FourFloats Load(const float* from) { return {wasm_v128_load(from)}; }
  static FourFloats Splat(const float* from) { return {wasm_v128_load32_splat(from)}; }
  void Store(float* to) const { wasm_v128_store(to, lanes); }
  FourFloats operator*(FourFloats other) const { return {wasm_f32x4_mul(lanes, other.lanes)}; }
  FourFloats operator+(FourFloats other) const { return {wasm_f32x4_add(lanes, other.lanes)}; }
  FourFloats operator-() const { return {wasm_f32x4_neg(lanes)}; }
  // a * b + this, rounded once or twice.
  FourFloats Plus(FourFloats a, FourFloats b) const {
#ifdef __wasm_relaxed_simd__
    return {wasm_f32x4_relaxed_madd(a.lanes, b.lanes, lanes)};
#else
    return {wasm_f32x4_add(wasm_f32x4_mul(a.lanes, b.lanes), lanes)};
#endif
  }
#else
  float lanes[kCount];

  static FourFloats Load(const float* from) { return {{from[0], from[1], from[2], from[3]}}; }
  static FourFloats Splat(const float* from) { return {{*from, *from, *from, *from}}; }
  void Store(float* to) const {
    for (size_t i = 0; i < kCount; ++i) to[i] = lanes[i];
  }
  FourFloats operator*(FourFloats other) const {
    for (size_t i = 0; i < kCount; ++i) other.lanes[i] *= lanes[i];
    return other;
  }
  FourFloats operator+(FourFloats other) const {
    for (size_t i = 0; i < kCount; ++i) other.lanes[i] += lanes[i];
    return other;
  }
  FourFloats operator-() const { return {{-lanes[0], -lanes[1], -lanes[2], -lanes[3]}}; }
  FourFloats Plus(FourFloats a, FourFloats b) const {
    FourFloats sum = a * b;
    for (size_t i = 0; i < kCount; ++i) sum.lanes[i] += lanes[i];
    return sum;
  }
#endif
};

struct FourWords {
#ifdef __wasm_simd128__
  v128_t lanes;

  static FourWords Load(const uint32_t* from) { return {wasm_v128_load(from)}; }
  // A mask whose bits the compiler does not know. What it knows to be positive it converts as
  // unsigned numbers, for which x86 has no instruction; hence the arithmetic shift, too.
  static FourWords Mask(uint32_t mask) {
    asm("" : "+r"(mask));
    return {wasm_u32x4_splat(mask)};
  }
  // Signed; those of a mask are to be without the highest bit.
  FourFloats Floats(FourWords mask) const { return (*this & mask).Floats(); }
  FourFloats Floats() const { return {wasm_f32x4_convert_i32x4(lanes)}; }
  FourWords operator&(FourWords mask) const { return {wasm_v128_and(lanes, mask.lanes)}; }
  FourWords operator>>(uint32_t bits) const { return {wasm_i32x4_shr(lanes, bits)}; }
#else
  uint32_t lanes[FourFloats::kCount];

  static FourWords Load(const uint32_t* from) { return {{from[0], from[1], from[2], from[3]}}; }
  static FourWords Mask(uint32_t mask) { return {{mask, mask, mask, mask}}; }
  FourFloats Floats(FourWords mask) const { return (*this & mask).Floats(); }
  FourFloats Floats() const {
    FourFloats floats;
    for (size_t i = 0; i < FourFloats::kCount; ++i)
      floats.lanes[i] = static_cast<float>(static_cast<int32_t>(lanes[i]));
    return floats;
  }
  FourWords operator&(FourWords mask) const {
    for (size_t i = 0; i < FourFloats::kCount; ++i) mask.lanes[i] &= lanes[i];
    return mask;
  }
  FourWords operator>>(uint32_t bits) const {
    return {{lanes[0] >> bits, lanes[1] >> bits, lanes[2] >> bits, lanes[3] >> bits}};
  }
#endif
};

}  // namespace insitu::kernels
