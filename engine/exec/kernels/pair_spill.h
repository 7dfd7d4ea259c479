// Byte weights laid out for dot products whose pairs saturate. Products of two neighbours are
// summed in int16, which holds 255 * (w0 + w1) only while w0 + w1 is within [-128, 128]. Of a pair
// beyond that, the excess of the first weight moves to a place behind the others, where the data of
// that element are met once more: the sum is the same.
// Invariant: no pair of places of a column is beyond the limits.
#pragma once

#include <span>
#include <vector>

#include "exec/kernels/linear_numbers.h"

namespace insitu::kernels {

// The largest sums of a pair's positive and of its negative weights.
struct PairLimits {
  int32_t high = 128, low = -128;
};

inline constexpr size_t kPlacesOfGroup = 4, kBytesOfGroup = 32;

// Where the weight of one of eight columns is in a block: groups of four places, in each first
// those of columns 0 to 3, then of columns 4 to 7, four bytes a column.
inline size_t ByteAt(size_t place, size_t column) {
  return place / kPlacesOfGroup * kBytesOfGroup + column * kPlacesOfGroup + place % kPlacesOfGroup;
}

// Lays out the weights of eight columns from `first` on, `count` of them real, in places in order.
class SpilledBlock {
 public:
  static constexpr size_t kColumns = 8;
  struct Spill {
    size_t source = 0;  // the element of the row
    int8_t weights[kColumns] = {};
  };

  // `to` has whole groups of zeros. Without limits nothing spills.
  SpilledBlock(const LinearNumbers& numbers, size_t first, size_t count, const PairLimits* limits,
               int8_t* to);

  const std::vector<Spill>& spills() const { return spills_; }
  std::span<const int32_t> sums() const { return sums_; }  // of the weights of each column

 private:
  // Of one group: whether a pair may be beyond the limits.
  bool SumGroup(const int8_t* group, const PairLimits* limits);
  void SplitPair(size_t place, const PairLimits& limits);
  void Append(const Spill& spill, const PairLimits& limits);

  int8_t* weights_;
  std::vector<Spill> spills_;
  alignas(16) int32_t sums_[kColumns] = {};
};

// Of a pair of weights: what is beyond the limits; 0 where nothing is.
int32_t Excess(int32_t first, int32_t second, const PairLimits& limits);

}  // namespace insitu::kernels
