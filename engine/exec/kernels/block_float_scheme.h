// Weights in blocks times float32: they become floats in registers,
//   scale * (sum x[k] * q[k] - zero * sum x[k])
// Two weights of a word are cut out by masks before the word is shifted, the second one being
// 2^bits as large, which x makes up for. A row is its elements, then the sums of its blocks.
#pragma once

#include <algorithm>
#include <cmath>

#include "exec/kernels/block_scheme.h"

namespace insitu::kernels {

template <uint32_t kBits>
struct BlockFloatScheme {
  static constexpr size_t kOfWord = kBlockWordBits / kBits;

  static size_t RowBytes(BlockCounts counts) {
    return (counts.blocks * counts.words * kOfWord + counts.blocks) * sizeof(float);
  }

  static void Prepare(const float* elements, BlockCounts counts, std::byte* row) {
    const float second = std::ldexp(1.0f, -static_cast<int>(kBits));
    const size_t block = counts.words * kOfWord;
    auto* places = Cast<float>(row);
    float* sums = places + counts.blocks * block;
    for (size_t b = 0; b < counts.blocks; ++b) {
      float sum = 0;
      for (size_t i = 0; i < block; ++i) {
        const float x = *elements++;
        sum += x;
        *places++ = i % 2 == 0 ? x : x * second;
      }
      sums[b] = sum;
    }
  }

  static bool IsFinite(const std::byte* row, BlockCounts counts) {
    const float* sums = SumsOf(row, counts);
    return std::all_of(sums, sums + counts.blocks, [](float sum) { return std::isfinite(sum); });
  }

  template <size_t kRows, size_t kWide>
  static void AddTile(BlockRows rows, const BlockGroup& group, BlockCounts counts,
                      BlockTotals<kRows, kWide>& totals) {
    const FourWords low = FourWords::Mask((1u << kBits) - 1);
    const FourWords high = FourWords::Mask(((1u << kBits) - 1) << kBits);
    const auto* x = Cast<float>(rows[0]);
    const float* block_sums = SumsOf(rows[0], counts);
    const size_t step = rows.step / sizeof(float);
    const uint32_t* word = group.words;
    for (size_t b = 0; b < counts.blocks; ++b) {
      FourFloats sums[kRows][kWide];
      for (size_t v = 0; v < kWide; ++v) {
        const FourFloats zero =
            -FourFloats::Load(group.zeros + b * kBlockColumns + v * FourFloats::kCount);
        for (size_t r = 0; r < kRows; ++r)
          sums[r][v] = zero * FourFloats::Splat(block_sums + r * step + b);
      }
      for (size_t w = 0; w < counts.words; ++w, word += kBlockColumns) {
        FourWords packed[kWide];
        for (size_t v = 0; v < kWide; ++v)
          packed[v] = FourWords::Load(word + v * FourFloats::kCount);
#pragma unroll
        for (size_t i = 0; i < kOfWord; i += 2, x += 2) {
          FourFloats first[kWide], second[kWide];
          for (size_t v = 0; v < kWide; ++v) {
            first[v] = packed[v].Floats(low);
            second[v] = packed[v].Floats(high);
            packed[v] = packed[v] >> (2 * kBits);
          }
          for (size_t r = 0; r < kRows; ++r) {
            const FourFloats x0 = FourFloats::Splat(x + r * step);
            const FourFloats x1 = FourFloats::Splat(x + r * step + 1);
            for (size_t v = 0; v < kWide; ++v)
              sums[r][v] = sums[r][v].Plus(x0, first[v]).Plus(x1, second[v]);
          }
        }
      }
      for (size_t v = 0; v < kWide; ++v) {
        const auto scale =
            FourFloats::Load(group.scales + b * kBlockColumns + v * FourFloats::kCount);
        for (size_t r = 0; r < kRows; ++r) totals[r][v] = totals[r][v].Plus(sums[r][v], scale);
      }
    }
  }

 private:
  static const float* SumsOf(const std::byte* row, BlockCounts counts) {
    return Cast<float>(row) + counts.blocks * counts.words * kOfWord;
  }
};

}  // namespace insitu::kernels
