// GRU: a one-layer network of cells with update, reset and hidden gates (in this order in W, R, B).
// https://onnx.ai/onnx/operators/onnx__GRU.html (22)
//   z = f(x Wz + h Rz)   r = f(x Wr + h Rr)
//   n = g(x Wh + Wbh + (r . h) Rh + Rbh), or g(x Wh + Wbh + r . (h Rh + Rbh)) with
//   linear_before_reset
//   h' = (1 - z) . n + z . h
#include <algorithm>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/recurrent.h"

namespace insitu {
namespace {

void Step(const Node& node, CellStep& step) {
  const bool linear = node.Attr<int64_t>("linear_before_reset", 0) != 0;
  const CellActivation &f = step.activations[0], &g = step.activations[1];
  const int64_t hidden = step.hidden, width = step.gate_width;
  step.recur(step.h, 0, 2 * hidden, step.gates);
  for (int64_t row = 0; row < step.rows; ++row) {
    double* gates = step.gates + row * width;
    for (int64_t j = 0; j < 2 * hidden; ++j) gates[j] = f(gates[j]);
  }
  if (linear) {
    std::fill_n(step.scratch, step.rows * width, 0.0);
    step.recur(step.h, 2 * hidden, hidden, step.scratch);
    for (int64_t row = 0; row < step.rows; ++row)
      for (int64_t j = 0; j < hidden; ++j)
        step.gates[row * width + 2 * hidden + j] +=
            step.gates[row * width + hidden + j] * step.scratch[row * width + 2 * hidden + j];
  } else {
    for (int64_t row = 0; row < step.rows; ++row)
      for (int64_t j = 0; j < hidden; ++j)
        step.scratch[row * hidden + j] =
            step.gates[row * width + hidden + j] * step.h[row * hidden + j];
    step.recur(step.scratch, 2 * hidden, hidden, step.gates);
  }
  for (int64_t row = 0; row < step.rows; ++row) {
    const double* gates = step.gates + row * width;
    double* state = step.h + row * hidden;
    for (int64_t j = 0; j < hidden; ++j)
      state[j] = (1 - gates[j]) * g(gates[2 * hidden + j]) + gates[j] * state[j];
  }
}

constexpr std::string_view kActivations[] = {"Sigmoid", "Tanh"};
constexpr RecurrentKind kKind = {.gates = 3, .activations = kActivations, .step = Step};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireSameType(context, kX, kW));
  INSITU_TRY(RequireSameType(context, kX, kR));
  return InferRecurrent(context, kKind);
}

Status Run(RunContext& context) { return RunRecurrent(context, kKind); }

constexpr int kSince[] = {1, 3, 7, 14, 22};
constexpr AttrSpec kAttributes[] = {
    {"activation_alpha", AttrKind::kFloats},
    {"activation_beta", AttrKind::kFloats},
    {"activations", AttrKind::kStrings},
    {"clip", AttrKind::kFloat},
    {"direction", AttrKind::kString},
    {"hidden_size", AttrKind::kInt},
    {"layout", AttrKind::kInt},
    {"linear_before_reset", AttrKind::kInt},
};

}  // namespace

const OpDef kGRUOp = {
    .name = "GRU",
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
