// CenterCropPad: the middle of the input, or the input in the middle of zeros, for the extents
// asked for along some axes. https://onnx.ai/onnx/operators/onnx__CenterCropPad.html (18). What
// cannot be halved is cut off, or added, at the end.
#include <algorithm>

#include "ops/axes.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

// `targets` are the extents of the axes of the attribute, or of all.
Result<Shape> OutputShape(const Node& node, const Shape& x, std::span<const Dim> targets) {
  std::vector<int64_t> all(x.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int64_t>(i);
  INSITU_ASSIGN(const auto axes,
                NormalizeAxes(node.Attr<std::vector<int64_t>>("axes", std::move(all)), x.size()));
  bool fits = targets.size() == axes.size();
  for (const Dim& target : targets) fits = fits && (!target.IsKnown() || target.value() >= 0);
  if (!fits)
    return Fail(ErrorCode::kInvalidArgument, "the extents " + ToString(targets) +
                                                 " cannot be given to " +
                                                 std::to_string(axes.size()) + " axes");
  Shape shape = x;
  for (size_t i = 0; i < axes.size(); ++i) shape[axes[i]] = targets[i];
  return shape;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape *x = context.shape(0), *count = context.shape(1);
  if (!x) return {};
  std::vector<Dim> targets;
  if (const std::vector<Dim>* elements = context.elements(1))
    targets = *elements;
  else if (count && count->size() == 1 && (*count)[0].IsKnown() &&
           (*count)[0].value() <= static_cast<int64_t>(x->size()))
    targets.resize(static_cast<size_t>((*count)[0].value()));
  else
    return {};
  INSITU_ASSIGN(Shape shape, OutputShape(context.node(), *x, targets));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  if (context.inputs[1].elements() > static_cast<int64_t>(x.dims.size()))
    return Fail(ErrorCode::kInvalidArgument, "more extents are given than axes exist");
  INSITU_ASSIGN(const Shape shape, OutputShape(context.node, ToShape(x.dims),
                                               ToShape(ReadIntegers(context.inputs[1]))));
  INSITU_ASSIGN(Dims dims, DimsOfRun(shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  if (x.dtype != DType::kString) std::fill_n(y.data, y.size_bytes(), std::byte{0});
  StridedSide from{0, RowMajorSteps(x.dims)}, to{0, RowMajorSteps(y.dims)};
  Dims extents;
  for (size_t i = 0; i < x.dims.size(); ++i) {
    const int64_t both = std::min(x.dims[i], y.dims[i]);
    extents.push_back(both);
    from.offset += (x.dims[i] - both) / 2 * from.steps[i];
    to.offset += (y.dims[i] - both) / 2 * to.steps[i];
  }
  CopyStrided(x, from, y, to, extents);
  return {};
}

constexpr int kSince[] = {18};
constexpr AttrSpec kAttributes[] = {{"axes", AttrKind::kInts}};

}  // namespace

const OpDef kCenterCropPadOp = {
    .name = "CenterCropPad",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "a copy the reference makes as fast",
};

}  // namespace insitu
