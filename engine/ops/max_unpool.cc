// MaxUnpool: puts every element where MaxPool found it; the rest is zero.
// https://onnx.ai/onnx/operators/onnx__MaxUnpool.html (22).
// Indices count in the tensor [N, C, ...] whose extents follow from the window,
// (input - 1) * stride + kernel - pads; a larger output_shape adds zeros behind it.
#include <algorithm>

#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/reshape_util.h"
#include "ops/spatial.h"

namespace insitu {
namespace {

// The extents that the indices count in.
Result<Shape> UnpooledShape(const Node& node, const Shape& x, const Shape* indices) {
  if (!node.Has("kernel_shape")) return Fail(ErrorCode::kInvalidModel, "kernel_shape is missing");
  bool fits = x.size() >= 3 && x.size() <= 2 + kSlots && (!indices || indices->size() == x.size());
  for (size_t i = 0; fits && indices && i < x.size(); ++i) fits = !Differ(x[i], (*indices)[i]);
  if (!fits)
    return Fail(ErrorCode::kShapeMismatch,
                "an input of shape " + ToString(x) + (indices ? " and indices of " : "") +
                    (indices ? ToString(*indices) : "") +
                    " cannot be unpooled: both are [N, C, 1 to 3 spatial extents]");
  INSITU_ASSIGN(const Window w, ReadWindow(node, x.size() - 2, {}));
  Shape spatial;
  for (size_t i = 0; i < w.rank; ++i) {
    const size_t slot = w.Slot(i);
    spatial.push_back((x[2 + i] - Dim(1)) * Dim(w.stride[slot]) +
                      Dim(w.kernel[slot] - w.pad_begin[slot] - w.pad_end[slot]));
  }
  return SpatialShape(false, x[0], x[1], spatial);
}

Status CheckOutputShape(const Shape& output, const Shape& unpooled) {
  bool fits = output.size() == unpooled.size();
  for (size_t i = 0; fits && i < output.size(); ++i)
    fits =
        !output[i].IsKnown() || !unpooled[i].IsKnown() || output[i].value() >= unpooled[i].value();
  if (fits) return {};
  return Fail(ErrorCode::kShapeMismatch,
              "the output shape " + ToString(output) + " has no room for " + ToString(unpooled));
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kNumericTypes));
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  INSITU_TRY(RequireType(context, 2, {DType::kInt64}));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* x = context.shape(0);
  if (!x) return {};
  INSITU_ASSIGN(Shape shape, UnpooledShape(context.node(), *x, context.shape(1)));
  if (context.HasInput(2)) {
    const std::vector<Dim>* given = context.elements(2);
    if (given) INSITU_TRY(CheckOutputShape(*given, shape));
    shape = given ? *given : Shape(x->size());
  }
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &indices = context.inputs[1];
  const Shape index_shape = ToShape(indices.dims);
  INSITU_ASSIGN(const Shape shape, UnpooledShape(context.node, ToShape(x.dims), &index_shape));
  INSITU_ASSIGN(const Dims unpooled, DimsOfRun(shape));
  INSITU_ASSIGN(const int64_t extent, Elements(unpooled));
  Dims dims = unpooled;
  if (context.HasInput(2)) {
    if (context.inputs[2].elements() != static_cast<int64_t>(dims.size()))
      return Fail(ErrorCode::kShapeMismatch, "output_shape must have one extent for every axis");
    dims = ReadIntegers(context.inputs[2]);
    INSITU_TRY(CheckOutputShape(ToShape(dims), shape));
  }
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  std::fill_n(y.data, y.size_bytes(), std::byte{0});
  const std::vector<int64_t> steps = RowMajorSteps(y.dims);
  const int64_t count = x.elements();
  for (int64_t i = 0; i < count; ++i) {
    int64_t index = indices.As<int64_t>()[static_cast<size_t>(i)];
    if (index < 0 || index >= extent)
      return Fail(ErrorCode::kInvalidArgument, "index " + std::to_string(index) +
                                                   " lies outside a tensor of dims " +
                                                   ToString(unpooled));
    int64_t to = 0;
    for (size_t axis = unpooled.size(); axis-- > 0; index /= unpooled[axis])
      to += index % unpooled[axis] * steps[axis];
    CopyElements(x, i, y, to, 1);
  }
  return {};
}

constexpr int kSince[] = {9, 11, 22};
constexpr AttrSpec kAttributes[] = {{"kernel_shape", AttrKind::kInts, true},
                                    {"pads", AttrKind::kInts},
                                    {"strides", AttrKind::kInts}};

}  // namespace

const OpDef kMaxUnpoolOp = {
    .name = "MaxUnpool",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend unpools",
};

}  // namespace insitu
