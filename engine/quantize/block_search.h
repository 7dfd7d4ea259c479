// BlockSearch: codes, scale and zero point of one block of weights, by least squares.
// How: from several scales on, over the whole range and over clipped ones, in turns the codes
// nearest to the weights and the scale (and zero point) that suits the codes best, as long as the
// error falls. The best of all stays.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace insitu {

struct BlockFit {
  float scale = 1;
  int zero = 0;
  double squared_error = std::numeric_limits<double>::infinity();
};

class BlockSearch {
 public:
  // Codes are 0 to 2^bits - 1.
  explicit BlockSearch(int bits) : top_((1 << bits) - 1), middle_(1 << (bits - 1)) {}

  // The zero point is in the middle.
  void FitSymmetric(std::span<const float> weights);
  // Goes on from FitSymmetric of the same weights, so that the error is at most as large.
  void FitFree(std::span<const float> weights);

  const BlockFit& best() const { return best_; }
  std::span<const uint8_t> codes() const { return codes_; }

 private:
  // Sums over the block, with d = code - zero point.
  struct Sums {
    double d = 0, dd = 0, wd = 0;
  };

  void Begin(std::span<const float> weights);
  void Improve(std::span<const float> weights, float scale, int zero, bool free_zero);
  Sums Round(std::span<const float> weights, float scale, int zero);
  // Takes the rounded codes with the scale that suits them, if that is the best so far.
  double Take(const Sums& sums, int zero);

  const int top_, middle_;
  double weight_sum_ = 0, weight_squares_ = 0;
  std::vector<uint8_t> trial_, codes_;
  BlockFit best_;
};

}  // namespace insitu
