// Weights in blocks times bytes, where the model leaves that open: each block of a row of x becomes
// whole numbers of its own scale,
//   p[k] = rint(x[k] * (127 / most)), most = the largest |x[k]|, scale_x = most / 127
//   scale_x * scale * (sum p[k] * q[k] - zero * sum p[k])
// Sums are exact; the rest is float32 arithmetic in this order, so that all processors give the
// same. A block of magnitudes below 1e-30 counts as zeros.
// Weights are cut out of their words by one mask, which leaves several numbers of one step in each
// word (`BlockBytes`, `BlockHalves`); a row holds, word by word and mask by mask, what they meet.
// Then come scale_x and sum p of each block, as floats.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "exec/kernels/block_scheme.h"

namespace insitu::kernels {

#ifdef __wasm_relaxed_simd__
// Four weights of a word at a time, as bytes. They are below 128, so that all processors agree what
// the product is, and a flush comes before 16 bits could overflow: 127 * 15 * 2 * 8.
struct BlockBytes {
  using Number = int8_t;
  static constexpr size_t kWordsOfFlush = 4;

  v128_t pairs = wasm_i16x8_splat(0);

  void Add(FourWords weights, const std::byte* x) {
    const v128_t data = wasm_v128_load32_splat(x);
    pairs = wasm_i16x8_add(pairs, wasm_i16x8_relaxed_dot_i8x16_i7x16(data, weights.lanes));
  }
  void FlushTo(FourWords& sums) {
    sums.lanes = wasm_i32x4_add(sums.lanes, wasm_i32x4_dot_i16x8(pairs, wasm_i16x8_splat(1)));
    pairs = wasm_i16x8_splat(0);
  }
};
#endif

// Two weights of a word at a time, as int16.
struct BlockHalves {
  using Number = int16_t;
  static constexpr size_t kWordsOfFlush = std::numeric_limits<size_t>::max();

#ifdef __wasm_simd128__
  v128_t sums = wasm_i32x4_splat(0);

  void Add(FourWords weights, const std::byte* x) {
    const v128_t data = wasm_v128_load32_splat(x);
    sums = wasm_i32x4_add(sums, wasm_i32x4_dot_i16x8(data, weights.lanes));
  }
  void FlushTo(FourWords& to) {
    to.lanes = wasm_i32x4_add(to.lanes, sums);
    sums = wasm_i32x4_splat(0);
  }
#else
  uint32_t sums[FourFloats::kCount] = {};

  void Add(FourWords weights, const std::byte* x) {
    const auto* data = Cast<int16_t>(x);
    for (size_t i = 0; i < FourFloats::kCount; ++i) {
      const auto low = static_cast<int32_t>(weights.lanes[i] & 0xffff);
      const auto high = static_cast<int32_t>(weights.lanes[i] >> 16);
      sums[i] += static_cast<uint32_t>(low * data[0] + high * data[1]);
    }
  }
  void FlushTo(FourWords& to) {
    for (size_t i = 0; i < FourFloats::kCount; ++i) {
      to.lanes[i] += sums[i];
      sums[i] = 0;
    }
  }
#endif
};

template <uint32_t kBits, class Sums>
struct BlockByteScheme {
  using Number = typename Sums::Number;
  static constexpr size_t kOfWord = kBlockWordBits / kBits;
  static constexpr size_t kOfMask = sizeof(uint32_t) / sizeof(Number);  // numbers it leaves
  static constexpr size_t kMasks = kOfWord / kOfMask;

  static size_t RowBytes(BlockCounts counts) {
    return NumbersBytes(counts) + 2 * counts.blocks * sizeof(float);
  }

  static void Prepare(const float* elements, BlockCounts counts, std::byte* row) {
    constexpr float kLargest = 127.0f, kNegligible = 1e-30f;
    const size_t block = counts.words * kOfWord;
    auto* numbers = Cast<Number>(row);
    float* scales = Cast<float>(row + NumbersBytes(counts));
    float* sums = scales + counts.blocks;
    for (size_t b = 0; b < counts.blocks; ++b, numbers += block, elements += block) {
      float most = 0;
      bool finite = true;
      for (size_t i = 0; i < block; ++i) {
        finite = finite && std::isfinite(elements[i]);
        most = std::max(most, std::abs(elements[i]));
      }
      const bool counts_at_all = finite && most >= kNegligible;
      const float steps = counts_at_all ? kLargest / most : 0.0f;
      int32_t sum = 0;
      for (size_t i = 0; i < block; ++i) {
        const size_t of_word = i % kOfWord, mask = of_word % kMasks, place = of_word / kMasks;
        const float x = finite ? elements[i] : 0.0f;
        const auto number = static_cast<int32_t>(std::rint(x * steps));
        numbers[i - of_word + mask * kOfMask + place] = static_cast<Number>(number);
        sum += number;
      }
      scales[b] = finite ? (counts_at_all ? most / kLargest : 0.0f)
                         : std::numeric_limits<float>::quiet_NaN();
      sums[b] = static_cast<float>(sum);
    }
  }

  static bool IsFinite(const std::byte* row, BlockCounts counts) {
    const auto* scales = Cast<float>(row + NumbersBytes(counts));
    return std::all_of(scales, scales + counts.blocks,
                       [](float scale) { return std::isfinite(scale); });
  }

  template <size_t kRows, size_t kWide>
  static void AddTile(BlockRows rows, const BlockGroup& group, BlockCounts counts,
                      BlockTotals<kRows, kWide>& totals) {
    constexpr size_t kBytesOfMask = sizeof(uint32_t);
    const FourWords mask = FourWords::Mask(Mask());
    const std::byte* x = rows[0];
    const uint32_t* word = group.words;
    for (size_t b = 0; b < counts.blocks; ++b) {
      FourWords sums[kRows][kWide] = {};
      for (size_t w = 0; w < counts.words;) {
        const size_t end = w + std::min(counts.words - w, Sums::kWordsOfFlush);
        Sums some[kRows][kWide];
        for (; w < end; ++w, word += kBlockColumns) {
          FourWords packed[kWide];
          for (size_t v = 0; v < kWide; ++v)
            packed[v] = FourWords::Load(word + v * FourFloats::kCount);
#pragma unroll
          for (size_t i = 0; i < kMasks; ++i, x += kBytesOfMask) {
            for (size_t v = 0; v < kWide; ++v) {
              const FourWords weights = (packed[v] >> (i * kBits)) & mask;
              for (size_t r = 0; r < kRows; ++r) some[r][v].Add(weights, x + r * rows.step);
            }
          }
        }
        for (size_t r = 0; r < kRows; ++r)
          for (size_t v = 0; v < kWide; ++v) some[r][v].FlushTo(sums[r][v]);
      }
      for (size_t r = 0; r < kRows; ++r) {
        const auto* of_blocks = Cast<float>(rows[r] + NumbersBytes(counts)) + b;
        const FourFloats scale_x = FourFloats::Splat(of_blocks);
        const FourFloats sum_x = FourFloats::Splat(of_blocks + counts.blocks);
        for (size_t v = 0; v < kWide; ++v) {
          const size_t at = b * kBlockColumns + v * FourFloats::kCount;
          const FourFloats zeros = -FourFloats::Load(group.zeros + at) * sum_x;
          const FourFloats scale = FourFloats::Load(group.scales + at) * scale_x;
          totals[r][v] = totals[r][v] + (sums[r][v].Floats() + zeros) * scale;
        }
      }
    }
  }

 private:
  static constexpr uint32_t Mask() {
    uint32_t mask = 0;
    for (size_t i = 0; i < kOfMask; ++i) mask |= ((1u << kBits) - 1) << (i * 8 * sizeof(Number));
    return mask;
  }
  static size_t NumbersBytes(BlockCounts counts) {
    return counts.blocks * counts.words * kOfWord * sizeof(Number);
  }
};

}  // namespace insitu::kernels
