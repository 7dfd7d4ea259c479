// Checks of window attributes and the extent arithmetic of convolutions and pools.
#include "ops/spatial.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/checked.h"

namespace insitu {
namespace {

Status CheckRange(std::string_view what, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return Fail(ErrorCode::kInvalidModel,
              std::string(what) + " has the value " + std::to_string(value) + ", outside [" +
                  std::to_string(low) + ", " + std::to_string(high) + "]",
              "Export the model again; the window attributes are damaged.");
}

}  // namespace

Status ReadWindowList(const Node& node, std::string_view key, size_t count, int64_t low,
                      int64_t high, int64_t* into) {
  const auto list = node.Attr<std::vector<int64_t>>(key, {});
  if (list.empty()) return {};
  if (list.size() != count)
    return Fail(ErrorCode::kInvalidModel, std::string(key) + " has " + std::to_string(list.size()) +
                                              " entries, but " + std::to_string(count) +
                                              " are needed for this rank");
  for (size_t i = 0; i < count; ++i) {
    INSITU_TRY(CheckRange(key, list[i], low, high));
    into[i] = list[i];
  }
  return {};
}

namespace {

Result<AutoPad> ReadAutoPad(const Node& node) {
  const auto text = node.Attr<std::string>("auto_pad", "NOTSET");
  if (text == "NOTSET" || text.empty()) return AutoPad::kNotSet;
  if (text == "SAME_UPPER") return AutoPad::kSameUpper;
  if (text == "SAME_LOWER") return AutoPad::kSameLower;
  if (text == "VALID") return AutoPad::kValid;
  return Fail(ErrorCode::kInvalidModel, "auto_pad is '" + text + "'",
              "Use NOTSET, SAME_UPPER, SAME_LOWER or VALID.");
}

Status CheckSpatialRank(const Shape& x) {
  if (x.size() >= 3 && x.size() <= 2 + kSlots) return {};
  return Fail(ErrorCode::kShapeMismatch, "the input has shape " + ToString(x) +
                                             ", but batch, channels and 1 to 3 spatial "
                                             "extents are needed");
}

// Output shape from the input's, with `channels` channels.
Result<Shape> WindowedShape(const Window& window, bool channels_last, const Shape& x,
                            const Dim& channels) {
  Shape spatial;
  const size_t first = FirstSpatialAxis(channels_last);
  for (size_t i = 0; i < window.rank; ++i)
    spatial.push_back(OutputDim(window, window.Slot(i), x[first + i]));
  auto shape = SpatialShape(channels_last, x[0], channels, spatial);
  if (!shape) shape.error().message += " for an input of shape " + ToString(x);
  return shape;
}

}  // namespace

Result<Window> ReadWindow(const Node& node, size_t spatial_rank,
                          std::span<const int64_t> weight_kernel) {
  if (spatial_rank < 1 || spatial_rank > kSlots)
    return Fail(ErrorCode::kUnsupportedOp,
                std::to_string(spatial_rank) + " spatial axes; insitu has kernels for 1 to 3");
  Window window;
  window.rank = spatial_rank;
  const size_t slot = window.Slot(0);
  for (size_t i = 0; i < weight_kernel.size(); ++i) {
    INSITU_TRY(CheckRange("a spatial extent of the weights", weight_kernel[i], 1, kMaxWindow));
    window.kernel[slot + i] = weight_kernel[i];
  }
  INSITU_TRY(
      ReadWindowList(node, "kernel_shape", spatial_rank, 1, kMaxWindow, &window.kernel[slot]));
  if (!weight_kernel.empty() &&
      !std::equal(weight_kernel.begin(), weight_kernel.end(), &window.kernel[slot]))
    return Fail(ErrorCode::kInvalidModel,
                "kernel_shape contradicts the weights, whose spatial extents are " +
                    ToString(weight_kernel));
  INSITU_TRY(ReadWindowList(node, "strides", spatial_rank, 1, kMaxWindow, &window.stride[slot]));
  INSITU_TRY(
      ReadWindowList(node, "dilations", spatial_rank, 1, kMaxWindow, &window.dilation[slot]));
  INSITU_ASSIGN(window.auto_pad, ReadAutoPad(node));
  if (window.auto_pad == AutoPad::kNotSet) {
    int64_t pads[2 * kSlots] = {};
    INSITU_TRY(ReadWindowList(node, "pads", 2 * spatial_rank, 0, kMaxWindow, pads));
    std::copy_n(pads, spatial_rank, &window.pad_begin[slot]);
    std::copy_n(pads + spatial_rank, spatial_rank, &window.pad_end[slot]);
  }
  for (size_t i = slot; i < kSlots; ++i)
    INSITU_TRY(CheckRange("the reach of the dilated kernel", window.Reach(i), 1, kMaxWindow));
  const auto taps = CheckedProduct(window.kernel);
  INSITU_TRY(CheckRange("the number of taps of the kernel", taps.value_or(0), 1, kMaxWindow));
  window.ceil_mode = node.Attr<int64_t>("ceil_mode", 0) != 0;
  return window;
}

Dim OutputDim(const Window& window, size_t slot, const Dim& input) {
  const Dim stride(window.stride[slot]);
  if (window.auto_pad == AutoPad::kSameUpper || window.auto_pad == AutoPad::kSameLower)
    return CeilDiv(input, stride);
  const Dim room =
      input + Dim(window.pad_begin[slot] + window.pad_end[slot]) - Dim(window.Reach(slot));
  if (!window.ceil_mode) return FloorDiv(room, stride) + Dim(1);
  // A window that would start behind the input and its first padding is dropped.
  return Min(CeilDiv(room, stride) + Dim(1), CeilDiv(input + Dim(window.pad_begin[slot]), stride));
}

void ResolvePads(Window& window, std::span<const int64_t, kSlots> input) {
  const bool upper = window.auto_pad == AutoPad::kSameUpper;
  if (!upper && window.auto_pad != AutoPad::kSameLower) return;
  for (size_t i = 0; i < kSlots; ++i) {
    const int64_t output = (input[i] + window.stride[i] - 1) / window.stride[i];
    const int64_t total =
        std::max<int64_t>(0, (output - 1) * window.stride[i] + window.Reach(i) - input[i]);
    window.pad_begin[i] = upper ? total / 2 : total - total / 2;
    window.pad_end[i] = total - window.pad_begin[i];
  }
  window.auto_pad = AutoPad::kNotSet;
}

Result<Shape> SpatialShape(bool channels_last, const Dim& batch, const Dim& channels,
                           std::span<const Dim> spatial) {
  Shape shape = {batch};
  if (!channels_last) shape.push_back(channels);
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  if (channels_last) shape.push_back(channels);
  for (const Dim& dim : spatial)
    if (dim.IsKnown() && dim.value() < 1)
      return Fail(ErrorCode::kShapeMismatch,
                  "the window is larger than the padded input: the output would have shape " +
                      ToString(shape),
                  "Feed a larger input.");
  return shape;
}

SpatialView MakeSpatialView(std::span<const int64_t> dims, bool channels_last) {
  SpatialView view;
  const size_t rank = dims.size() - 2;
  const size_t channel_axis = ChannelAxis(channels_last, dims.size());
  const size_t first = FirstSpatialAxis(channels_last);
  std::vector<int64_t> strides(dims.size(), 1);
  for (size_t i = dims.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  view.batch = dims[0];
  view.batch_stride = strides[0];
  view.channels = dims[channel_axis];
  view.channel_stride = strides[channel_axis];
  for (size_t i = 0; i < rank; ++i) {
    view.extent[kSlots - rank + i] = dims[first + i];
    view.stride[kSlots - rank + i] = strides[first + i];
  }
  return view;
}

Result<std::optional<Shape>> ConvOutputShape(const Node& node, const Shape* x, const Shape* w) {
  const auto groups = node.Attr<int64_t>("group", 1);
  if (groups < 1)
    return Fail(ErrorCode::kInvalidModel,
                "group is " + std::to_string(groups) + ", but must be at least 1");
  if (!x || !w) return std::nullopt;
  INSITU_TRY(CheckSpatialRank(*x));
  if (w->size() != x->size())
    return Fail(ErrorCode::kShapeMismatch, "the weights have shape " + ToString(*w) +
                                               " and the input " + ToString(*x) +
                                               ": the ranks differ");
  const bool channels_last = IsChannelsLast(node);
  const Dim& channels = (*x)[ChannelAxis(channels_last, x->size())];
  const Dim &filters = (*w)[0], &depth = (*w)[1];
  if (filters.IsKnown() && (filters.value() < 1 || filters.value() % groups != 0))
    return Fail(ErrorCode::kShapeMismatch, std::to_string(filters.value()) +
                                               " output channels cannot be split into " +
                                               std::to_string(groups) + " groups");
  if (channels.IsKnown() && depth.IsKnown() &&
      (channels.value() % groups != 0 || channels.value() / groups != depth.value()))
    return Fail(ErrorCode::kShapeMismatch,
                "the input of shape " + ToString(*x) + " has " + std::to_string(channels.value()) +
                    " channels, but weights of shape " + ToString(*w) + " in " +
                    std::to_string(groups) + " groups need " + (depth * Dim(groups)).ToString());
  const auto kernel = KnownDims(std::span(*w).subspan(2));
  if (!kernel && !node.Has("kernel_shape")) {
    Shape spatial(x->size() - 2, Dim::Unknown());
    return SpatialShape(channels_last, (*x)[0], filters, spatial);
  }
  INSITU_ASSIGN(const Window window,
                ReadWindow(node, x->size() - 2, kernel ? *kernel : std::vector<int64_t>{}));
  return WindowedShape(window, channels_last, *x, filters);
}

Result<std::optional<Shape>> PoolOutputShape(const Node& node, const Shape* x) {
  if (!node.Has("kernel_shape")) return Fail(ErrorCode::kInvalidModel, "kernel_shape is missing");
  if (!x) return std::nullopt;
  INSITU_TRY(CheckSpatialRank(*x));
  const bool channels_last = IsChannelsLast(node);
  INSITU_ASSIGN(const Window window, ReadWindow(node, x->size() - 2, {}));
  return WindowedShape(window, channels_last, *x, (*x)[ChannelAxis(channels_last, x->size())]);
}

Result<std::optional<Shape>> GlobalPoolOutputShape(const Node& node, const Shape* x) {
  if (!x) return std::nullopt;
  INSITU_TRY(CheckSpatialRank(*x));
  const bool channels_last = IsChannelsLast(node);
  Shape spatial(x->size() - 2, Dim(1));
  return SpatialShape(channels_last, (*x)[0], (*x)[ChannelAxis(channels_last, x->size())], spatial);
}

std::optional<Attributes> CommuteSpatial(const Graph&, const Node& node,
                                         std::span<const int64_t> perm) {
  const size_t rank = perm.size();
  if (rank < 3 || perm[0] != 0) return std::nullopt;
  const bool channels_last = IsChannelsLast(node);
  // To channels-last, axis i comes from i + 1 and the last from 1; back, the other way round.
  for (size_t i = 1; i < rank; ++i) {
    const size_t source = channels_last ? (i == 1 ? rank - 1 : i - 1) : (i + 1 < rank ? i + 1 : 1);
    if (perm[i] != static_cast<int64_t>(source)) return std::nullopt;
  }
  Attributes attributes = node.attributes;
  if (channels_last) {
    attributes.erase("channels_last");
  } else {
    attributes.insert_or_assign("channels_last", int64_t{1});
  }
  return attributes;
}

}  // namespace insitu
