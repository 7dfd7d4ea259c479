// Resize: the input sampled at other positions along some axes, by scales or to sizes.
// https://onnx.ai/onnx/operators/onnx__Resize.html (19; Upsample and earlier forms are rewritten at
// import). One axis after another: y[o] = sum of weight * x[tap] over the taps of o.
// Sums are taken in double; integers are cut off towards zero, as the standard's reference does.
#include <cmath>

#include "ops/axes.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/reshape_util.h"
#include "ops/resize_taps.h"
#include "ops/widen.h"

namespace insitu {
namespace {

constexpr size_t kRoi = 1, kScales = 2, kSizes = 3;
constexpr double kExactSteps = 1024;  // scales of so many parts are exact in expressions of dims

// The axes that scales, sizes and roi speak of, in their order.
Result<std::vector<size_t>> ResizedAxes(const Node& node, size_t rank) {
  std::vector<int64_t> axes(rank);
  for (size_t i = 0; i < rank; ++i) axes[i] = static_cast<int64_t>(i);
  return NormalizeAxes(node.Attr<std::vector<int64_t>>("axes", std::move(axes)), rank);
}

Status CheckCount(std::string_view what, size_t count, size_t wanted) {
  if (count == wanted) return {};
  return Fail(ErrorCode::kInvalidModel, std::to_string(count) + " " + std::string(what) +
                                            " are given for " + std::to_string(wanted));
}

Status CheckScale(double scale) {
  if (scale > 0 && scale < 1e9) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "the scale " + std::to_string(scale) + " of Resize is not between 0 and 1e9");
}

// floor(extent * scale).
Dim ScaledExtent(const Dim& extent, double scale) {
  if (extent.IsKnown()) {
    const double scaled = std::floor(static_cast<double>(extent.value()) * scale);
    return scaled < 1e15 ? Dim(static_cast<int64_t>(scaled)) : Dim::Unknown();
  }
  const double parts = scale * kExactSteps;
  if (parts != std::floor(parts)) return {};
  return FloorDiv(extent * Dim(static_cast<int64_t>(parts)), static_cast<int64_t>(kExactSteps));
}

// What keep_aspect_ratio_policy makes of sizes: one scale for all axes; 0 where there is no axis
// with elements.
double CommonScale(ResizeAspect aspect, std::span<const int64_t> inputs,
                   std::span<const int64_t> sizes) {
  double common = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double scale = static_cast<double>(sizes[i]) / static_cast<double>(inputs[i]);
    const bool larger = scale > common;
    if (i == 0 || larger == (aspect == ResizeAspect::kNotSmaller)) common = scale;
  }
  return common;
}

// The resized axes of a run; `scales` or `sizes`, whichever is given.
Result<std::vector<ResizedAxis>> Measure(const ResizeSettings& settings,
                                         std::span<const int64_t> inputs,
                                         std::span<const double> scales,
                                         std::span<const int64_t> sizes) {
  INSITU_TRY(
      CheckCount("scales or sizes", scales.empty() ? sizes.size() : scales.size(), inputs.size()));
  std::vector<ResizedAxis> axes(inputs.size());
  const bool keeps_aspect = settings.aspect != ResizeAspect::kStretch && scales.empty();
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizedAxis& axis = axes[i];
    axis.input = inputs[i];
    const auto input = static_cast<double>(axis.input);
    if (!scales.empty()) {
      axis.scale = scales[i];
      INSITU_TRY(CheckScale(axis.scale));
      axis.length = input * axis.scale;
      axis.output = static_cast<int64_t>(std::floor(axis.length));
    } else {
      axis.output = sizes[i];
      axis.length = static_cast<double>(axis.output);
      axis.scale = axis.length / input;
    }
    if (axis.output < 0 || (axis.input == 0 && axis.output != 0))
      return Fail(ErrorCode::kInvalidArgument, "an axis of extent " + std::to_string(axis.input) +
                                                   " cannot be resized to " +
                                                   std::to_string(axis.output));
  }
  for (const ResizedAxis& axis : axes)
    if (axis.input == 0) return axes;
  if (!keeps_aspect) return axes;
  const double scale = CommonScale(settings.aspect, inputs, sizes);
  INSITU_TRY(CheckScale(scale));
  for (ResizedAxis& axis : axes) {
    axis.scale = scale;
    axis.output = static_cast<int64_t>(std::floor(static_cast<double>(axis.input) * scale + 0.5));
    axis.length = static_cast<double>(axis.output);
  }
  return axes;
}

bool Given(const InferContext& context, size_t i) {
  const Shape* shape = context.shape(i);
  return context.HasInput(i) && !(shape && shape->size() == 1 && (*shape)[0] == Dim(0));
}

Status InferScaled(InferContext& context, std::span<const size_t> axes, Shape& shape) {
  const Tensor* constant = context.constant(kScales);
  if (constant)
    INSITU_TRY(CheckCount("scales", static_cast<size_t>(constant->elements()), axes.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& extent = shape[axes[i]];
    if (!constant) {
      extent = Dim::Unknown();
      continue;
    }
    const double scale = LoadReal(constant->View(), static_cast<int64_t>(i));
    INSITU_TRY(CheckScale(scale));
    extent = ScaledExtent(extent, scale);
  }
  return {};
}

Status InferSized(InferContext& context, const ResizeSettings& settings,
                  std::span<const size_t> axes, Shape& shape) {
  const std::vector<Dim>* sizes = context.elements(kSizes);
  if (sizes) INSITU_TRY(CheckCount("sizes", sizes->size(), axes.size()));
  Shape inputs;
  for (size_t axis : axes) inputs.push_back(shape[axis]);
  const auto known = KnownDims(inputs), targets = sizes ? KnownDims(*sizes) : std::nullopt;
  if (known && targets) {
    INSITU_ASSIGN(const auto resized, Measure(settings, *known, {}, *targets));
    for (size_t i = 0; i < axes.size(); ++i) shape[axes[i]] = resized[i].output;
    return {};
  }
  const bool exact = sizes && settings.aspect == ResizeAspect::kStretch;
  for (size_t i = 0; i < axes.size(); ++i) shape[axes[i]] = exact ? (*sizes)[i] : Dim::Unknown();
  return {};
}

Status Infer(InferContext& context) {
  INSITU_ASSIGN(const ResizeSettings settings, ReadResizeSettings(context.node()));
  const bool copies = settings.mode == ResizeMode::kNearest;
  INSITU_TRY(RequireType(context, 0, copies ? kAllTypes : kNumericTypes));
  INSITU_TRY(RequireType(context, kRoi, kFloatTypes));
  INSITU_TRY(RequireType(context, kScales, {DType::kFloat32}));
  INSITU_TRY(RequireType(context, kSizes, {DType::kInt64}));
  const bool scaled = Given(context, kScales), sized = Given(context, kSizes);
  if (scaled == sized) return Fail(ErrorCode::kInvalidModel, "Resize takes either scales or sizes");
  std::optional<Shape> shape = ShapeOf(context, 0);
  if (shape) {
    INSITU_ASSIGN(const auto axes, ResizedAxes(context.node(), shape->size()));
    INSITU_TRY(scaled ? InferScaled(context, axes, *shape)
                      : InferSized(context, settings, axes, *shape));
  }
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// x as [outer, extent, inner] around the axis.
struct Lines {
  int64_t outer, inner;
  Lines(std::span<const int64_t> dims, size_t axis)
      : outer(ElementsUnchecked(dims.first(axis))),
        inner(ElementsUnchecked(dims.subspan(axis + 1))) {}
};

// One axis of any type, one tap an output.
void CopyAxis(const ResizeSettings& settings, const ResizedAxis& axis, const ResizeTaps& taps,
              const Lines& lines, const TensorView& x, const TensorView& y) {
  // The innermost axis is copied column by column.
  const bool columns = lines.inner == 1;
  const int64_t step = columns ? axis.output : 1, from_step = columns ? axis.input : 1;
  const int64_t count = columns ? lines.outer : lines.inner, runs = columns ? 1 : lines.outer;
  for (int64_t i = 0; i < runs; ++i)
    for (int64_t o = 0; o < axis.output; ++o) {
      const int64_t from = taps.FirstOf(o), to = (i * axis.output + o) * lines.inner;
      if (from != kExtrapolated) {
        CopyLine(x, (i * axis.input + from) * lines.inner, from_step, y, to, step, count);
        continue;
      }
      for (int64_t j = 0; j < count; ++j)
        StoreElements(&settings.extrapolation, 1, y, to + j * step);
    }
}

void SumAxis(const ResizeSettings& settings, const ResizedAxis& axis, const ResizeTaps& taps,
             const Lines& lines, const double* x, double* y) {
  for (int64_t i = 0; i < lines.outer; ++i, x += axis.input * lines.inner) {
    const int64_t* index = taps.indices.As<int64_t>().data();
    const double* weight = taps.weights.As<double>().data();
    for (int64_t o = 0; o < axis.output; ++o, y += lines.inner) {
      const bool outside = *index == kExtrapolated;
      std::fill_n(y, lines.inner, outside ? settings.extrapolation : 0.0);
      for (int64_t t = 0; t < taps.count; ++t, ++index, ++weight) {
        if (outside) continue;
        const double* from = x + *index * lines.inner;
        for (int64_t j = 0; j < lines.inner; ++j) y[j] += *weight * from[j];
      }
    }
  }
}

// Removes what summing has rounded away from an integer, so that cutting off is safe.
void StoreSums(const Tensor& sums, const TensorView& y) {
  const double* from = sums.As<double>().data();
  const double nudge = ArithmeticOf(y.dtype) == Arithmetic::kReal ? 0 : 0x1p-20;
  double block[kBlock];
  for (int64_t start = 0; start < sums.elements(); start += kBlock) {
    const int64_t n = std::min(kBlock, sums.elements() - start);
    for (int64_t i = 0; i < n; ++i)
      block[i] = from[start + i] + std::copysign(nudge, from[start + i]);
    StoreElements(block, n, y, start);
  }
}

// Roi of every axis in `axes`: all begins, then all ends.
Status ReadRoi(const RunContext& context, const ResizeSettings& settings,
               std::vector<ResizedAxis>& axes) {
  if (settings.coordinates != ResizeCoordinates::kCropAndResize) return {};
  const int64_t given = context.HasInput(kRoi) ? context.inputs[kRoi].elements() : 0;
  INSITU_TRY(CheckCount("numbers of roi", static_cast<size_t>(given), 2 * axes.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    axes[i].roi_begin = LoadReal(context.inputs[kRoi], static_cast<int64_t>(i));
    axes[i].roi_end = LoadReal(context.inputs[kRoi], static_cast<int64_t>(i + axes.size()));
  }
  return {};
}

Result<std::vector<ResizedAxis>> MeasureRun(const RunContext& context,
                                            const ResizeSettings& settings,
                                            std::span<const size_t> axes) {
  const auto count = [&](size_t i) {
    return context.HasInput(i) ? context.inputs[i].elements() : 0;
  };
  if (std::max(count(kScales), count(kSizes)) > static_cast<int64_t>(axes.size()))
    return Fail(ErrorCode::kInvalidArgument, "more scales or sizes are given than axes");
  std::vector<double> scales(static_cast<size_t>(count(kScales)));
  if (!scales.empty()) LoadElements(context.inputs[kScales], 0, 1, count(kScales), scales.data());
  const Dims sizes = count(kSizes) > 0 ? ReadIntegers(context.inputs[kSizes]) : Dims{};
  Dims inputs;
  for (size_t axis : axes) inputs.push_back(context.inputs[0].dims[axis]);
  INSITU_ASSIGN(auto measured, Measure(settings, inputs, scales, sizes));
  INSITU_TRY(ReadRoi(context, settings, measured));
  return measured;
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const ResizeSettings settings, ReadResizeSettings(context.node));
  INSITU_ASSIGN(const auto axes, ResizedAxes(context.node, x.dims.size()));
  INSITU_ASSIGN(const auto resized, MeasureRun(context, settings, axes));
  Dims dims = x.dims;
  for (size_t i = 0; i < axes.size(); ++i) dims[axes[i]] = resized[i].output;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  if (y.elements() == 0) return {};

  const bool copies = settings.mode == ResizeMode::kNearest;
  Tensor now, next;  // the second holds what the first is made into
  TensorView source = x;
  if (!copies) {
    INSITU_ASSIGN(now, Widened(x));
    source = now.View();
  }
  for (size_t i = axes.size(); i-- > 0;) {
    if (resized[i].IsIdentity(settings)) continue;
    INSITU_ASSIGN(const ResizeTaps taps, MakeResizeTaps(settings, resized[i]));
    const Lines lines(source.dims, axes[i]);
    Dims to = source.dims;
    to[axes[i]] = resized[i].output;
    INSITU_ASSIGN(next, Tensor::Allocate(source.dtype, std::move(to)));
    if (copies)
      CopyAxis(settings, resized[i], taps, lines, source, next.View());
    else
      SumAxis(settings, resized[i], taps, lines, now.As<double>().data(), next.As<double>().data());
    now = std::move(next);
    source = now.View();
  }
  if (copies)
    CopyElements(source, 0, y, 0, y.elements());
  else
    StoreSums(now, y);
  return {};
}

// Scales, sizes and roi stay in their order, which `axes` then explains.
std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  const auto axes = ResizedAxes(node, perm.size());
  if (!axes) return std::nullopt;
  std::vector<int64_t> behind;
  for (size_t axis : *axes) behind.push_back(AxisBehind(perm, static_cast<int64_t>(axis)));
  Attributes attributes = node.attributes;
  attributes.insert_or_assign("axes", std::move(behind));
  return attributes;
}

Result<std::vector<ReplacedInput>> CommuteInputs(const Graph& graph, const Node& node,
                                                 std::span<const int64_t>) {
  std::vector<ReplacedInput> same;
  for (size_t i = kRoi; i < node.inputs.size(); ++i)
    if (const Tensor* constant = graph.Constant(node.inputs[i])) same.push_back({i, *constant});
  return same;
}

constexpr int kSince[] = {10, 11, 13, 18, 19};
constexpr AttrSpec kAttributes[] = {
    {"antialias", AttrKind::kInt},
    {"axes", AttrKind::kInts},
    {"coordinate_transformation_mode", AttrKind::kString},
    {"cubic_coeff_a", AttrKind::kFloat},
    {"exclude_outside", AttrKind::kInt},
    {"extrapolation_value", AttrKind::kFloat},
    {"keep_aspect_ratio_policy", AttrKind::kString},
    {"mode", AttrKind::kString},
    {"nearest_mode", AttrKind::kString},
};

}  // namespace

const OpDef kResizeOp = {
    .name = "Resize",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = 4,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has all its modes",
    .commute = Commute,
    .commute_inputs = CommuteInputs,
};

}  // namespace insitu
