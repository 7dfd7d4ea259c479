// Cast converts the element type; CastLike does so to that of its second input.
// https://onnx.ai/onnx/operators/onnx__Cast.html (21), onnx__CastLike.html (19).
// Float to integer truncates; what the standard leaves undefined saturates, NaN becomes 0. Integer
// to narrower integer wraps. float8 honours `saturate`. Strings: ops/cast_strings.h.
#include "ops/cast_strings.h"
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr DTypeSet kCastTypes = kAllTypes;

Result<DType> Target(const Node& node) {
  const int64_t to = node.Attr<int64_t>("to", 0);
  if (to > 0 && to < 32 && kCastTypes.Has(static_cast<DType>(to))) return static_cast<DType>(to);
  return Fail(ErrorCode::kUnsupportedType,
              "Cast to element type " + std::to_string(to) + " is not supported");
}

Status InferTo(InferContext& context, DType to) {
  INSITU_TRY(RequireType(context, 0, kCastTypes));
  context.SetOutput(0, to, ShapeOf(context, 0));
  const std::vector<Dim>* elements = context.elements(0);
  if (!elements) return {};
  std::vector<Dim> cast = *elements;
  if (to == DType::kBool)
    for (Dim& element : cast)
      element = element.IsKnown() ? Dim(element.value() != 0) : Dim::Unknown();
  context.SetElements(0, std::move(cast));
  return {};
}

Status Infer(InferContext& context) {
  INSITU_ASSIGN(const DType to, Target(context.node()));
  return InferTo(context, to);
}

Status InferLike(InferContext& context) {
  INSITU_TRY(RequireType(context, 1, kCastTypes));
  return InferTo(context, context.dtype(1));
}

Status RunTo(RunContext& context, DType to) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, to, x.dims));
  const bool from_string = x.dtype == DType::kString, to_string = to == DType::kString;
  if (from_string && to_string) {
    CopyElements(x, 0, y, 0, x.elements());
    return {};
  }
  if (from_string) return StringsToNumbers(x, y);
  if (to_string) {
    NumbersToStrings(x, y);
    return {};
  }
  const OnOverflow overflow =
      context.node.Attr<int64_t>("saturate", 1) ? OnOverflow::kSaturate : OnOverflow::kInfinity;
  WithArithmetic(x.dtype, [&]<class T>(T) {
    T block[kBlock];
    const int64_t count = x.elements();
    for (int64_t start = 0; start < count; start += kBlock) {
      const int64_t n = std::min(kBlock, count - start);
      LoadElements(x, start, 1, n, block);
      StoreElements(block, n, y, start, 1, overflow);
    }
  });
  return {};
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const DType to, Target(context.node));
  return RunTo(context, to);
}

Status RunLike(RunContext& context) { return RunTo(context, context.inputs[1].dtype); }

constexpr int kSince[] = {1, 6, 9, 13, 19, 21};
constexpr int kLikeSince[] = {15, 19, 21};
constexpr AttrSpec kLikeAttributes[] = {{"saturate", AttrKind::kInt}};
constexpr AttrSpec kAttributes[] = {{"to", AttrKind::kInt, true}, {"saturate", AttrKind::kInt}};

}  // namespace

const OpDef kCastOp = {
    .name = "Cast",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend converts between these types",
    .commute = CommuteUnchanged,
};

const OpDef kCastLikeOp = {
    .name = "CastLike",
    .since = kLikeSince,
    .attributes = kLikeAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = InferLike,
    .run = RunLike,
    .no_lowering = "no backend converts between these types",
};

}  // namespace insitu
