// CumSum: running sums along the axis given by the second input; `exclusive` leaves the element
// itself out, `reverse` sums from the end.
// https://onnx.ai/onnx/operators/onnx__CumSum.html (14). Integers wrap.
#include "ops/axes.h"
#include "ops/axis_lines.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/sums.h"

namespace insitu {
namespace {

constexpr DTypeSet kTypes =
    kFloatTypes | DTypeSet{DType::kInt32, DType::kInt64, DType::kUint32, DType::kUint64};

Status Infer(InferContext& context) {
  INSITU_TRY(InferSame(context, kTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  const auto axis = context.known_integers(1);
  if (const Shape* shape = context.shape(0); shape && axis && axis->size() == 1)
    INSITU_TRY(NormalizeAxis(axis->front(), shape->size()));
  return {};
}

// A line of `count` elements, `stride` (which may be negative) apart.
template <class T>
void SumLine(const TensorView& x, const TensorView& y, int64_t offset, int64_t stride,
             int64_t count, bool exclusive) {
  T block[kBlock], sum = 0;
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(x, offset + start * stride, stride, n, block);
    for (T& element : std::span(block, static_cast<size_t>(n))) {
      const T before = sum;
      AddProduct(sum, element, T{1});
      element = exclusive ? before : sum;
    }
    StoreElements(block, n, y, offset + start * stride, stride);
  }
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  if (context.inputs[1].elements() != 1)
    return Fail(ErrorCode::kInvalidArgument, "the axis of CumSum must be one number");
  INSITU_ASSIGN(const size_t axis, NormalizeAxis(LoadInteger(context.inputs[1], 0), x.dims.size()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  const bool exclusive = context.node.Attr<int64_t>("exclusive", 0) != 0;
  const bool reverse = context.node.Attr<int64_t>("reverse", 0) != 0;
  const AxisLines lines(x.dims, axis);
  WithArithmetic(x.dtype, [&]<class T>(T) {
    lines.ForEach([&](int64_t offset) {
      if (reverse) offset += (lines.count - 1) * lines.inner;
      SumLine<T>(x, y, offset, reverse ? -lines.inner : lines.inner, lines.count, exclusive);
    });
  });
  return {};
}

constexpr int kSince[] = {11, 14};
constexpr AttrSpec kAttributes[] = {{"exclusive", AttrKind::kInt}, {"reverse", AttrKind::kInt}};

}  // namespace

const OpDef kCumSumOp = {
    .name = "CumSum",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has running sums",
};

}  // namespace insitu
