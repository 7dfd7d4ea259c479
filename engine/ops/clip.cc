// Clip: min(max(x, min), max), bounds given as optional scalar inputs.
// https://onnx.ai/onnx/operators/onnx__Clip.html (13; attribute bounds are rewritten at import).
// Where min exceeds max the result is max, as the standard says.
#include "ops/clip.h"

#include <limits>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status RequireScalar(const InferContext& context, size_t i) {
  const Shape* shape = context.shape(i);
  if (!shape) return {};
  auto dims = KnownDims(*shape);
  if (shape->empty() || (dims && ElementsUnchecked(*dims) == 1)) return {};
  return Fail(ErrorCode::kShapeMismatch,
              "the bound " + context.Describe(i) + " of Clip is not a scalar");
}

Status Infer(InferContext& context) {
  for (size_t i : {1, 2}) {
    INSITU_TRY(RequireSameType(context, 0, i));
    if (context.HasInput(i)) INSITU_TRY(RequireScalar(context, i));
  }
  return InferSame(context, kNumericTypes);
}

template <class T>
Status RunAs(RunContext& context, const TensorView& y) {
  constexpr bool kReal = std::is_same_v<T, double>;
  T low = kReal ? static_cast<T>(-std::numeric_limits<double>::infinity())
                : std::numeric_limits<T>::min();
  T high = kReal ? static_cast<T>(std::numeric_limits<double>::infinity())
                 : std::numeric_limits<T>::max();
  const auto bound = [&](size_t i, T& value) -> Status {
    if (!context.HasInput(i)) return {};
    if (context.inputs[i].elements() != 1)
      return Fail(ErrorCode::kShapeMismatch, "a bound of Clip is not a scalar");
    LoadElements(context.inputs[i], 0, 1, 1, &value);
    return {};
  };
  INSITU_TRY(bound(1, low));
  INSITU_TRY(bound(2, high));
  T block[kBlock];
  const int64_t count = y.elements();
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(context.inputs[0], start, 1, n, block);
    for (int64_t i = 0; i < n; ++i) {
      const T raised = block[i] < low ? low : block[i];
      block[i] = raised > high ? high : raised;
    }
    StoreElements(block, n, y, start);
  }
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  return WithArithmetic(x.dtype, [&]<class T>(T) { return RunAs<T>(context, y); });
}

Lowering Lower(const LowerContext& context) {
  auto bounds = ClipBounds(context.graph(), context.node());
  if (!bounds) return Refuse("the bounds are not constants");
  return LoweredNode{lowered::Unary{.kind = lowered::UnaryKind::kClamp,
                                    .dtype = context.dtype(0),
                                    .alpha = 0,
                                    .clamp = *bounds},
                     {0}};
}

constexpr int kSince[] = {1, 6, 11, 12, 13};

}  // namespace

std::optional<Clamp> ClipBounds(const Graph& graph, const Node& node) {
  Clamp clamp;
  const auto bound = [&](size_t i, float& value) {
    if (i >= node.inputs.size() || node.inputs[i] == kNoValue) return true;
    const Tensor* constant = graph.Constant(node.inputs[i]);
    if (!constant || constant->elements() != 1) return false;
    value = static_cast<float>(LoadReal(constant->View(), 0));
    return true;
  };
  if (!bound(1, clamp.min) || !bound(2, clamp.max)) return std::nullopt;
  if (clamp.min > clamp.max) clamp.min = clamp.max;
  return clamp;
}

const OpDef kClipOp = {
    .name = "Clip",
    .since = kSince,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteUnchanged,
};

}  // namespace insitu
