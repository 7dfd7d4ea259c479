#include "exec/kernels/pair_spill.h"

#include <algorithm>

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
                           const PairLimits* limits) {
  const size_t depth = n.depth();
  weights_.assign((depth + 1) / 2 * 2 * kColumns, 0);
  for (size_t c = 0; c < count; ++c) {
    const LinearNumbers::Column column = n.column(first + c);
    for (size_t k = 0; k < depth; ++k) {
      const int32_t weight = column[k];
      weights_[k * kColumns + c] = static_cast<int8_t>(weight);
      sums_[c] += weight;
    }
  }
  if (!limits) return;
  for (size_t place = 0; place < depth; place += 2) SplitPair(place, *limits);
}

void SpilledBlock::SplitPair(size_t place, const PairLimits& limits) {
  int8_t* w = weights_.data() + place * kColumns;
  Spill spill{.source = place};
  bool any = false;
  for (size_t c = 0; c < kColumns; ++c) {
    const int32_t excess = Excess(w[c], w[kColumns + c], limits);
    if (excess == 0) continue;
    any = true;
    spill.weights[c] = static_cast<int8_t>(excess);
    w[c] = static_cast<int8_t>(w[c] - excess);
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
