// Relu, LeakyRelu, Elu, Sigmoid, HardSigmoid, HardSwish, Tanh, Softplus, Gelu: activations.
// https://onnx.ai/onnx/operators/onnx__Relu.html (14) and its neighbours; the formula of each is
// in its struct. NaN stays NaN.
#include <cmath>
#include <numbers>

#include "ops/unary.h"

namespace insitu {
namespace {

using P = UnaryParameters;

struct Relu {
  template <class T>
  static T Of(T v) {
    return v < 0 ? 0 : v;
  }
};
struct LeakyRelu {
  static double Of(double v, const P& p) { return v < 0 ? p.alpha * v : v; }
};
struct Elu {
  static double Of(double v, const P& p) { return v < 0 ? p.alpha * std::expm1(v) : v; }
};
struct Sigmoid {
  static double Of(double v) { return 1 / (1 + std::exp(-v)); }
};
struct HardSigmoid {
  static double Of(double v, const P& p) {
    const double line = p.alpha * v + p.beta;
    return line < 0 ? 0 : line > 1 ? 1 : line;
  }
};
struct HardSwish {
  static double Of(double v) { return v * HardSigmoid::Of(v, {1.0 / 6.0, 0.5}); }
};
struct Tanh {
  static double Of(double v) { return std::tanh(v); }
};
struct Softplus {
  // log(1 + exp(v)) without overflow.
  static double Of(double v) { return (v > 0 ? v : 0) + std::log1p(std::exp(-std::fabs(v))); }
};
struct Gelu {
  static double Of(double v) { return 0.5 * v * (1 + std::erf(v / std::numbers::sqrt2)); }
};
struct GeluTanh {
  static double Of(double v) {
    const double scale = std::sqrt(2 / std::numbers::pi);
    return 0.5 * v * (1 + std::tanh(scale * (v + 0.044715 * v * v * v)));
  }
};

template <class Op>
Status RunFloat(RunContext& context) {
  return RunUnary(context, {}, UnaryLoop<Op, double>);
}

Status InferRelu(InferContext& context) { return InferSame(context, kFloatTypes | kSignedTypes); }
Status RunRelu(RunContext& context) {
  return RunUnary(context, {}, UnaryLoop<Relu, double>, UnaryLoop<Relu, int64_t>);
}

float LeakyReluAlpha(const Node& node) { return node.Attr<float>("alpha", 0.01f); }
float EluAlpha(const Node& node) { return node.Attr<float>("alpha", 1.0f); }

Status RunLeakyRelu(RunContext& context) {
  return RunUnary(context, {LeakyReluAlpha(context.node), 0}, UnaryLoop<LeakyRelu, double>);
}
Status RunElu(RunContext& context) {
  return RunUnary(context, {EluAlpha(context.node), 0}, UnaryLoop<Elu, double>);
}
Status RunHardSigmoid(RunContext& context) {
  return RunUnary(context,
                  {context.node.Attr<float>("alpha", 0.2f), context.node.Attr<float>("beta", 0.5f)},
                  UnaryLoop<HardSigmoid, double>);
}

Result<bool> IsTanhApproximation(const Node& node) {
  const std::string approximate = node.Attr<std::string>("approximate", "none");
  if (approximate == "tanh") return true;
  if (approximate == "none") return false;
  return Fail(ErrorCode::kInvalidModel, "attribute approximate is '" + approximate + "'",
              "It must be 'none' or 'tanh'.");
}
Status InferGelu(InferContext& context) {
  INSITU_TRY(IsTanhApproximation(context.node()));
  return InferFloatUnary(context);
}
Status RunGelu(RunContext& context) {
  INSITU_ASSIGN(const bool tanh, IsTanhApproximation(context.node));
  return tanh ? RunFloat<GeluTanh>(context) : RunFloat<Gelu>(context);
}
Lowering LowerGelu(const LowerContext& context) {
  auto tanh = IsTanhApproximation(context.node());
  if (!tanh) return Refuse(tanh.error());
  return LowerUnary(context, *tanh ? lowered::UnaryKind::kGeluTanh : lowered::UnaryKind::kGelu);
}

template <lowered::UnaryKind kKind>
Lowering Lower(const LowerContext& context) {
  return LowerUnary(context, kKind);
}
Lowering LowerLeakyRelu(const LowerContext& context) {
  return LowerUnary(context, lowered::UnaryKind::kLeakyRelu, LeakyReluAlpha(context.node()));
}
Lowering LowerElu(const LowerContext& context) {
  return LowerUnary(context, lowered::UnaryKind::kElu, EluAlpha(context.node()));
}

constexpr int kSince[] = {1, 6, 13};
constexpr int kReluSince[] = {1, 6, 13, 14};
constexpr int kAlphaSince[] = {1, 6, 16, 22};
constexpr int kSoftplusSince[] = {1, 22};
constexpr int kHardSwishSince[] = {14, 22};
constexpr int kGeluSince[] = {20};
constexpr AttrSpec kAlpha[] = {{"alpha", AttrKind::kFloat}};
constexpr AttrSpec kAlphaBeta[] = {{"alpha", AttrKind::kFloat}, {"beta", AttrKind::kFloat}};
constexpr AttrSpec kApproximate[] = {{"approximate", AttrKind::kString}};

constexpr OpDef Define(std::string_view name, std::span<const int> since,
                       Status (*run)(RunContext&), Lowering (*lower)(const LowerContext&),
                       std::span<const AttrSpec> attributes = {},
                       Status (*infer)(InferContext&) = InferFloatUnary) {
  return {.name = name,
          .since = since,
          .attributes = attributes,
          .infer = infer,
          .run = run,
          .lower = lower,
          .no_lowering = "no backend has this function",
          .commute = CommuteUnchanged};
}

using lowered::UnaryKind;

}  // namespace

const OpDef kReluOp = Define("Relu", kReluSince, RunRelu, Lower<UnaryKind::kRelu>, {}, InferRelu);
const OpDef kLeakyReluOp = Define("LeakyRelu", kAlphaSince, RunLeakyRelu, LowerLeakyRelu, kAlpha);
const OpDef kEluOp = Define("Elu", kAlphaSince, RunElu, LowerElu, kAlpha);
const OpDef kSigmoidOp = Define("Sigmoid", kSince, RunFloat<Sigmoid>, Lower<UnaryKind::kSigmoid>);
const OpDef kHardSigmoidOp =
    Define("HardSigmoid", kAlphaSince, RunHardSigmoid, nullptr, kAlphaBeta);
const OpDef kHardSwishOp =
    Define("HardSwish", kHardSwishSince, RunFloat<HardSwish>, Lower<UnaryKind::kHardSwish>);
const OpDef kTanhOp = Define("Tanh", kSince, RunFloat<Tanh>, Lower<UnaryKind::kTanh>);
const OpDef kSoftplusOp = Define("Softplus", kSoftplusSince, RunFloat<Softplus>, nullptr);
const OpDef kGeluOp = Define("Gelu", kGeluSince, RunGelu, LowerGelu, kApproximate, InferGelu);

}  // namespace insitu
