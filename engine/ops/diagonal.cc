// Trilu keeps the upper or lower triangle of matrices and zeroes the rest; EyeLike makes a matrix
// of zeros with a diagonal of ones. Both count diagonals by k, 0 the main one, above it positive.
// https://onnx.ai/onnx/operators/onnx__Trilu.html (14), onnx__EyeLike.html (22).
#include <algorithm>

#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status InferTrilu(InferContext& context) {
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  INSITU_TRY(InferSame(context, kNumericTypes | kBoolType | kStringType));
  const Shape* shape = context.shape(0);
  if (shape && shape->size() < 2)
    return Fail(ErrorCode::kShapeMismatch,
                context.Describe(0) + " holds no matrices; two axes are needed");
  return {};
}

void Clear(const TensorView& y) {
  if (y.dtype == DType::kString)
    std::ranges::fill(*y.strings, std::string());
  else
    std::fill_n(y.data, y.size_bytes(), std::byte{0});
}

Status RunTrilu(RunContext& context) {
  const TensorView& x = context.inputs[0];
  if (x.dims.size() < 2)
    return Fail(ErrorCode::kShapeMismatch, "Trilu needs an input of at least two axes");
  int64_t k = 0;
  if (context.HasInput(1)) {
    if (context.inputs[1].elements() != 1)
      return Fail(ErrorCode::kInvalidArgument, "k of Trilu must be one number");
    k = LoadInteger(context.inputs[1], 0);
  }
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  if (x.elements() == 0) return {};
  Clear(y);
  const int64_t columns = x.dims.back(), rows = x.dims[x.dims.size() - 2];
  k = std::clamp(k, -rows, columns);
  const bool upper = context.node.Attr<int64_t>("upper", 1) != 0;
  const int64_t all_rows = x.elements() / columns;
  for (int64_t row = 0; row < all_rows; ++row) {
    const int64_t diagonal = row % rows + k;
    const int64_t begin = upper ? std::clamp<int64_t>(diagonal, 0, columns) : 0;
    const int64_t end = upper ? columns : std::clamp<int64_t>(diagonal + 1, 0, columns);
    CopyElements(x, row * columns + begin, y, row * columns + begin, end - begin);
  }
  return {};
}

Result<DType> EyeType(const Node& node, DType input) {
  const int64_t dtype = node.Attr<int64_t>("dtype", static_cast<int64_t>(input));
  if (dtype > 0 && dtype < 32 && (kNumericTypes | kBoolType).Has(static_cast<DType>(dtype)))
    return static_cast<DType>(dtype);
  return Fail(ErrorCode::kUnsupportedType,
              "EyeLike of element type " + std::to_string(dtype) + " is not supported");
}

Status InferEyeLike(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kNumericTypes | kBoolType));
  INSITU_ASSIGN(const DType dtype, EyeType(context.node(), context.dtype(0)));
  if (const Shape* shape = context.shape(0); shape && shape->size() != 2)
    return Fail(ErrorCode::kShapeMismatch, context.Describe(0) + " is not a matrix");
  context.SetOutput(0, dtype, ShapeOf(context, 0));
  return {};
}

Status RunEyeLike(RunContext& context) {
  const TensorView& x = context.inputs[0];
  if (x.dims.size() != 2)
    return Fail(ErrorCode::kShapeMismatch, "the input of EyeLike is not a matrix");
  INSITU_ASSIGN(const DType dtype, EyeType(context.node, x.dtype));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, x.dims));
  if (y.elements() == 0) return {};
  Clear(y);
  const int64_t rows = y.dims[0], columns = y.dims[1];
  const int64_t k = std::clamp(context.node.Attr<int64_t>("k", 0), -rows, columns);
  const int64_t one = 1;
  for (int64_t row = std::max<int64_t>(0, -k); row < std::min(rows, columns - k); ++row)
    StoreElements(&one, 1, y, row * columns + row + k);
  return {};
}

constexpr int kTriluSince[] = {14};
constexpr int kEyeLikeSince[] = {9, 22};
constexpr AttrSpec kTriluAttributes[] = {{"upper", AttrKind::kInt}};
constexpr AttrSpec kEyeLikeAttributes[] = {{"dtype", AttrKind::kInt}, {"k", AttrKind::kInt}};

}  // namespace

const OpDef kTriluOp = {
    .name = "Trilu",
    .since = kTriluSince,
    .attributes = kTriluAttributes,
    .max_inputs = 2,
    .infer = InferTrilu,
    .run = RunTrilu,
};

const OpDef kEyeLikeOp = {
    .name = "EyeLike",
    .since = kEyeLikeSince,
    .attributes = kEyeLikeAttributes,
    .infer = InferEyeLike,
    .run = RunEyeLike,
};

}  // namespace insitu
