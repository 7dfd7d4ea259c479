// Squeeze removes axes of extent 1; Unsqueeze inserts them.
// https://onnx.ai/onnx/operators/onnx__Squeeze.html (21), onnx__Unsqueeze.html (21): axes are an
// input (the attribute of old opsets is rewritten at import).
#include <algorithm>

#include "ops/axes.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

bool Contains(const std::vector<size_t>& axes, size_t axis) {
  return std::ranges::find(axes, axis) != axes.end();
}

// `axes` nullptr: every axis of extent 1. nullopt when that depends on extents not known yet.
Result<std::optional<Shape>> Squeezed(std::span<const Dim> shape, const std::vector<size_t>* axes) {
  Shape squeezed;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!axes && !shape[i].IsKnown()) return std::nullopt;
    const bool remove = axes ? Contains(*axes, i) : shape[i].value() == 1;
    if (!remove) {
      squeezed.push_back(shape[i]);
    } else if (shape[i].IsKnown() && shape[i].value() != 1) {
      return Fail(ErrorCode::kShapeMismatch, "axis " + std::to_string(i) + " of " +
                                                 ToString(shape) +
                                                 " cannot be squeezed: its extent is not 1");
    }
  }
  return squeezed;
}

Shape Unsqueezed(std::span<const Dim> shape, const std::vector<size_t>& axes) {
  Shape unsqueezed;
  size_t next = 0;
  for (size_t i = 0; i < shape.size() + axes.size(); ++i)
    unsqueezed.push_back(Contains(axes, i) ? Dim(1) : shape[next++]);
  return unsqueezed;
}

Status InferSqueeze(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  SetReshaped(context, std::nullopt);
  const Shape* shape = context.shape(0);
  if (!shape) return {};
  if (!context.HasInput(1)) {
    INSITU_ASSIGN(auto squeezed, Squeezed(*shape, nullptr));
    SetReshaped(context, std::move(squeezed));
  } else if (const auto given = context.known_integers(1)) {
    INSITU_ASSIGN(const auto axes, NormalizeAxes(*given, shape->size()));
    INSITU_ASSIGN(auto squeezed, Squeezed(*shape, &axes));
    SetReshaped(context, std::move(squeezed));
  }
  return {};
}

Status RunSqueeze(RunContext& context) {
  const Dims& dims = context.inputs[0].dims;
  std::vector<size_t> axes;
  if (context.HasInput(1)) {
    INSITU_ASSIGN(axes, ReadAxes(context, 1, dims.size()));
  }
  INSITU_ASSIGN(const auto squeezed,
                Squeezed(ToShape(dims), context.HasInput(1) ? &axes : nullptr));
  return RunReshaped(context, *KnownDims(*squeezed));
}

Status InferUnsqueeze(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  SetReshaped(context, std::nullopt);
  const Shape* shape = context.shape(0);
  const auto given = context.known_integers(1);
  if (!shape || !given) return {};
  INSITU_ASSIGN(const auto axes, NormalizeAxes(*given, shape->size() + given->size()));
  SetReshaped(context, Unsqueezed(*shape, axes));
  return {};
}

Status RunUnsqueeze(RunContext& context) {
  const Dims& dims = context.inputs[0].dims;
  const auto rank = dims.size() + static_cast<size_t>(context.inputs[1].elements());
  INSITU_ASSIGN(const auto axes, ReadAxes(context, 1, rank));
  return RunReshaped(context, *KnownDims(Unsqueezed(ToShape(dims), axes)));
}

constexpr int kSince[] = {1, 11, 13, 21};

}  // namespace

const OpDef kSqueezeOp = {
    .name = "Squeeze",
    .since = kSince,
    .max_inputs = 2,
    .infer = InferSqueeze,
    .run = RunSqueeze,
    .lower = LowerReshape,
};

const OpDef kUnsqueezeOp = {
    .name = "Unsqueeze",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = InferUnsqueeze,
    .run = RunUnsqueeze,
    .lower = LowerReshape,
};

}  // namespace insitu
