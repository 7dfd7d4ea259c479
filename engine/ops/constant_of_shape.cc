// ConstantOfShape: a tensor of the given shape filled with the one element of attribute `value`,
// float32 zero by default. https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html (21).
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

// The filling, one element.
Result<Tensor> FillOf(const Node& node) {
  const auto it = node.attributes.find("value");
  const Tensor* given = it == node.attributes.end() ? nullptr : std::get_if<Tensor>(&it->second);
  const float zero = 0;
  if (!given) return Tensor::From<float>({1}, std::span(&zero, 1));
  if (given->elements() != 1 || given->dtype() == DType::kString)
    return Fail(ErrorCode::kInvalidModel, "attribute value must hold one number");
  return *given;
}

Status CheckExtents(std::span<const Dim> extents) {
  for (const Dim& dim : extents)
    if (dim.IsKnown() && dim.value() < 0)
      return Fail(ErrorCode::kInvalidModel, "the shape " + ToString(extents) + " is negative");
  return {};
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, {DType::kInt64}));
  INSITU_ASSIGN(const Tensor fill, FillOf(context.node()));
  context.SetOutput(0, fill.dtype(), std::nullopt);
  if (const std::vector<Dim>* extents = context.elements(0)) {
    INSITU_TRY(CheckExtents(*extents));
    context.SetOutput(0, fill.dtype(), *extents);
    const auto dims = KnownDims(*extents);
    const auto count = dims ? Elements(*dims) : Result<int64_t>(65);
    if (count && *count <= 64 && ArithmeticOf(fill.dtype()) == Arithmetic::kSigned)
      context.SetElements(
          0, std::vector<Dim>(static_cast<size_t>(*count), Dim(LoadInteger(fill.View(), 0))));
  } else if (context.shape(0) && context.shape(0)->size() == 1 &&
             context.shape(0)->front().IsKnown() && context.shape(0)->front().value() <= 16) {
    context.SetOutput(0, fill.dtype(),
                      Shape(static_cast<size_t>(context.shape(0)->front().value())));
  }
  return {};
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const Tensor fill, FillOf(context.node));
  if (context.inputs[0].elements() > 16)
    return Fail(ErrorCode::kLimitExceeded, "the shape has more than 16 extents");
  const std::vector<int64_t> dims = ReadIntegers(context.inputs[0]);
  INSITU_TRY(CheckExtents(ToShape(dims)));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, fill.dtype(), dims));
  CopyLine(fill.View(), 0, 0, y, 0, 1, y.elements());
  return {};
}

constexpr int kSince[] = {9, 20, 21};
constexpr AttrSpec kAttributes[] = {{"value", AttrKind::kTensor}};

}  // namespace

const OpDef kConstantOfShapeOp = {
    .name = "ConstantOfShape",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .no_lowering = "filled once a run by the reference",
};

}  // namespace insitu
