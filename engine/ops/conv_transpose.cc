// ConvTranspose: every input element times the weights [C, M/group, ...], added up where it lands.
// https://onnx.ai/onnx/operators/onnx__ConvTranspose.html (22). channels_last and the fused
// activation are insitu's own.
// Output extent: (input - 1) * stride + output_padding + reach of the kernel - pads; where the
// attribute output_shape or auto_pad says it, the pads follow from it, the odd one in front unless
// auto_pad is SAME_UPPER.
#include <algorithm>

#include "ops/activation.h"
#include "ops/conv_reference.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/widen.h"

namespace insitu {
namespace {

struct Transposition {
  Window window;
  int64_t output_padding[kSlots] = {0, 0, 0};
  int64_t output_shape[kSlots] = {0, 0, 0};  // 0: follows from the rest
  int64_t groups = 1;
};

Result<Transposition> ReadTransposition(const Node& node, size_t rank,
                                        std::span<const int64_t> kernel) {
  Transposition t;
  INSITU_ASSIGN(t.window, ReadWindow(node, rank, kernel));
  const size_t slot = t.window.Slot(0);
  INSITU_TRY(ReadWindowList(node, "output_padding", rank, 0, kMaxWindow, &t.output_padding[slot]));
  INSITU_TRY(ReadWindowList(node, "output_shape", rank, 1, kMaxWindow, &t.output_shape[slot]));
  t.groups = node.Attr<int64_t>("group", 1);
  return t;
}

bool IsSame(const Window& window) {
  return window.auto_pad == AutoPad::kSameUpper || window.auto_pad == AutoPad::kSameLower;
}

Dim OutputExtent(const Transposition& t, size_t slot, const Dim& input) {
  const Window& w = t.window;
  if (t.output_shape[slot] > 0) return t.output_shape[slot];
  if (IsSame(w)) return input * Dim(w.stride[slot]);
  return (input - Dim(1)) * Dim(w.stride[slot]) +
         Dim(t.output_padding[slot] + w.Reach(slot) - w.pad_begin[slot] - w.pad_end[slot]);
}

// The padding in front where the output extent decides it.
void ResolvePadding(Transposition& t, const SpatialView& x, const SpatialView& y) {
  Window& w = t.window;
  for (size_t i = w.Slot(0); i < kSlots; ++i) {
    if (t.output_shape[i] == 0 && !IsSame(w)) continue;
    const int64_t total = std::max<int64_t>(
        0, (x.extent[i] - 1) * w.stride[i] + t.output_padding[i] + w.Reach(i) - y.extent[i]);
    w.pad_begin[i] = w.auto_pad == AutoPad::kSameUpper ? total / 2 : total - total / 2;
  }
}

Result<std::optional<Shape>> OutputShape(const Node& node, const Shape* x, const Shape* w) {
  const auto groups = node.Attr<int64_t>("group", 1);
  if (groups < 1 || groups > kMaxWindow)
    return Fail(ErrorCode::kInvalidModel, "group is " + std::to_string(groups));
  if (!x || !w) return std::nullopt;
  const bool channels_last = IsChannelsLast(node);
  const size_t rank = x->size();
  const auto channels = rank >= 3 ? (*x)[ChannelAxis(channels_last, rank)] : Dim();
  if (rank < 3 || rank > 2 + kSlots || w->size() != rank || Differ(channels, (*w)[0]) ||
      (channels.IsKnown() && channels.value() % groups != 0))
    return Fail(ErrorCode::kShapeMismatch,
                "weights of shape " + ToString(*w) + " in " + std::to_string(groups) +
                    " groups do not fit an input of shape " + ToString(*x),
                "They are [C, M/group, kernel] for an input [N, C, 1 to 3 spatial extents].");
  const auto kernel = KnownDims(std::span(*w).subspan(2));
  const Dim filters = (*w)[1] * Dim(groups);
  Shape spatial(rank - 2);
  if (kernel) {
    INSITU_ASSIGN(const Transposition t, ReadTransposition(node, rank - 2, *kernel));
    for (size_t i = 0; i < spatial.size(); ++i)
      spatial[i] = OutputExtent(t, t.window.Slot(i), (*x)[FirstSpatialAxis(channels_last) + i]);
  }
  return SpatialShape(channels_last, (*x)[0], filters, spatial);
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  INSITU_TRY(RequireSameType(context, 0, 2));
  INSITU_ASSIGN(std::optional<Shape> shape,
                OutputShape(context.node(), context.shape(0), context.shape(1)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// Adds what input channel `c` of image `x` contributes to `plane`, [depth, height, width]; `w`
// holds the taps of the two channels.
template <class T>
void AddChannel(const Transposition& t, const SpatialView& x_view, const SpatialView& y_view,
                const T* x, const T* w, double* plane) {
  const Window& k = t.window;
  for (int64_t kd = 0; kd < k.kernel[0]; ++kd)
    for (int64_t kh = 0; kh < k.kernel[1]; ++kh)
      for (int64_t kw = 0; kw < k.kernel[2]; ++kw, ++w)
        for (int64_t d = 0; d < x_view.extent[0]; ++d) {
          const int64_t od = d * k.stride[0] + kd * k.dilation[0] - k.pad_begin[0];
          if (od < 0 || od >= y_view.extent[0]) continue;
          for (int64_t h = 0; h < x_view.extent[1]; ++h) {
            const int64_t oh = h * k.stride[1] + kh * k.dilation[1] - k.pad_begin[1];
            if (oh < 0 || oh >= y_view.extent[1]) continue;
            const int64_t offset = kw * k.dilation[2] - k.pad_begin[2];
            const auto [first, last] =
                ValidOutputs(0, x_view.extent[2], k.stride[2], offset, y_view.extent[2]);
            const T* from = x + x_view.Offset(0, 0, d, h, 0);
            double* to = plane + (od * y_view.extent[1] + oh) * y_view.extent[2] + offset;
            for (int64_t i = first; i < last; ++i)
              to[i * k.stride[2]] += static_cast<double>(from[i * x_view.stride[2]]) * *w;
          }
        }
}

template <class T>
Status RunTyped(const Transposition& t, const SpatialView& x_view, const SpatialView& y_view,
                const T* x, const T* w, const TensorView* bias, const TensorView& y) {
  const int64_t depth = x_view.channels / t.groups, filters = y_view.channels / t.groups;
  const int64_t taps = t.window.kernel[0] * t.window.kernel[1] * t.window.kernel[2];
  const int64_t rows = y_view.extent[0] * y_view.extent[1], width = y_view.extent[2];
  INSITU_ASSIGN(Tensor plane, Tensor::Allocate(DType::kFloat64, {rows, width}));
  double* sums = plane.As<double>().data();
  for (int64_t n = 0; n < y_view.batch; ++n)
    for (int64_t m = 0; m < y_view.channels; ++m) {
      std::fill_n(sums, rows * width, bias ? LoadReal(*bias, m) : 0.0);
      const int64_t group = m / filters;
      for (int64_t c = group * depth; c < (group + 1) * depth; ++c)
        AddChannel(t, x_view, y_view, x + x_view.Offset(n, c, 0, 0, 0),
                   w + (c * filters + m % filters) * taps, sums);
      for (int64_t row = 0; row < rows; ++row)
        StoreElements(sums + row * width, width, y,
                      y_view.Offset(n, m, row / y_view.extent[1], row % y_view.extent[1], 0),
                      y_view.stride[2]);
    }
  return {};
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &w = context.inputs[1];
  const Shape x_shape = ToShape(x.dims), w_shape = ToShape(w.dims);
  INSITU_ASSIGN(const auto shape, OutputShape(context.node, &x_shape, &w_shape));
  INSITU_ASSIGN(Dims dims, DimsOfRun(*shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  const bool channels_last = IsChannelsLast(context.node);
  const SpatialView x_view = MakeSpatialView(x.dims, channels_last),
                    y_view = MakeSpatialView(y.dims, channels_last);
  INSITU_ASSIGN(Transposition t,
                ReadTransposition(context.node, x.dims.size() - 2, std::span(w.dims).subspan(2)));
  ResolvePadding(t, x_view, y_view);
  const TensorView* bias = context.HasInput(2) ? &context.inputs[2] : nullptr;
  if (bias && bias->elements() != y_view.channels)
    return Fail(ErrorCode::kShapeMismatch, "the bias has " + std::to_string(bias->elements()) +
                                               " values for " + std::to_string(y_view.channels) +
                                               " channels");
  if (y.elements() == 0) return {};
  if (x.dtype == DType::kFloat32) {
    INSITU_TRY(RunTyped(t, x_view, y_view, x.As<float>().data(), w.As<float>().data(), bias, y));
  } else {
    INSITU_ASSIGN(const Tensor wide_x, Widened(x));
    INSITU_ASSIGN(const Tensor wide_w, Widened(w));
    INSITU_TRY(RunTyped(t, x_view, y_view, wide_x.As<double>().data(), wide_w.As<double>().data(),
                        bias, y));
  }
  ApplyActivation(context.node, y);
  return {};
}

constexpr int kSince[] = {1, 11, 22};
constexpr AttrSpec kAttributes[] = {
    {"auto_pad", AttrKind::kString},     {"dilations", AttrKind::kInts},
    {"group", AttrKind::kInt},           {"kernel_shape", AttrKind::kInts},
    {"output_padding", AttrKind::kInts}, {"output_shape", AttrKind::kInts},
    {"pads", AttrKind::kInts},           {"strides", AttrKind::kInts},
};

}  // namespace

const OpDef kConvTransposeOp = {
    .name = "ConvTranspose",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "backends are not asked for transposed convolutions",
    .commute = CommuteSpatial,
};

}  // namespace insitu
