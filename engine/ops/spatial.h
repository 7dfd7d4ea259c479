// What convolutions and pools share: reading and checking window attributes, output extents,
// strides of both layouts, and the walk over windows.
// Invariant: three spatial slots (depth, height, width), lower ranks in the last ones, the unused
// ones with extent and kernel 1; so a 1-D operator is a 2-D one of height 1.
// Output extents: onnx.ai/onnx/operators, Conv and MaxPool.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/dim.h"
#include "base/error.h"
#include "ir/graph.h"
#include "ops/op_def.h"

namespace insitu {

inline constexpr size_t kSlots = 3;

enum class AutoPad : uint8_t { kNotSet, kSameUpper, kSameLower, kValid };

struct Window {
  size_t rank = 2;  // spatial axes
  int64_t kernel[kSlots] = {1, 1, 1};
  int64_t stride[kSlots] = {1, 1, 1};
  int64_t dilation[kSlots] = {1, 1, 1};
  int64_t pad_begin[kSlots] = {0, 0, 0};
  int64_t pad_end[kSlots] = {0, 0, 0};
  AutoPad auto_pad = AutoPad::kNotSet;
  bool ceil_mode = false;

  size_t Slot(size_t spatial_axis) const { return kSlots - rank + spatial_axis; }
  // Input elements from the first to the last tap.
  int64_t Reach(size_t slot) const { return (kernel[slot] - 1) * dilation[slot] + 1; }
};

// Far above any real model, far below overflow of sums and products of window attributes.
inline constexpr int64_t kMaxWindow = int64_t{1} << 30;

// Reads the attribute `key`, if it is given, into `count` numbers within [low, high]; InvalidModel
// naming it otherwise.
Status ReadWindowList(const Node& node, std::string_view key, size_t count, int64_t low,
                      int64_t high, int64_t* into);

// Reads kernel_shape, strides, dilations, pads, auto_pad and ceil_mode. `weight_kernel` holds the
// spatial extents of the weights (empty for pools) and must agree with kernel_shape.
// InvalidModel naming the attribute when one is absurd.
Result<Window> ReadWindow(const Node& node, size_t spatial_rank,
                          std::span<const int64_t> weight_kernel);

// The output extent of one slot; may be symbolic.
Dim OutputDim(const Window& window, size_t slot, const Dim& input);
// Replaces auto_pad by the pads that it means for these extents.
void ResolvePads(Window& window, std::span<const int64_t, kSlots> input);

inline bool IsChannelsLast(const Node& node) { return node.Attr<int64_t>("channels_last", 0) != 0; }
// The index of the channel axis and of the first spatial axis.
inline size_t ChannelAxis(bool channels_last, size_t rank) { return channels_last ? rank - 1 : 1; }
inline size_t FirstSpatialAxis(bool channels_last) { return channels_last ? 1 : 2; }

// Shape [N, C, spatial...] or [N, spatial..., C]; ShapeMismatch naming an extent below 1.
Result<Shape> SpatialShape(bool channels_last, const Dim& batch, const Dim& channels,
                           std::span<const Dim> spatial);

// Extents and element strides of a tensor in either layout.
struct SpatialView {
  int64_t batch = 1, channels = 1;
  int64_t extent[kSlots] = {1, 1, 1};
  int64_t batch_stride = 0, channel_stride = 0;
  int64_t stride[kSlots] = {0, 0, 0};

  int64_t Offset(int64_t n, int64_t c, int64_t d, int64_t h, int64_t w) const {
    return n * batch_stride + c * channel_stride + d * stride[0] + h * stride[1] + w * stride[2];
  }
};
SpatialView MakeSpatialView(std::span<const int64_t> dims, bool channels_last);

// Output shape of a convolution of x [N, C, ...] (or channels-last) with w [M, C/group, ...].
// nullopt when a rank is unknown.
Result<std::optional<Shape>> ConvOutputShape(const Node& node, const Shape* x, const Shape* w);
// Output shape of a pool over x.
Result<std::optional<Shape>> PoolOutputShape(const Node& node, const Shape* x);
// Output shape of a pool over everything: spatial extents become 1.
Result<std::optional<Shape>> GlobalPoolOutputShape(const Node& node, const Shape* x);

// The attributes of a spatial operator behind a permutation between [N, C, ...] and [N, ..., C],
// else nullopt. The commute callback of all of them.
std::optional<Attributes> CommuteSpatial(const Graph& graph, const Node& node,
                                         std::span<const int64_t> perm);

// The last two slots, as LoweredOp wants them: works on lowered::Convolution and lowered::Pool.
template <class Struct>
void StoreWindow(const Window& window, Struct& lowered) {
  for (size_t i = 0; i < 2; ++i) {
    lowered.kernel[i] = window.kernel[i + 1];
    lowered.stride[i] = window.stride[i + 1];
    lowered.dilation[i] = window.dilation[i + 1];
    lowered.pad_begin[i] = window.pad_begin[i + 1];
    lowered.pad_end[i] = window.pad_end[i + 1];
  }
  lowered.auto_pad_same_upper = window.auto_pad == AutoPad::kSameUpper;
  lowered.auto_pad_same_lower = window.auto_pad == AutoPad::kSameLower;
}

}  // namespace insitu
