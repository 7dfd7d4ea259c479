// Sequences of tensors: SequenceConstruct, SequenceEmpty, SequenceInsert, SequenceErase, SequenceAt
// and SequenceLength. https://onnx.ai/onnx/operators/onnx__SequenceInsert.html (11) and its kin.
// Positions may be negative and then count from the end.
#include "ops/control_flow.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr DTypeSet kTensorTypes = kAllTypes;

ValueType SequenceOf(ValueType element) {
  return {DType::kSequence, std::nullopt, std::make_shared<const ValueType>(std::move(element))};
}

Status RequireSequence(const InferContext& context, size_t input) {
  return RequireType(context, input, {DType::kSequence});
}

ValueType ElementOf(const InferContext& context, size_t input) {
  const auto& element = context.type(input).element;
  return element ? *element : ValueType();
}

// The position that optional input `input` names in 0 .. limit; `otherwise` when it is omitted.
Result<size_t> Position(const RunContext& context, size_t input, size_t limit, size_t otherwise) {
  if (!context.HasInput(input)) return otherwise;
  const TensorView& view = context.inputs[input];
  const int64_t given = view.elements() == 1 ? LoadInteger(view, 0) : -1;
  const auto size = static_cast<int64_t>(context.tensors[0].items().size());
  const int64_t position = given < 0 ? given + size : given;
  if (view.elements() == 1 && position >= 0 && position <= static_cast<int64_t>(limit))
    return static_cast<size_t>(position);
  return Fail(ErrorCode::kInvalidArgument, "position " + std::to_string(given) +
                                               " is outside a sequence of " + std::to_string(size) +
                                               " tensors");
}

std::vector<Tensor> ItemsOf(const RunContext& context) {
  const auto items = context.tensors[0].items();
  return {items.begin(), items.end()};
}

Status InferConstruct(InferContext& context) {
  ValueType element = context.type(0);
  for (size_t i = 0; i < context.input_count(); ++i) {
    INSITU_TRY(RequireType(context, i, kTensorTypes));
    INSITU_TRY(RequireSameType(context, 0, i));
    element.shape = CommonShape(element.shape, context.type(i).shape);
  }
  context.SetType(0, SequenceOf(std::move(element)));
  return {};
}

Status RunConstruct(RunContext& context) {
  context.results[0] = Tensor::Sequence({context.tensors.begin(), context.tensors.end()});
  return {};
}

Status InferEmpty(InferContext& context) {
  const int64_t dtype = context.node().Attr<int64_t>("dtype", 1);
  if (!IsKnownDType(static_cast<int>(dtype)))
    return Fail(ErrorCode::kUnsupportedType,
                "SequenceEmpty of element type " + std::to_string(dtype) + " is not supported");
  context.SetType(0, SequenceOf({static_cast<DType>(dtype), std::nullopt}));
  return {};
}

Status RunEmpty(RunContext& context) {
  context.results[0] = Tensor::Sequence({});
  return {};
}

Status InferInsert(InferContext& context) {
  INSITU_TRY(RequireSequence(context, 0));
  INSITU_TRY(RequireType(context, 1, kTensorTypes));
  INSITU_TRY(RequireType(context, 2, kIndexTypes));
  context.SetType(0, SequenceOf({context.dtype(1), std::nullopt}));
  return {};
}

Status RunInsert(RunContext& context) {
  std::vector<Tensor> items = ItemsOf(context);
  INSITU_ASSIGN(const size_t at, Position(context, 2, items.size(), items.size()));
  if (!items.empty() && items[0].dtype() != context.tensors[1].dtype())
    return Fail(ErrorCode::kInvalidArgument, "a " + std::string(Name(context.tensors[1].dtype())) +
                                                 " tensor cannot go into a sequence of " +
                                                 std::string(Name(items[0].dtype())));
  items.insert(items.begin() + static_cast<ptrdiff_t>(at), context.tensors[1]);
  context.results[0] = Tensor::Sequence(std::move(items));
  return {};
}

Status InferErase(InferContext& context) {
  INSITU_TRY(RequireSequence(context, 0));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  context.SetType(0, context.type(0));
  return {};
}

Status RunErase(RunContext& context) {
  std::vector<Tensor> items = ItemsOf(context);
  if (items.empty())
    return Fail(ErrorCode::kInvalidArgument, "an empty sequence has nothing to erase");
  INSITU_ASSIGN(const size_t at, Position(context, 1, items.size() - 1, items.size() - 1));
  items.erase(items.begin() + static_cast<ptrdiff_t>(at));
  context.results[0] = Tensor::Sequence(std::move(items));
  return {};
}

Status InferAt(InferContext& context) {
  INSITU_TRY(RequireSequence(context, 0));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  context.SetType(0, ElementOf(context, 0));
  return {};
}

Status RunAt(RunContext& context) {
  const auto items = context.tensors[0].items();
  if (items.empty()) return Fail(ErrorCode::kInvalidArgument, "an empty sequence has no tensors");
  INSITU_ASSIGN(const size_t at, Position(context, 1, items.size() - 1, 0));
  context.results[0] = items[at];
  return {};
}

Status InferLength(InferContext& context) {
  INSITU_TRY(RequireSequence(context, 0));
  context.SetOutput(0, DType::kInt64, Shape{});
  return {};
}

Status RunLength(RunContext& context) {
  const auto length = static_cast<int64_t>(context.tensors[0].items().size());
  StoreElements(&length, 1, context.outputs[0], 0);
  return {};
}

constexpr int kSince[] = {11};
constexpr AttrSpec kEmptyAttributes[] = {{"dtype", AttrKind::kInt}};

constexpr OpDef Define(std::string_view name, int min_inputs, int max_inputs,
                       Status (*infer)(InferContext&), Status (*run)(RunContext&)) {
  return {.name = name,
          .since = kSince,
          .min_inputs = min_inputs,
          .max_inputs = max_inputs,
          .infer = infer,
          .run = run,
          .no_lowering = "backends compute tensors, not sequences",
          .deterministic = false};
}

}  // namespace

const OpDef kSequenceConstructOp = Define("SequenceConstruct", 1, -1, InferConstruct, RunConstruct);
const OpDef kSequenceInsertOp = Define("SequenceInsert", 2, 3, InferInsert, RunInsert);
const OpDef kSequenceEraseOp = Define("SequenceErase", 1, 2, InferErase, RunErase);
const OpDef kSequenceAtOp = Define("SequenceAt", 2, 2, InferAt, RunAt);
const OpDef kSequenceLengthOp = Define("SequenceLength", 1, 1, InferLength, RunLength);
const OpDef kSequenceEmptyOp = [] {
  OpDef def = Define("SequenceEmpty", 0, 0, InferEmpty, RunEmpty);
  def.attributes = kEmptyAttributes;
  return def;
}();

}  // namespace insitu
