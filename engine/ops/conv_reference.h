// The one convolution loop behind Conv, ConvInteger and QLinearConv, for up to three spatial axes,
// both layouts and groups.
// Invariant: sums are exact in int32 (wrapping) or in double, in the order channel, depth, height,
// width of the kernel; what lies in the padding contributes nothing, that is, the zero point.
// A row of outputs is summed at a time, so that the innermost loop is a multiply-add over it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "ops/spatial.h"
#include "ops/sums.h"

namespace insitu {

inline constexpr int64_t kConvRow = 256;  // outputs summed at a time

struct ConvGeometry {
  Window window;  // pads resolved
  SpatialView x, y;
  int64_t groups = 1;
};

// The geometry of a run, all of it checked; `y_dims` receives the output extents.
Result<ConvGeometry> ReadConvGeometry(const Node& node, std::span<const int64_t> x_dims,
                                      std::span<const int64_t> w_dims, Dims& y_dims);

// First and one-past-last output position in [begin, end) whose input position, moved by `offset`,
// lies inside [0, extent).
inline std::pair<int64_t, int64_t> ValidOutputs(int64_t begin, int64_t end, int64_t stride,
                                                int64_t offset, int64_t extent) {
  const int64_t first = offset < 0 ? (-offset + stride - 1) / stride : 0;
  const int64_t last = offset < extent ? (extent - 1 - offset) / stride + 1 : 0;
  return {std::max(begin, first), std::min(end, last)};
}

// w is [M, C/groups, kd, kh, kw]; w_zero(m) gives the zero point of output channel m. Calls
// store(m, offset of the first output in y, sums) for every run of at most kConvRow outputs of
// one row.
template <class Sum, class X, class W, class WZero, class Store>
void Convolve(const ConvGeometry& g, const X* x, Sum x_zero, const W* w, WZero w_zero,
              Store store) {
  const Window& k = g.window;
  const int64_t filters = g.y.channels / g.groups, depth = g.x.channels / g.groups;
  const int64_t taps = k.kernel[0] * k.kernel[1] * k.kernel[2];
  Sum sums[kConvRow];

  // Adds the contributions of one tap along outputs [begin, end) of a row.
  const auto add_tap = [&](const X* row, Sum weight, int64_t kw, int64_t begin, int64_t end) {
    const int64_t offset = kw * k.dilation[2] - k.pad_begin[2];
    const auto [first, last] = ValidOutputs(begin, end, k.stride[2], offset, g.x.extent[2]);
    if (first >= last) return;
    const X* from = row + (first * k.stride[2] + offset) * g.x.stride[2];
    const int64_t step = k.stride[2] * g.x.stride[2];
    for (int64_t i = 0; i < last - first; ++i)
      AddProduct(sums[first - begin + i], static_cast<Sum>(from[i * step]) - x_zero, weight);
  };

  for (int64_t n = 0; n < g.y.batch; ++n)
    for (int64_t m = 0; m < g.y.channels; ++m) {
      const Sum zero = w_zero(m);
      const X* image = x + g.x.Offset(n, m / filters * depth, 0, 0, 0);
      for (int64_t od = 0; od < g.y.extent[0]; ++od)
        for (int64_t oh = 0; oh < g.y.extent[1]; ++oh)
          for (int64_t begin = 0; begin < g.y.extent[2]; begin += kConvRow) {
            const int64_t end = std::min(begin + kConvRow, g.y.extent[2]);
            std::fill_n(sums, end - begin, Sum{});
            const W* weight = w + m * depth * taps;
            for (int64_t c = 0; c < depth; ++c)
              for (int64_t kd = 0; kd < k.kernel[0]; ++kd)
                for (int64_t kh = 0; kh < k.kernel[1]; ++kh, weight += k.kernel[2]) {
                  const int64_t id = od * k.stride[0] + kd * k.dilation[0] - k.pad_begin[0];
                  const int64_t ih = oh * k.stride[1] + kh * k.dilation[1] - k.pad_begin[1];
                  if (id < 0 || id >= g.x.extent[0] || ih < 0 || ih >= g.x.extent[1]) continue;
                  const X* row = image + g.x.Offset(0, c, id, ih, 0);
                  for (int64_t kw = 0; kw < k.kernel[2]; ++kw)
                    add_tap(row, static_cast<Sum>(weight[kw]) - zero, kw, begin, end);
                }
            store(m, g.y.Offset(n, m, od, oh, begin),
                  std::span(sums, static_cast<size_t>(end - begin)));
          }
    }
}

}  // namespace insitu
