// The granularity of QuantizeLinear and DequantizeLinear: one scale for all, one per slice of an
// axis, or one per block of consecutive slices.
// Invariant: every scale is positive and finite and the counts fit the extents of the data.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/elements.h"
#include "ops/op_def.h"

namespace insitu {

struct QuantizedAxis {
  int64_t outer = 1, extent = 1, inner = 1;  // data as [outer, extent, inner]
  int64_t block = 1;                         // slices of the axis under one scale
  bool varies_outside = false;               // in blocks, scales differ by outer and inner too
  std::vector<float> scale;
  std::vector<int32_t> zero_point;
};

// Checks scale, zero point and axis of a node with inputs (data, scale, zero point) as far as
// inference can.
Status CheckQuantizedAxis(const InferContext& context);
Result<QuantizedAxis> ReadQuantizedAxis(const RunContext& context);
// Per-axis quantization moves its axis with the permutation; blocked does not pass.
std::optional<Attributes> CommuteQuantizedAxis(const Graph& graph, const Node& node,
                                               std::span<const int64_t> perm);

// Calls f(offset, count, scale, zero point) for consecutive runs of at most kBlock elements.
template <class F>
void ForEachQuantizedRun(const QuantizedAxis& q, F&& f) {
  const int64_t blocks = (q.extent + q.block - 1) / q.block;
  for (int64_t o = 0; o < q.outer; ++o)
    for (int64_t e = 0; e < q.extent; ++e) {
      const int64_t start = (o * q.extent + e) * q.inner, slice = e / q.block;
      if (q.varies_outside) {
        for (int64_t i = 0; i < q.inner; ++i) {
          const auto at = static_cast<size_t>((o * blocks + slice) * q.inner + i);
          f(start + i, int64_t{1}, q.scale[at], q.zero_point[at]);
        }
        continue;
      }
      const size_t at = q.scale.size() == 1 ? 0 : static_cast<size_t>(slice);
      for (int64_t i = 0; i < q.inner; i += kBlock)
        f(start + i, std::min(kBlock, q.inner - i), q.scale[at], q.zero_point[at]);
    }
}

}  // namespace insitu
