// Slice: every steps[i]-th element from starts[i] to before ends[i], along axes[i].
// https://onnx.ai/onnx/operators/onnx__Slice.html (13; attributes of old opsets are rewritten at
// import). Bounds are clamped, negative ones count from the end, negative steps walk backwards.
#include <limits>

#include "ops/axes.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

// Bounds at or beyond these stand for "to the end": exporters write INT32_MAX, INT64_MAX and such.
constexpr int64_t kFar = std::numeric_limits<int32_t>::max();

struct SlicedAxis {
  Dim start, length;
  int64_t step = 1;
};

// `bound` counted from the front and clamped to [low, high], where 0 <= high <= extent and far
// bounds need no comparison with symbols.
Dim ClampBound(const Dim& bound, const Dim& extent, const Dim& low, const Dim& high) {
  if (bound.IsKnown() && bound.value() >= kFar) return high;
  if (bound.IsKnown() && bound.value() <= -kFar) return low;
  const bool from_end = bound.IsKnown() && bound.value() < 0;
  return Max(low, Min(from_end ? extent + bound : bound, high));
}

Result<SlicedAxis> SliceAxis(const Dim& extent, const Dim& start, const Dim& end, int64_t step) {
  if (step == 0 || step == std::numeric_limits<int64_t>::min())
    return Fail(ErrorCode::kInvalidModel, "the step " + std::to_string(step) + " is not possible");
  SlicedAxis axis{.start = {}, .length = {}, .step = step};
  const bool forward = step > 0;
  const Dim low = forward ? 0 : -1, high = forward ? extent : extent - Dim(1);
  const Dim from = ClampBound(start, extent, forward ? low : Dim(0), high);
  const Dim to = ClampBound(end, extent, low, high);
  axis.start = from;
  axis.length = Max(Dim(0), forward ? CeilDiv(to - from, step) : CeilDiv(from - to, -step));
  if (extent == Dim(0)) axis.start = axis.length = 0;
  return axis;
}

struct SliceInputs {
  std::vector<Dim> starts, ends;
  std::vector<int64_t> axes, steps;
};

// One entry an axis of `shape`.
Result<std::vector<SlicedAxis>> SliceAll(std::span<const Dim> shape, const SliceInputs& inputs) {
  std::vector<SlicedAxis> sliced;
  for (const Dim& extent : shape) sliced.push_back({0, extent, 1});
  const size_t count = inputs.starts.size();
  if (inputs.ends.size() != count || inputs.axes.size() != count || inputs.steps.size() != count)
    return Fail(ErrorCode::kInvalidModel, "starts, ends, axes and steps differ in length");
  INSITU_ASSIGN(const auto axes, NormalizeAxes(inputs.axes, shape.size()));
  for (size_t i = 0; i < count; ++i) {
    INSITU_ASSIGN(sliced[axes[i]],
                  SliceAxis(shape[axes[i]], inputs.starts[i], inputs.ends[i], inputs.steps[i]));
  }
  return sliced;
}

std::vector<int64_t> DefaultAxes(size_t count) {
  std::vector<int64_t> axes;
  for (size_t i = 0; i < count; ++i) axes.push_back(static_cast<int64_t>(i));
  return axes;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  for (size_t i = 1; i <= 4; ++i) INSITU_TRY(RequireType(context, i, kIndexTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* shape = context.shape(0);
  if (!shape) return {};
  context.SetOutput(0, context.dtype(0), Shape(shape->size()));
  const std::vector<Dim>*starts = context.elements(1), *ends = context.elements(2);
  const auto axes = context.known_integers(3), steps = context.known_integers(4);
  if (!starts || !ends || (context.HasInput(3) && !axes) || (context.HasInput(4) && !steps))
    return {};
  INSITU_ASSIGN(const auto sliced,
                SliceAll(*shape, {*starts, *ends, axes ? *axes : DefaultAxes(starts->size()),
                                  steps ? *steps : std::vector<int64_t>(starts->size(), 1)}));
  Shape result;
  for (const SlicedAxis& axis : sliced) result.push_back(axis.length);
  context.SetOutput(0, context.dtype(0), result);
  const std::vector<Dim>* elements = context.elements(0);
  if (elements && result.size() == 1 && result[0].IsKnown() && sliced[0].start.IsKnown()) {
    std::vector<Dim> chosen;
    for (int64_t i = 0; i < result[0].value(); ++i)
      chosen.push_back(
          (*elements)[static_cast<size_t>(sliced[0].start.value() + i * sliced[0].step)]);
    context.SetElements(0, std::move(chosen));
  }
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  for (size_t i = 1; i < context.inputs.size(); ++i)
    if (context.HasInput(i) && context.inputs[i].elements() > static_cast<int64_t>(x.dims.size()))
      return Fail(ErrorCode::kInvalidArgument, "more axes are sliced than the tensor has");
  SliceInputs inputs{
      ToShape(ReadIntegers(context.inputs[1])), ToShape(ReadIntegers(context.inputs[2])), {}, {}};
  const size_t count = inputs.starts.size();
  inputs.axes = context.HasInput(3) ? ReadIntegers(context.inputs[3]) : DefaultAxes(count);
  inputs.steps =
      context.HasInput(4) ? ReadIntegers(context.inputs[4]) : std::vector<int64_t>(count, 1);
  INSITU_ASSIGN(const auto sliced, SliceAll(ToShape(x.dims), inputs));
  Dims dims;
  StridedSide from{0, RowMajorSteps(x.dims)};
  for (size_t i = 0; i < sliced.size(); ++i) {
    dims.push_back(sliced[i].length.value());
    if (dims.back() > 0) from.offset += sliced[i].start.value() * from.steps[i];
    from.steps[i] = dims.back() > 1 ? from.steps[i] * sliced[i].step : 0;
  }
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  CopyStrided(x, from, y, {0, RowMajorSteps(y.dims)}, y.dims);
  return {};
}

constexpr int kSince[] = {1, 10, 11, 13};

}  // namespace

const OpDef kSliceOp = {
    .name = "Slice",
    .since = kSince,
    .min_inputs = 3,
    .max_inputs = 5,
    .infer = Infer,
    .run = Run,
    .no_lowering = "a copy the reference makes as fast",
};

}  // namespace insitu
