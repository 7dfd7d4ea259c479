// com.microsoft.QLinearSoftmax: softmax of a quantized tensor along one axis or, as Softmax did
// before opset 13 (attribute `opset`), along all axes from `axis` on.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearSoftmax
// Inputs: x, x_scale, x_zero_point, y_scale, y_zero_point.
//   e = rint(2^31 exp(sx * (x - max))), p = e * (1 / sum of e) in double,
//   y = saturate(rint_half_even(float32(p) / sy) + zy)
#include <algorithm>

#include "ops/axes.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/requantize.h"
#include "ops/softmax_powers.h"

namespace insitu {
namespace {

bool Flattens(const Node& node) { return node.Attr<int64_t>("opset", 13) < 13; }

Result<size_t> AxisOf(const Node& node, size_t rank) {
  const bool flattens = Flattens(node);
  const int64_t axis = node.Attr<int64_t>("axis", flattens ? 1 : -1);
  if (flattens && axis == static_cast<int64_t>(rank)) return rank;
  return NormalizeAxis(axis, rank);
}

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, 0, "x"));
  INSITU_TRY(RequireInputs(context, {1, 3}));
  for (size_t i : {2, 4}) INSITU_TRY(RequireSameType(context, 0, i));
  if (const Shape* shape = context.shape(0)) INSITU_TRY(AxisOf(context.node(), shape->size()));
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const Quantization qx, ReadQuantization(context, 1, 2, "x"));
  INSITU_ASSIGN(const Quantization qy, ReadQuantization(context, 3, 4, "y"));
  INSITU_ASSIGN(const size_t axis, AxisOf(context.node, x.dims.size()));
  INSITU_ASSIGN(TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  const std::span<const int64_t> dims = x.dims;
  const bool flattens = Flattens(context.node);
  const int64_t outer = ElementsUnchecked(dims.first(axis));
  const int64_t count = flattens ? ElementsUnchecked(dims.subspan(axis)) : dims[axis];
  const int64_t inner = flattens ? 1 : ElementsUnchecked(dims.subspan(axis + 1));
  const auto powers = SoftmaxPowers(qx.scale);
  return DispatchByte(x.dtype, [&]<class T>(T) -> Status {
    const QuantizedRange range = RangeOf<T>({});
    for (int64_t line = 0; line < outer * inner; ++line) {
      const int64_t first = line / inner * count * inner + line % inner;
      const T* from = x.As<T>().data() + first;
      T* to = y.As<T>().data() + first;
      T largest = std::numeric_limits<T>::lowest();
      for (int64_t i = 0; i < count; ++i) largest = std::max(largest, from[i * inner]);
      const auto power = [&](int64_t i) {
        return powers[static_cast<size_t>(largest - from[i * inner])];
      };
      int64_t sum = 0;
      for (int64_t i = 0; i < count; ++i) sum += power(i);
      for (int64_t i = 0; i < count; ++i) {
        const float share =
            SoftmaxShare(static_cast<double>(power(i)), 1 / static_cast<double>(sum));
        to[i * inner] = static_cast<T>(RoundToRange(share / qy.scale, qy.zero_point, range));
      }
    }
    return {};
  });
}

Lowering Lower(const LowerContext& context) {
  const Shape* shape = context.shape(0);
  if (!shape) return Refuse("the rank is not known");
  const auto axis = AxisOf(context.node(), shape->size());
  if (!axis) return Refuse(axis.error());
  INSITU_LOWER(const Quantization x, LowerQuantization(context, 1, 2));
  INSITU_LOWER(const Quantization y, LowerQuantization(context, 3, 4));
  return LoweredNode{lowered::QuantizedSoftmax{context.dtype(0), static_cast<int64_t>(*axis),
                                               Flattens(context.node()), x, y},
                     {0}};
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  if (Flattens(node)) return std::nullopt;
  return CommuteAxis(node, perm, -1);
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}, {"opset", AttrKind::kInt}};

}  // namespace

const OpDef kQLinearSoftmaxOp = {
    .name = "QLinearSoftmax",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 5,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = Commute,
};

}  // namespace insitu
