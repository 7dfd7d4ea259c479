// Reading a spatial tensor between its elements: taps along each of three axes (ops/spatial.h),
// whose weights multiply. Shared by GridSample and DeformConv. Invariant: a tap outside the tensor
// has the offset kOutside and counts as zero.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ops/spatial.h"

namespace insitu {

inline constexpr int64_t kOutside = -1;

struct SampleTaps {
  int count = 1;
  int64_t offset[4] = {};  // position times stride
  double weight[4] = {1, 0, 0, 0};
};

// The two neighbours of x, which may be any number.
inline SampleTaps LinearTaps(double x, int64_t extent, int64_t stride) {
  if (!(x > -2)) x = -2;
  x = std::min(x, static_cast<double>(extent + 1));
  const double floor = std::floor(x), t = x - floor;
  SampleTaps taps{2, {}, {1 - t, t, 0, 0}};
  for (int i = 0; i < 2; ++i) {
    const int64_t at = static_cast<int64_t>(floor) + i;
    taps.offset[i] = at >= 0 && at < extent ? at * stride : kOutside;
  }
  return taps;
}

inline double Interpolate(const double* x, const SampleTaps (&taps)[kSlots]) {
  double sum = 0;
  for (int d = 0; d < taps[0].count; ++d)
    for (int h = 0; h < taps[1].count; ++h) {
      if (taps[0].offset[d] == kOutside || taps[1].offset[h] == kOutside) continue;
      const double* row = x + taps[0].offset[d] + taps[1].offset[h];
      double line = 0;
      for (int w = 0; w < taps[2].count; ++w)
        if (taps[2].offset[w] != kOutside) line += taps[2].weight[w] * row[taps[2].offset[w]];
      sum += taps[0].weight[d] * taps[1].weight[h] * line;
    }
  return sum;
}

}  // namespace insitu
