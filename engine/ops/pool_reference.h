// The walk over windows behind MaxPool, AveragePool and their quantized forms.
// Invariant: what lies in the padding is never read; a window says how many of its taps are inside.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/spatial.h"

namespace insitu {

struct PoolGeometry {
  Window window;  // pads resolved
  SpatialView x, y;
  Dims y_dims;
};

// The geometry of a pool's run, all of it checked.
Result<PoolGeometry> ReadPoolGeometry(const Node& node, std::span<const int64_t> x_dims);

// The taps of one window that lie inside the input, per slot.
struct Taps {
  int64_t first[kSlots], count[kSlots], step[kSlots];  // input positions

  int64_t inside() const { return count[0] * count[1] * count[2]; }
};

inline Taps TapsAt(const PoolGeometry& g, const int64_t (&output)[kSlots]) {
  Taps taps;
  for (size_t i = 0; i < kSlots; ++i) {
    const Window& w = g.window;
    const int64_t start = output[i] * w.stride[i] - w.pad_begin[i], step = w.dilation[i];
    const int64_t skipped = start < 0 ? std::min((-start + step - 1) / step, w.kernel[i]) : 0;
    taps.first[i] = start + skipped * step;
    taps.step[i] = step;
    const int64_t reached =
        std::clamp<int64_t>((g.x.extent[i] - start + step - 1) / step, 0, w.kernel[i]);
    taps.count[i] = std::max<int64_t>(reached - skipped, 0);
  }
  return taps;
}

// The elements that an average counts: the whole kernel, padding and what ceil_mode lets lie behind
// it included, or those inside the input.
inline int64_t AveragedCount(const PoolGeometry& g, const Taps& taps, bool include_pad) {
  const Window& w = g.window;
  return include_pad ? w.kernel[0] * w.kernel[1] * w.kernel[2] : taps.inside();
}

// Calls visit(offset in x) for every tap inside the input, in row-major order. `image` is the
// offset of batch element and channel.
template <class Visit>
void ForEachTap(const PoolGeometry& g, const Taps& taps, int64_t image, Visit&& visit) {
  for (int64_t d = 0; d < taps.count[0]; ++d)
    for (int64_t h = 0; h < taps.count[1]; ++h) {
      int64_t offset = image + (taps.first[0] + d * taps.step[0]) * g.x.stride[0] +
                       (taps.first[1] + h * taps.step[1]) * g.x.stride[1] +
                       taps.first[2] * g.x.stride[2];
      for (int64_t w = 0; w < taps.count[2]; ++w, offset += taps.step[2] * g.x.stride[2])
        visit(offset);
    }
}

// Calls visit(taps, offset of the image in x, offset in y) for every output.
template <class Visit>
void ForEachWindow(const PoolGeometry& g, Visit&& visit) {
  for (int64_t n = 0; n < g.y.batch; ++n)
    for (int64_t d = 0; d < g.y.extent[0]; ++d)
      for (int64_t h = 0; h < g.y.extent[1]; ++h)
        for (int64_t w = 0; w < g.y.extent[2]; ++w) {
          const Taps taps = TapsAt(g, {d, h, w});
          for (int64_t c = 0; c < g.y.channels; ++c)
            visit(taps, g.x.Offset(n, c, 0, 0, 0), g.y.Offset(n, c, d, h, w));
        }
}

}  // namespace insitu
