// Convolutions and linear layers between DequantizeLinear and QuantizeLinear.
// The sum of products is exact in int32, so it stays the same; a bias joins it in accumulator steps
// of float32(scale_x * scale_w[c]).
#include <cmath>
#include <limits>

#include "passes/qdq.h"

namespace insitu {
namespace {

// The bias of an integer layer: a constant int32 [channels], or none.
struct IntegerBias {
  ValueId value = kNoValue;
  bool rounded = false;  // it was float, or in other steps
};

float StepOf(const QuantizedValue& x, const QuantizedValue& w, int64_t channel) {
  return x.numbers.scale[0] * w.numbers.ScaleAt(channel);
}

// Whether the int32 bias counts exactly the accumulator's steps.
bool InAccumulatorSteps(const QuantizedValue& bias, const QuantizedValue& x,
                        const QuantizedValue& w, int64_t channels) {
  for (int64_t c = 0; c < channels; ++c)
    if (bias.numbers.ScaleAt(c) != StepOf(x, w, c) || bias.numbers.ZeroPointAt(c) != 0)
      return false;
  return true;
}

// The real value of element `c` of a bias that is a float constant or a dequantized int32 one.
double RealBias(const Tensor& stored, const std::optional<QuantizedValue>& quantized, int64_t c) {
  if (!quantized) return stored.As<float>()[static_cast<size_t>(c)];
  const double steps = stored.As<int32_t>()[static_cast<size_t>(c)];
  return (steps - quantized->numbers.ZeroPointAt(c)) * quantized->numbers.ScaleAt(c);
}

// nullopt: the bias has no integer form, so the layer stays float.
Result<std::optional<IntegerBias>> MakeBias(Graph& graph, ValueId bias, const QuantizedValue& x,
                                            const QuantizedValue& w, int64_t channels) {
  if (bias == kNoValue) return IntegerBias{};
  const auto quantized = DequantizedFrom(graph, bias);
  if (quantized && quantized->dtype != DType::kInt32) return std::nullopt;
  const Tensor* stored = graph.Constant(quantized ? quantized->value : bias);
  if (!stored || stored->elements() != channels) return std::nullopt;
  if (!quantized && stored->dtype() != DType::kFloat32) return std::nullopt;
  if (stored->dims().empty() || stored->dims().back() != channels) return std::nullopt;
  if (quantized && !quantized->PerTensor() &&
      static_cast<int64_t>(quantized->numbers.scale.size()) != channels)
    return std::nullopt;
  if (quantized && InAccumulatorSteps(*quantized, x, w, channels)) {
    if (stored->dims().size() == 1) return IntegerBias{quantized->value};
    return IntegerBias{graph.AddConstant("bias", stored->Reshaped({channels}))};
  }
  // The accumulator counts in steps far finer than the output's, so that rounding the bias to them
  // moves no result by more than a small part of an output step.
  INSITU_ASSIGN(Tensor rounded, Tensor::Allocate(DType::kInt32, {channels}));
  for (int64_t c = 0; c < channels; ++c) {
    const double steps = std::rint(RealBias(*stored, quantized, c) / StepOf(x, w, c));
    if (!(std::abs(steps) <= std::numeric_limits<int32_t>::max())) return std::nullopt;
    rounded.As<int32_t>()[static_cast<size_t>(c)] = static_cast<int32_t>(steps);
  }
  return IntegerBias{graph.AddConstant("bias", std::move(rounded)), true};
}

std::string_view Remark(const IntegerBias& bias) {
  return bias.rounded ? ", its bias rounded to accumulator steps" : "";
}

}  // namespace

Result<bool> FuseQdqConv(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node conv = graph.node(match.producer);
  if (!conv.Is("Conv")) return false;
  const auto x = DequantizedBytes(graph, conv.inputs[0]);
  const auto w = DequantizedWeights(graph, conv.inputs[1], 0, 0);
  if (!x || !w) return false;
  const int64_t channels = graph.Constant(w->value)->dims()[0];
  INSITU_ASSIGN(const auto bias, MakeBias(graph, conv.Input(2), *x, *w, channels));
  if (!bias) return false;
  INSITU_ASSIGN(const ValueId x_zero, ZeroPointOf(graph, *x));
  INSITU_ASSIGN(const ValueId w_zero, ZeroPointOf(graph, *w));
  INSITU_ASSIGN(const ValueId y_zero, ZeroPointOf(graph, match.y));
  std::vector<ValueId> inputs = {x->value, x->scale, x_zero,        w->value,
                                 w->scale, w_zero,   match.y.scale, y_zero};
  if (bias->value != kNoValue) inputs.push_back(bias->value);
  Node fused{conv.name, "", "QLinearConv", {}, {}, WithoutActivation(conv), false};
  ReplaceOutput(graph, context, match, std::move(fused), std::move(inputs), Remark(*bias));
  return true;
}

Result<bool> FuseQdqGemm(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node gemm = graph.node(match.producer);
  if (!gemm.Is("Gemm") || gemm.Attr<float>("alpha", 1.0f) != 1.0f ||
      gemm.Attr<float>("beta", 1.0f) != 1.0f || gemm.Attr<int64_t>("transA", 0) != 0)
    return false;
  const int64_t columns_axis = gemm.Attr<int64_t>("transB", 0) != 0 ? 0 : 1;
  const auto x = DequantizedBytes(graph, gemm.inputs[0]);
  const auto w = DequantizedWeights(graph, gemm.inputs[1], 2, columns_axis);
  if (!x || !w) return false;
  const int64_t columns = graph.Constant(w->value)->dims()[static_cast<size_t>(columns_axis)];
  INSITU_ASSIGN(const auto bias, MakeBias(graph, gemm.Input(2), *x, *w, columns));
  if (!bias) return false;
  INSITU_ASSIGN(const ValueId x_zero, ZeroPointOf(graph, *x));
  INSITU_ASSIGN(const ValueId w_zero, ZeroPointOf(graph, *w));
  INSITU_ASSIGN(const ValueId y_zero, ZeroPointOf(graph, match.y));
  Node fused{gemm.name, "com.microsoft", "QGemm", {}, {}, {}, false};
  fused.attributes.emplace("transB", gemm.Attr<int64_t>("transB", 0));
  ReplaceOutput(
      graph, context, match, std::move(fused),
      {x->value, x->scale, x_zero, w->value, w->scale, w_zero, bias->value, match.y.scale, y_zero},
      Remark(*bias));
  return true;
}

Result<bool> FuseQdqMatMul(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node product = graph.node(match.producer);
  if (!product.Is("MatMul")) return false;
  const auto a = DequantizedBytes(graph, product.inputs[0]);
  auto b = DequantizedWeights(graph, product.inputs[1], 2, 1);
  if (!b) b = DequantizedBytes(graph, product.inputs[1]);
  if (!a || !b) return false;
  INSITU_ASSIGN(const ValueId a_zero, ZeroPointOf(graph, *a));
  INSITU_ASSIGN(const ValueId b_zero, ZeroPointOf(graph, *b));
  INSITU_ASSIGN(const ValueId y_zero, ZeroPointOf(graph, match.y));
  Node fused{product.name, "", "QLinearMatMul", {}, {}, {}, false};
  ReplaceOutput(graph, context, match, std::move(fused),
                {a->value, a->scale, a_zero, b->value, b->scale, b_zero, match.y.scale, y_zero});
  return true;
}

}  // namespace insitu
