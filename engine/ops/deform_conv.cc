// DeformConv: a convolution whose every tap is read at a place moved by an offset of its own, and
// weighted by a mask. https://onnx.ai/onnx/operators/onnx__DeformConv.html (22).
// Offsets are [N, offset_group * taps * axes, output...], masks [N, offset_group * taps,
// output...]; between elements the input is interpolated linearly, outside it is zero. One to three
// spatial axes.
#include "ops/conv_reference.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/sampling.h"
#include "ops/widen.h"

namespace insitu {
namespace {

int64_t OffsetGroups(const Node& node) { return node.Attr<int64_t>("offset_group", 1); }

// Offsets or masks: [N, groups * taps * parts, output...].
Status CheckMoves(std::string_view what, const Shape* moves, const Shape& y, const Dim& channels) {
  if (!moves) return {};
  bool fits =
      moves->size() == y.size() && !Differ((*moves)[0], y[0]) && !Differ((*moves)[1], channels);
  for (size_t i = 2; fits && i < y.size(); ++i) fits = !Differ((*moves)[i], y[i]);
  if (fits) return {};
  return Fail(ErrorCode::kShapeMismatch, std::string(what) + " of shape " + ToString(*moves) +
                                             " does not fit an output of " + ToString(y) + ": " +
                                             channels.ToString() + " channels are needed");
}

Result<std::optional<Shape>> OutputShape(const Node& node, const Shape* x, const Shape* w,
                                         const Shape* offset, const Shape* mask) {
  const int64_t groups = OffsetGroups(node);
  if (groups < 1 || groups > kMaxWindow)
    return Fail(ErrorCode::kInvalidModel, "offset_group is " + std::to_string(groups));
  INSITU_ASSIGN(std::optional<Shape> shape, ConvOutputShape(node, x, w));
  if (!shape) return shape;
  if ((*x)[1].IsKnown() && (*x)[1].value() % groups != 0)
    return Fail(ErrorCode::kShapeMismatch, (*x)[1].ToString() + " channels cannot be split into " +
                                               std::to_string(groups) + " offset groups");
  const Dim taps = Product(std::span(*w).subspan(2)) * Dim(groups);
  const auto rank = static_cast<int64_t>(x->size()) - 2;
  INSITU_TRY(CheckMoves("the offset", offset, *shape, taps * Dim(rank)));
  INSITU_TRY(CheckMoves("the mask", mask, *shape, taps));
  return shape;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  for (size_t i = 1; i < 5; ++i) INSITU_TRY(RequireSameType(context, 0, i));
  INSITU_ASSIGN(std::optional<Shape> shape,
                OutputShape(context.node(), context.shape(0), context.shape(1), context.shape(2),
                            context.shape(4)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// Offsets and masks of one batch element and offset group, element [i] of which lies `points`
// apart.
struct Moves {
  const double* offset;
  const double* mask;  // nullptr: ones
  int64_t points;
};

// The samples that output `at` takes of channels [0, channels) from `x` on: one a channel and tap.
void Sample(const ConvGeometry& g, const Moves& moves, const int64_t (&at)[kSlots], int64_t point,
            const double* x, int64_t channels, double* samples) {
  const Window& k = g.window;
  const int64_t taps = k.kernel[0] * k.kernel[1] * k.kernel[2];
  const double* offset = moves.offset + point;
  SampleTaps places[kSlots];
  int64_t tap = 0;
  for (int64_t kd = 0; kd < k.kernel[0]; ++kd)
    for (int64_t kh = 0; kh < k.kernel[1]; ++kh)
      for (int64_t kw = 0; kw < k.kernel[2]; ++kw, ++tap) {
        const int64_t index[kSlots] = {kd, kh, kw};
        for (size_t i = k.Slot(0); i < kSlots; ++i, offset += moves.points) {
          const int64_t place = at[i] * k.stride[i] - k.pad_begin[i] + index[i] * k.dilation[i];
          places[i] =
              LinearTaps(static_cast<double>(place) + *offset, g.x.extent[i], g.x.stride[i]);
        }
        const double weight = moves.mask ? moves.mask[tap * moves.points + point] : 1;
        for (int64_t c = 0; c < channels; ++c)
          samples[c * taps + tap] = weight * Interpolate(x + c * g.x.channel_stride, places);
      }
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &w = context.inputs[1];
  const bool has_mask = context.HasInput(4);
  Shape shapes[5];
  for (size_t i : {0, 1, 2, 4})
    if (context.HasInput(i)) shapes[i] = ToShape(context.inputs[i].dims);
  INSITU_TRY(OutputShape(context.node, &shapes[0], &shapes[1], &shapes[2],
                         has_mask ? &shapes[4] : nullptr));
  Dims dims;
  INSITU_ASSIGN(const ConvGeometry g, ReadConvGeometry(context.node, x.dims, w.dims, dims));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  const TensorView* bias = context.HasInput(3) ? &context.inputs[3] : nullptr;
  if (bias && bias->elements() != g.y.channels)
    return Fail(ErrorCode::kShapeMismatch, "the bias has " + std::to_string(bias->elements()) +
                                               " values for " + std::to_string(g.y.channels) +
                                               " channels");
  INSITU_ASSIGN(const Tensor wide_x, Widened(x));
  INSITU_ASSIGN(const Tensor wide_w, Widened(w));
  INSITU_ASSIGN(const Tensor offset, Widened(context.inputs[2]));
  Tensor mask;
  if (has_mask) {
    INSITU_ASSIGN(mask, Widened(context.inputs[4]));
  }
  const int64_t taps = ElementsUnchecked(std::span(w.dims).subspan(2)), depth = w.dims[1],
                filters = g.y.channels / g.groups, offset_groups = OffsetGroups(context.node),
                moved = g.x.channels / offset_groups,
                points = ElementsUnchecked(std::span(y.dims).subspan(2));
  const auto rank = static_cast<int64_t>(g.window.rank);
  INSITU_ASSIGN(Tensor samples, Tensor::Allocate(DType::kFloat64, {g.x.channels, taps}));
  double* column = samples.As<double>().data();
  for (int64_t n = 0; n < g.y.batch; ++n)
    for (int64_t point = 0; point < points; ++point) {
      const int64_t at[kSlots] = {point / g.y.extent[2] / g.y.extent[1],
                                  point / g.y.extent[2] % g.y.extent[1], point % g.y.extent[2]};
      for (int64_t og = 0; og < offset_groups; ++og) {
        const int64_t block = (n * offset_groups + og) * taps * points;
        const Moves moves{offset.As<double>().data() + block * rank,
                          has_mask ? mask.As<double>().data() + block : nullptr, points};
        Sample(g, moves, at, point, wide_x.As<double>().data() + g.x.Offset(n, og * moved, 0, 0, 0),
               moved, column + og * moved * taps);
      }
      for (int64_t m = 0; m < g.y.channels; ++m) {
        const double* weights = wide_w.As<double>().data() + m * depth * taps;
        const double* from = column + m / filters * depth * taps;
        double sum = bias ? LoadReal(*bias, m) : 0;
        for (int64_t i = 0; i < depth * taps; ++i) sum += weights[i] * from[i];
        StoreElements(&sum, 1, y, (n * g.y.channels + m) * points + point);
      }
    }
  return {};
}

constexpr int kSince[] = {19, 22};
constexpr AttrSpec kAttributes[] = {
    {"dilations", AttrKind::kInts},   {"group", AttrKind::kInt}, {"kernel_shape", AttrKind::kInts},
    {"offset_group", AttrKind::kInt}, {"pads", AttrKind::kInts}, {"strides", AttrKind::kInts},
};

}  // namespace

const OpDef kDeformConvOp = {
    .name = "DeformConv",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 5,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend samples at computed places",
};

}  // namespace insitu
