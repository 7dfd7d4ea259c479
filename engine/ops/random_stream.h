// RandomStream: the generator behind every random operator, MT19937 read as
// numpy.random.RandomState reads it (53-bit uniform numbers, normal ones by the polar method), so
// that a seed means the same here as there. https://dl.acm.org/doi/10.1145/272991.272995 Invariant:
// the same seed gives the same numbers in every run, flavour and thread count; nodes without a seed
// get another one at every run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "ir/graph.h"

namespace insitu {

class RandomStream {
 public:
  explicit RandomStream(uint32_t seed);
  // In [0, 1).
  double Uniform();
  // Mean 0, variance 1.
  double Normal();

 private:
  uint32_t Next();

  std::array<uint32_t, 624> state_;
  size_t position_;
  std::optional<double> spare_;  // the second number of a pair of normal ones
};

// The stream of one run of a node, as its attribute `seed` (float or integer) says.
RandomStream RandomStreamOf(const Node& node);

}  // namespace insitu
