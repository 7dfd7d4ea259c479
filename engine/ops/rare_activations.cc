// Celu, Selu, ThresholdedRelu, Shrink, Softsign, Mish: activations that no backend has.
// https://onnx.ai/onnx/operators/onnx__Celu.html (12) and its neighbours; the formula of each is in
// its struct. NaN stays NaN. Shrink of integers goes through double.
#include <cmath>

#include "ops/unary.h"

namespace insitu {
namespace {

using P = UnaryParameters;

struct Celu {
  static double Of(double v, const P& p) { return v < 0 ? p.alpha * std::expm1(v / p.alpha) : v; }
};
// alpha, and gamma as beta.
struct Selu {
  static double Of(double v, const P& p) { return p.beta * (v <= 0 ? p.alpha * std::expm1(v) : v); }
};
struct ThresholdedRelu {
  static double Of(double v, const P& p) { return v <= p.alpha ? 0 : v; }
};
// lambd as alpha, bias as beta.
struct Shrink {
  static double Of(double v, const P& p) {
    return v < -p.alpha ? v + p.beta : v > p.alpha ? v - p.beta : v != v ? v : 0;
  }
};
struct Softsign {
  static double Of(double v) { return v / (1 + std::fabs(v)); }
};
struct Mish {
  // v * tanh(log(1 + exp(v))), with e = exp(v): v * (e * e + 2 e) / (e * e + 2 e + 2).
  static double Of(double v) {
    if (v > 30) return v;
    const double e = std::exp(v), n = e * (e + 2);
    return v * n / (n + 2);
  }
};

struct Defaults {
  std::string_view alpha, beta;
  float alpha_value = 0, beta_value = 0;
};
constexpr Defaults kNone = {};
constexpr Defaults kCelu = {"alpha", {}, 1.0f};
constexpr Defaults kSelu = {"alpha", "gamma", 1.67326319217681884765625f,
                            1.05070102214813232421875f};
constexpr Defaults kThresholdedRelu = {"alpha", {}, 1.0f};
constexpr Defaults kShrink = {"lambd", "bias", 0.5f};

template <class Op, const Defaults& kDefaults>
Status Run(RunContext& context) {
  const Node& node = context.node;
  return RunUnary(context,
                  {node.Attr<float>(kDefaults.alpha, kDefaults.alpha_value),
                   node.Attr<float>(kDefaults.beta, kDefaults.beta_value)},
                  UnaryLoop<Op, double>);
}

Status InferShrink(InferContext& context) { return InferSame(context, kNumericTypes); }

Status InferCelu(InferContext& context) {
  if (context.node().Attr<float>("alpha", 1.0f) == 0.0f)
    return Fail(ErrorCode::kInvalidModel, "attribute alpha of Celu is 0", "It divides the input.");
  return InferFloatUnary(context);
}

constexpr int kCeluSince[] = {12};
constexpr int kSeluSince[] = {1, 6, 22};
constexpr int kThresholdedReluSince[] = {10, 22};
constexpr int kShrinkSince[] = {9};
constexpr int kSoftsignSince[] = {1, 22};
constexpr int kMishSince[] = {18, 22};
constexpr AttrSpec kAlpha[] = {{"alpha", AttrKind::kFloat}};
constexpr AttrSpec kAlphaGamma[] = {{"alpha", AttrKind::kFloat}, {"gamma", AttrKind::kFloat}};
constexpr AttrSpec kLambdBias[] = {{"lambd", AttrKind::kFloat}, {"bias", AttrKind::kFloat}};

constexpr OpDef Define(std::string_view name, std::span<const int> since,
                       Status (*run)(RunContext&), std::span<const AttrSpec> attributes = {},
                       Status (*infer)(InferContext&) = InferFloatUnary) {
  return {.name = name,
          .since = since,
          .attributes = attributes,
          .infer = infer,
          .run = run,
          .no_lowering = "no backend has this function",
          .commute = CommuteUnchanged};
}

}  // namespace

const OpDef kCeluOp = Define("Celu", kCeluSince, Run<Celu, kCelu>, kAlpha, InferCelu);
const OpDef kSeluOp = Define("Selu", kSeluSince, Run<Selu, kSelu>, kAlphaGamma);
const OpDef kThresholdedReluOp = Define("ThresholdedRelu", kThresholdedReluSince,
                                        Run<ThresholdedRelu, kThresholdedRelu>, kAlpha);
const OpDef kShrinkOp =
    Define("Shrink", kShrinkSince, Run<Shrink, kShrink>, kLambdBias, InferShrink);
const OpDef kSoftsignOp = Define("Softsign", kSoftsignSince, Run<Softsign, kNone>);
const OpDef kMishOp = Define("Mish", kMishSince, Run<Mish, kNone>);

}  // namespace insitu
