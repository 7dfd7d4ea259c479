// LSTM: a one-layer network of cells with input, output and forget gates (in this order, then the
// cell gate, in W, R and B), peepholes and coupled gates.
// https://onnx.ai/onnx/operators/onnx__LSTM.html (22)
//   i = f(x Wi + h Ri + Pi . c)   f' = f(x Wf + h Rf + Pf . c), or 1 - i with input_forget
//   c' = f' . c + i . g(x Wc + h Rc)   o = f(x Wo + h Ro + Po . c')   h' = o . h(c')
// clip bounds what goes into every activation.
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/recurrent.h"

namespace insitu {

void LstmStep(const Node& node, CellStep& step) {
  const bool coupled = node.Attr<int64_t>("input_forget", 0) != 0;
  const CellActivation &f = step.activations[0], &g = step.activations[1], &h = step.activations[2];
  const int64_t hidden = step.hidden;
  step.recur(step.h, 0, step.gate_width, step.gates);
  for (int64_t row = 0; row < step.rows; ++row) {
    const double* gates = step.gates + row * step.gate_width;
    double *state = step.h + row * hidden, *cell = step.c + row * hidden;
    for (int64_t j = 0; j < hidden; ++j) {
      const auto peep = [&](int64_t gate, double value) {
        return step.peepholes ? step.peepholes[gate * hidden + j] * value : 0.0;
      };
      const double input = f(gates[j] + peep(0, cell[j]));
      const double forget = coupled ? 1 - input : f(gates[2 * hidden + j] + peep(2, cell[j]));
      cell[j] = forget * cell[j] + input * g(gates[3 * hidden + j]);
      const double output = f(gates[hidden + j] + peep(1, cell[j]));
      state[j] = output * h(cell[j]);
    }
  }
}

namespace {

constexpr RecurrentKind kKind = {
    .gates = 4, .activations = kLstmActivations, .has_cell = true, .step = LstmStep};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireSameType(context, kX, kW));
  INSITU_TRY(RequireSameType(context, kX, kR));
  return InferRecurrent(context, kKind);
}

Status Run(RunContext& context) { return RunRecurrent(context, kKind); }

constexpr int kSince[] = {1, 7, 14, 22};
constexpr AttrSpec kAttributes[] = {
    {"activation_alpha", AttrKind::kFloats}, {"activation_beta", AttrKind::kFloats},
    {"activations", AttrKind::kStrings},     {"clip", AttrKind::kFloat},
    {"direction", AttrKind::kString},        {"hidden_size", AttrKind::kInt},
    {"input_forget", AttrKind::kInt},        {"layout", AttrKind::kInt},
};

}  // namespace

const OpDef kLSTMOp = {
    .name = "LSTM",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 8,
    .min_outputs = 0,
    .max_outputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has recurrent operators",
};

}  // namespace insitu
