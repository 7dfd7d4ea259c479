// Loop: a body run while a condition holds and a trip count lasts, with values carried from one
// iteration to the next and outputs stacked over all of them.
// https://onnx.ai/onnx/operators/onnx__Loop.html
#include "base/limits.h"
#include "ops/control_flow.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/sequence_items.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, {DType::kInt64}));
  INSITU_TRY(RequireType(context, 1, kBoolType));
  const Node& node = context.node();
  const size_t formal = FormalInputs(node), outputs = node.outputs.size();
  const size_t carried = formal < 2 ? 0 : formal - 2;
  INSITU_ASSIGN(const Graph* body, InferBody(context, "body", 2 + carried, 1 + outputs));
  for (size_t i = 0; i < outputs; ++i) {
    ValueType type = body->value(body->outputs[1 + i]).type;
    if (i < carried) {
      type.shape.reset();
    } else if (type.shape) {
      type.shape->insert(type.shape->begin(), Dim::Unknown());
    }
    context.SetType(i, std::move(type));
  }
  return {};
}

Result<bool> Condition(const Tensor& tensor) {
  if (tensor.dtype() == DType::kBool && tensor.elements() == 1)
    return LoadInteger(tensor.View(), 0) != 0;
  return Fail(ErrorCode::kShapeMismatch, "the condition of Loop must be one bool, not " +
                                             std::string(Name(tensor.dtype())) +
                                             ToString(tensor.dims()));
}

// Extents of a stacked output of no iterations: what inference knows, else 0.
Dims DimsOfNone(const ValueType& type) {
  Dims dims;
  for (const Dim& dim : type.shape.value_or(Shape{}))
    dims.push_back(dim.IsKnown() ? dim.value() : 0);
  return dims;
}

Status Run(RunContext& context) {
  const auto body = context.node.Attr("body", std::shared_ptr<Graph>());
  const size_t formal = FormalInputs(context.node);
  const size_t carried = formal < 2 ? 0 : formal - 2;
  const bool counted = context.HasInput(0);
  if (counted && context.inputs[0].elements() != 1)
    return Fail(ErrorCode::kShapeMismatch, "the trip count of Loop must have one element");
  const int64_t trips =
      counted ? LoadInteger(context.inputs[0], 0) : CurrentLimits().max_loop_trips;
  if (trips > CurrentLimits().max_loop_trips)
    return Fail(ErrorCode::kLimitExceeded, "Loop was asked for " + std::to_string(trips) +
                                               " iterations; the limit is " +
                                               std::to_string(CurrentLimits().max_loop_trips));
  bool going = true;
  if (context.HasInput(1)) {
    INSITU_ASSIGN(going, Condition(context.tensors[1]));
  }

  std::vector<Tensor> inputs(context.tensors.begin(), context.tensors.end());
  inputs.resize(std::max<size_t>(inputs.size(), 2));
  INSITU_ASSIGN(inputs[1], Tensor::Allocate(DType::kBool, {}));
  const size_t stacked = context.results.size() - std::min(carried, context.results.size());
  std::vector<std::vector<Tensor>> stacks(stacked);
  int64_t trip = 0;
  for (; going && trip < trips; ++trip) {
    if (stacked > 0) INSITU_TRY(CheckSequenceItems(trip + 1));
    INSITU_ASSIGN(inputs[0], Tensor::From<int64_t>({}, std::span(&trip, 1)));
    const int64_t yes = 1;
    StoreElements(&yes, 1, inputs[1].View(), 0);
    INSITU_ASSIGN(auto outputs, context.run_subgraph(*body, inputs));
    INSITU_ASSIGN(going, Condition(outputs[0]));
    for (size_t i = 0; i < carried; ++i) inputs[2 + i] = std::move(outputs[1 + i]);
    for (size_t i = 0; i < stacked; ++i) stacks[i].push_back(std::move(outputs[1 + carried + i]));
  }
  if (!counted && going)
    return Fail(ErrorCode::kLimitExceeded,
                "Loop did not end within " + std::to_string(trips) + " iterations",
                "Check the condition that the body computes.");
  for (size_t i = 0; i < std::min(carried, context.results.size()); ++i)
    context.results[i] = inputs[2 + i];
  for (size_t i = 0; i < stacked; ++i) {
    const ValueType& type = body->value(body->outputs[1 + carried + i]).type;
    const bool none = stacks[i].empty();
    INSITU_ASSIGN(context.results[carried + i],
                  Stack(stacks[i], none ? type.dtype : stacks[i][0].dtype(),
                        none ? DimsOfNone(type) : stacks[i][0].dims(), 0));
  }
  return {};
}

constexpr int kSince[] = {1, 11, 13, 16, 19, 21, 23};
constexpr AttrSpec kAttributes[] = {{"body", AttrKind::kGraph, true},
                                    {"formal_inputs", AttrKind::kInt}};

}  // namespace

const OpDef kLoopOp = {.name = "Loop",
                       .since = kSince,
                       .attributes = kAttributes,
                       .min_inputs = 0,
                       .max_inputs = -1,
                       .max_outputs = -1,
                       .infer = Infer,
                       .run = Run,
                       .no_lowering = "the nodes of its body run where each can",
                       .deterministic = false};

}  // namespace insitu
