// com.microsoft.QLinearSigmoid and QLinearLeakyRelu: activations of quantized tensors.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// Inputs: x, x_scale, x_zero_point, y_scale, y_zero_point; an omitted zero point is 0.
//   y = saturate(rint_half_even(f(float(x - zx) * sx) / sy) + zy), every step in float32
#include <cmath>

#include "ops/byte_table.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, 0, "x"));
  INSITU_TRY(RequireInputs(context, {1, 3}));
  for (size_t i : {2, 4}) INSITU_TRY(RequireSameType(context, 0, i));
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  return {};
}

float Sigmoid(float value) {
  return static_cast<float>(1 / (1 + std::exp(-static_cast<double>(value))));
}

auto LeakyRelu(const Node& node) {
  const float alpha = node.Attr<float>("alpha", 0.01f);
  return [alpha](float value) { return value < 0 ? alpha * value : value; };
}

template <class F>
Status RunFunction(RunContext& context, F&& f) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const Quantization qx, ReadQuantization(context, 1, 2, "x"));
  INSITU_ASSIGN(const Quantization qy, ReadQuantization(context, 3, 4, "y"));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  RequantizingTable(x.dtype, qx, qy, f).Apply(x, 0, 1, y, 0, x.elements());
  return {};
}

template <class F>
Lowering LowerFunction(const LowerContext& context, F&& f) {
  INSITU_LOWER(const Quantization x, LowerQuantization(context, 1, 2));
  INSITU_LOWER(const Quantization y, LowerQuantization(context, 3, 4));
  return LoweredNode{lowered::ByteMap{RequantizingTable(context.dtype(0), x, y, f).entries()}, {0}};
}

Status RunSigmoid(RunContext& context) { return RunFunction(context, Sigmoid); }
Status RunLeakyRelu(RunContext& context) { return RunFunction(context, LeakyRelu(context.node)); }
Lowering LowerSigmoid(const LowerContext& context) { return LowerFunction(context, Sigmoid); }
Lowering LowerLeakyRelu(const LowerContext& context) {
  return LowerFunction(context, LeakyRelu(context.node()));
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAlpha[] = {{"alpha", AttrKind::kFloat}};

constexpr OpDef Define(std::string_view name, Status (*run)(RunContext&),
                       Lowering (*lower)(const LowerContext&),
                       std::span<const AttrSpec> attributes) {
  return {.name = name,
          .domain = "com.microsoft",
          .since = kSince,
          .attributes = attributes,
          .min_inputs = 2,
          .max_inputs = 5,
          .infer = Infer,
          .run = run,
          .lower = lower,
          .commute = CommuteUnchanged};
}

}  // namespace

const OpDef kQLinearSigmoidOp = Define("QLinearSigmoid", RunSigmoid, LowerSigmoid, {});
const OpDef kQLinearLeakyReluOp = Define("QLinearLeakyRelu", RunLeakyRelu, LowerLeakyRelu, kAlpha);

}  // namespace insitu
