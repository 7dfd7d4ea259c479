// RNN: a one-layer network of simple cells, h' = f(x W + Wb + h R + Rb).
// https://onnx.ai/onnx/operators/onnx__RNN.html (22)
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/recurrent.h"

namespace insitu {
namespace {

void Step(const Node&, CellStep& step) {
  step.recur(step.h, 0, step.gate_width, step.gates);
  for (int64_t i = 0; i < step.rows * step.hidden; ++i)
    step.h[i] = step.activations[0](step.gates[i]);
}

constexpr std::string_view kActivations[] = {"Tanh"};
constexpr RecurrentKind kKind = {.gates = 1, .activations = kActivations, .step = Step};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireSameType(context, kX, kW));
  INSITU_TRY(RequireSameType(context, kX, kR));
  return InferRecurrent(context, kKind);
}

Status Run(RunContext& context) { return RunRecurrent(context, kKind); }

constexpr int kSince[] = {1, 7, 14, 22};
constexpr AttrSpec kAttributes[] = {
    {"activation_alpha", AttrKind::kFloats},
    {"activation_beta", AttrKind::kFloats},
    {"activations", AttrKind::kStrings},
    {"clip", AttrKind::kFloat},
    {"direction", AttrKind::kString},
    {"hidden_size", AttrKind::kInt},
    {"layout", AttrKind::kInt},
};

}  // namespace

const OpDef kRNNOp = {
    .name = "RNN",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 6,
    .min_outputs = 0,
    .max_outputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has recurrent operators",
};

}  // namespace insitu
