// Range: start, start + delta, ... before limit. https://onnx.ai/onnx/operators/onnx__Range.html
// (11). The count is max(ceil((limit - start) / delta), 0); element i is start + i * delta.
#include <cmath>

#include "base/limits.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr DTypeSet kRangeTypes = {DType::kFloat32, DType::kFloat64, DType::kInt16, DType::kInt32,
                                  DType::kInt64};

std::unexpected<Error> ZeroDelta() {
  return Fail(ErrorCode::kInvalidArgument, "the delta of Range is 0");
}

Status Infer(InferContext& context) {
  for (size_t i = 0; i < 3; ++i) {
    INSITU_TRY(RequireType(context, i, kRangeTypes));
    INSITU_TRY(RequireSameType(context, 0, i));
  }
  context.SetOutput(0, context.dtype(0), Shape{Dim::Unknown()});
  const std::vector<Dim>* operands[3];
  for (size_t i = 0; i < 3; ++i) {
    operands[i] = context.elements(i);
    if (!operands[i] || operands[i]->size() != 1) return {};
  }
  const Dim &start = operands[0]->front(), &limit = operands[1]->front(),
            &delta = operands[2]->front();
  if (delta == Dim(0)) return ZeroDelta();
  if (!delta.IsKnown()) return {};
  const bool up = delta.value() > 0;
  const Dim count =
      Max(Dim(0), up ? CeilDiv(limit - start, delta) : CeilDiv(start - limit, Dim(0) - delta));
  context.SetOutput(0, context.dtype(0), Shape{count});
  if (!count.IsKnown() || count.value() > 1024) return {};
  std::vector<Dim> elements;
  for (int64_t i = 0; i < count.value(); ++i) elements.push_back(start + Dim(i) * delta);
  context.SetElements(0, std::move(elements));
  return {};
}

Status Run(RunContext& context) {
  const DType dtype = context.inputs[0].dtype;
  for (size_t i = 0; i < 3; ++i)
    if (context.inputs[i].elements() != 1)
      return Fail(ErrorCode::kShapeMismatch, "start, limit and delta of Range are scalars");
  const double delta = LoadReal(context.inputs[2], 0);
  if (delta == 0) return ZeroDelta();
  const double count =
      std::ceil((LoadReal(context.inputs[1], 0) - LoadReal(context.inputs[0], 0)) / delta);
  if (!(count <= static_cast<double>(CurrentLimits().max_elements)))
    return Fail(ErrorCode::kLimitExceeded, "Range would give too many elements or no number");
  const auto n = static_cast<int64_t>(std::fmax(count, 0));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, {n}));
  WithArithmetic(dtype, [&]<class T>(T) {
    T operands[2];
    LoadElements(context.inputs[0], 0, 1, 1, &operands[0]);
    LoadElements(context.inputs[2], 0, 1, 1, &operands[1]);
    for (int64_t i = 0; i < n; ++i) {
      // Unsigned, so that nothing overflows.
      using Sum = std::conditional_t<std::is_integral_v<T>, uint64_t, double>;
      const T element = static_cast<T>(static_cast<Sum>(operands[0]) +
                                       static_cast<Sum>(i) * static_cast<Sum>(operands[1]));
      StoreElements(&element, 1, y, i);
    }
  });
  return {};
}

constexpr int kSince[] = {11};

}  // namespace

const OpDef kRangeOp = {
    .name = "Range",
    .since = kSince,
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend counts",
};

}  // namespace insitu
