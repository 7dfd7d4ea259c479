// Optional, OptionalHasElement, OptionalGetElement: values that may be absent. Since opset 18 the
// last two take tensors and sequences too, as values that are present.
// https://onnx.ai/onnx/operators/onnx__OptionalGetElement.html (15, 18)
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status InferOptional(InferContext& context) {
  ValueType type{DType::kOptional, std::nullopt};
  if (context.HasInput(0)) type.element = std::make_shared<const ValueType>(context.type(0));
  context.SetType(0, std::move(type));
  return {};
}

Status RunOptional(RunContext& context) {
  std::vector<Tensor> items;
  if (context.HasInput(0)) items.push_back(context.tensors[0]);
  context.results[0] = Tensor::Optional(std::move(items));
  return {};
}

Status InferHas(InferContext& context) {
  context.SetOutput(0, DType::kBool, Shape{});
  return {};
}

Status RunHas(RunContext& context) {
  const bool boxed = context.HasInput(0) && context.inputs[0].dtype == DType::kOptional;
  const int64_t has = boxed ? !context.tensors[0].items().empty() : context.HasInput(0);
  StoreElements(&has, 1, context.outputs[0], 0);
  return {};
}

Status InferGet(InferContext& context) {
  const ValueType& type = context.type(0);
  if (type.dtype != DType::kOptional) {
    context.SetType(0, type);
  } else if (type.element) {
    context.SetType(0, *type.element);
  }
  return {};
}

Status RunGet(RunContext& context) {
  if (context.tensors.empty()) {  // a plain tensor, in a plan
    CopyElements(context.inputs[0], 0, context.outputs[0], 0, context.inputs[0].elements());
    return {};
  }
  const Tensor& value = context.tensors[0];
  if (value.dtype() != DType::kOptional) {
    context.results[0] = value;
    return {};
  }
  if (value.items().empty())
    return Fail(ErrorCode::kInvalidArgument, "the optional value is absent",
                "Ask OptionalHasElement first, and feed a value where one is needed.");
  context.results[0] = value.items()[0];
  return {};
}

constexpr int kOptionalSince[] = {15};
constexpr int kSince[] = {15, 18};

constexpr OpDef Define(std::string_view name, std::span<const int> since, int min_inputs,
                       Status (*infer)(InferContext&), Status (*run)(RunContext&)) {
  return {.name = name,
          .since = since,
          .min_inputs = min_inputs,
          .infer = infer,
          .run = run,
          .no_lowering = "backends compute tensors, not optional values",
          .deterministic = false};
}

}  // namespace

const OpDef kOptionalOp = Define("Optional", kOptionalSince, 0, InferOptional, RunOptional);
const OpDef kOptionalHasElementOp = Define("OptionalHasElement", kSince, 0, InferHas, RunHas);
const OpDef kOptionalGetElementOp = Define("OptionalGetElement", kSince, 1, InferGet, RunGet);

}  // namespace insitu
