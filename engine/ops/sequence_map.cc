// SequenceMap: a body run on each item of a sequence, together with the items of further sequences
// and whole tensors. https://onnx.ai/onnx/operators/onnx__SequenceMap.html (17)
#include "ops/control_flow.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, {DType::kSequence}));
  const Node& node = context.node();
  INSITU_ASSIGN(const Graph* body,
                InferBody(context, "body", FormalInputs(node), node.outputs.size()));
  for (size_t i = 0; i < node.outputs.size(); ++i)
    context.SetType(i, {DType::kSequence, std::nullopt,
                        std::make_shared<const ValueType>(body->value(body->outputs[i]).type)});
  return {};
}

Status Run(RunContext& context) {
  const auto body = context.node.Attr("body", std::shared_ptr<Graph>());
  const size_t formal = FormalInputs(context.node), length = context.tensors[0].items().size();
  std::vector<std::vector<Tensor>> mapped(context.results.size());
  std::vector<Tensor> inputs(context.tensors.begin(), context.tensors.end());
  for (size_t item = 0; item < length; ++item) {
    for (size_t i = 0; i < formal; ++i) {
      if (context.tensors[i].dtype() != DType::kSequence) continue;
      if (context.tensors[i].items().size() != length)
        return Fail(ErrorCode::kShapeMismatch, "the sequences of SequenceMap differ in length");
      inputs[i] = context.tensors[i].items()[item];
    }
    INSITU_ASSIGN(auto outputs, context.run_subgraph(*body, inputs));
    for (size_t i = 0; i < mapped.size(); ++i) mapped[i].push_back(std::move(outputs[i]));
  }
  for (size_t i = 0; i < mapped.size(); ++i)
    context.results[i] = Tensor::Sequence(std::move(mapped[i]));
  return {};
}

constexpr int kSince[] = {17};
constexpr AttrSpec kAttributes[] = {{"body", AttrKind::kGraph, true},
                                    {"formal_inputs", AttrKind::kInt}};

}  // namespace

const OpDef kSequenceMapOp = {.name = "SequenceMap",
                              .since = kSince,
                              .attributes = kAttributes,
                              .max_inputs = -1,
                              .max_outputs = -1,
                              .infer = Infer,
                              .run = Run,
                              .no_lowering = "the nodes of its body run where each can",
                              .deterministic = false};

}  // namespace insitu
