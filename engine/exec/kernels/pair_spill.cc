#include "exec/kernels/pair_spill.h"

#include <algorithm>

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

namespace insitu::kernels {

int32_t Excess(int32_t first, int32_t second, const PairLimits& limits) {
  // Weights are at most 127 and at least -128, so only two of one sign go beyond, and the excess
  // is less than either of them.
  const int32_t sum = first + second;
  if (sum > limits.high && first > 0 && second > 0) return sum - limits.high;
  if (sum < limits.low && first < 0 && second < 0) return sum - limits.low;
  return 0;
}

SpilledBlock::SpilledBlock(const LinearNumbers& n, size_t first, size_t count,
                           const PairLimits* limits, int8_t* to)
    : weights_(to) {
  const size_t depth = n.depth();
  for (size_t c = 0; c < count; ++c)
    n.column(first + c).CopyBytes<uint32_t>(depth, [to, c](size_t k) { return to + ByteAt(k, c); });
  for (size_t place = 0; place < depth; place += kPlacesOfGroup, to += kBytesOfGroup) {
    if (!SumGroup(to, limits)) continue;
    SplitPair(place, *limits);
    SplitPair(place + 2, *limits);
  }
}

#ifdef __wasm_simd128__
bool SpilledBlock::SumGroup(const int8_t* group, const PairLimits* limits) {
  bool beyond = false;
  for (size_t half = 0; half < 2; ++half) {
    const v128_t pairs =
        wasm_i16x8_extadd_pairwise_i8x16(wasm_v128_load(group + half * sizeof(v128_t)));
    int32_t* sums = sums_ + half * kPlacesOfGroup;
    wasm_v128_store(sums,
                    wasm_i32x4_add(wasm_v128_load(sums), wasm_i32x4_extadd_pairwise_i16x8(pairs)));
    if (!limits) continue;
    const v128_t high = wasm_i16x8_splat(static_cast<int16_t>(limits->high));
    const v128_t low = wasm_i16x8_splat(static_cast<int16_t>(limits->low));
    beyond = beyond || wasm_v128_any_true(
                           wasm_v128_or(wasm_i16x8_gt(pairs, high), wasm_i16x8_lt(pairs, low)));
  }
  return beyond;
}
#else
bool SpilledBlock::SumGroup(const int8_t* group, const PairLimits* limits) {
  bool beyond = false;
  for (size_t c = 0; c < kColumns; ++c)
    for (size_t place = 0; place < kPlacesOfGroup; place += 2) {
      const int8_t* pair = group + ByteAt(place, c);
      sums_[c] += pair[0] + pair[1];
      beyond = beyond || (limits && Excess(pair[0], pair[1], *limits) != 0);
    }
  return beyond;
}
#endif

void SpilledBlock::SplitPair(size_t place, const PairLimits& limits) {
  Spill spill{.source = place};
  bool any = false;
  for (size_t c = 0; c < kColumns; ++c) {
    int8_t* pair = weights_ + ByteAt(place, c);
    const int32_t excess = Excess(pair[0], pair[1], limits);
    if (excess == 0) continue;
    any = true;
    spill.weights[c] = static_cast<int8_t>(excess);
    pair[0] = static_cast<int8_t>(pair[0] - excess);
  }
  if (any) Append(spill, limits);
}

void SpilledBlock::Append(const Spill& spill, const PairLimits& limits) {
  if (spills_.size() % 2 != 0) {
    const Spill& last = spills_.back();
    for (size_t c = 0; c < kColumns; ++c)
      if (Excess(last.weights[c], spill.weights[c], limits) != 0) {
        spills_.push_back({});
        break;
      }
  }
  spills_.push_back(spill);
}

}  // namespace insitu::kernels
