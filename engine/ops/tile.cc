// Tile: repeats a tensor along every axis. https://onnx.ai/onnx/operators/onnx__Tile.html (13).
#include "ops/reshape_util.h"

namespace insitu {
namespace {

Status CheckRepeats(std::span<const Dim> repeats, size_t rank) {
  if (repeats.size() != rank)
    return Fail(ErrorCode::kInvalidModel, std::to_string(repeats.size()) +
                                              " repeats are given for " + std::to_string(rank) +
                                              " axes");
  for (const Dim& repeat : repeats)
    if (repeat.IsKnown() && repeat.value() < 0)
      return Fail(ErrorCode::kInvalidModel, "the repeats " + ToString(repeats) + " are negative");
  return {};
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* shape = context.shape(0);
  if (!shape) return {};
  Shape tiled(shape->size());
  if (const std::vector<Dim>* repeats = context.elements(1)) {
    INSITU_TRY(CheckRepeats(*repeats, shape->size()));
    for (size_t i = 0; i < tiled.size(); ++i) tiled[i] = (*shape)[i] * (*repeats)[i];
  }
  context.SetOutput(0, context.dtype(0), std::move(tiled));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const size_t rank = x.dims.size();
  std::vector<int64_t> repeats;
  if (context.inputs[1].elements() == static_cast<int64_t>(rank))
    repeats = ReadIntegers(context.inputs[1]);
  INSITU_TRY(CheckRepeats(ToShape(repeats), rank));
  Shape tiled;
  for (size_t i = 0; i < rank; ++i) tiled.push_back(Dim(x.dims[i]) * Dim(repeats[i]));
  const auto dims = KnownDims(tiled);
  if (!dims) return Fail(ErrorCode::kLimitExceeded, "the tiled extents overflow");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, *dims));
  const std::vector<int64_t> x_steps = RowMajorSteps(x.dims), y_steps = RowMajorSteps(y.dims);
  // Every axis as two: which copy, and the index inside it.
  StridedSide from, to;
  Dims extents;
  for (size_t i = 0; i < rank; ++i) {
    extents.insert(extents.end(), {repeats[i], x.dims[i]});
    from.steps.insert(from.steps.end(), {0, x_steps[i]});
    to.steps.insert(to.steps.end(), {x.dims[i] * y_steps[i], y_steps[i]});
  }
  CopyStrided(x, from, y, to, extents);
  return {};
}

constexpr int kSince[] = {6, 13};

}  // namespace

const OpDef kTileOp = {
    .name = "Tile",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "a copy the reference makes as fast",
};

}  // namespace insitu
