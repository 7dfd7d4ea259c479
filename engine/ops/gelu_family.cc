// Gelu, BiasGelu, FastGelu and QuickGelu of com.microsoft: x * Phi(x), exactly or approximated,
// where BiasGelu and FastGelu first add a bias that broadcasts.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// FastGelu: 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). QuickGelu: x * sigmoid(alpha x).
#include <cmath>
#include <numbers>

#include "ops/broadcast.h"
#include "ops/normalize.h"
#include "ops/unary.h"

namespace insitu {
namespace {

struct Exact {
  static double Of(double v) { return 0.5 * v * (1 + std::erf(v / std::numbers::sqrt2)); }
};
struct Fast {
  static double Of(double v) {
    const double scale = std::sqrt(2 / std::numbers::pi);
    return 0.5 * v * (1 + std::tanh(scale * (v + 0.044715 * v * v * v)));
  }
};
struct Quick {
  static double Of(double v, const UnaryParameters& p) { return v / (1 + std::exp(-p.alpha * v)); }
};

Status InferBiased(InferContext& context) {
  INSITU_TRY(RequireSameType(context, 0, 1));
  if (const Shape* shape = context.shape(0)) INSITU_TRY(RequireBroadcastsTo(context, 1, *shape));
  return InferFloatUnary(context);
}

template <class Op>
Status RunBiased(RunContext& context) {
  if (!context.HasInput(1)) return RunUnary(context, {}, UnaryLoop<Op, double>);
  const TensorView &x = context.inputs[0], &bias = context.inputs[1];
  INSITU_ASSIGN(Dims dims, BroadcastDims(context.inputs.first(2)));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  RunBinaryBlocks<double>(x, bias, y,
                          [](const double* a, const double* b, double* result, int64_t count) {
                            for (int64_t i = 0; i < count; ++i) result[i] = Op::Of(a[i] + b[i]);
                          });
  return {};
}

Status RunGelu(RunContext& context) { return RunUnary(context, {}, UnaryLoop<Exact, double>); }

Status RunQuick(RunContext& context) {
  return RunUnary(context, {context.node.Attr<float>("alpha", 1.702f), 0},
                  UnaryLoop<Quick, double>);
}

Lowering LowerGelu(const LowerContext& context) {
  return LowerUnary(context, lowered::UnaryKind::kGelu);
}

Lowering LowerFast(const LowerContext& context) {
  if (context.HasInput(1)) return Refuse("it has a bias");
  return LowerUnary(context, lowered::UnaryKind::kGeluTanh);
}

Lowering LowerQuick(const LowerContext& context) {
  return LowerUnary(context, lowered::UnaryKind::kSigmoidGate,
                    context.node().Attr<float>("alpha", 1.702f));
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAlpha[] = {{"alpha", AttrKind::kFloat}};

constexpr OpDef Define(std::string_view name, int min_inputs, int max_inputs,
                       Status (*infer)(InferContext&), Status (*run)(RunContext&),
                       Lowering (*lower)(const LowerContext&) = nullptr,
                       std::span<const AttrSpec> attributes = {}) {
  return {.name = name,
          .domain = "com.microsoft",
          .since = kSince,
          .attributes = attributes,
          .min_inputs = min_inputs,
          .max_inputs = max_inputs,
          .infer = infer,
          .run = run,
          .lower = lower,
          .no_lowering = "no backend has this function"};
}

}  // namespace

const OpDef kMsGeluOp = Define("Gelu", 1, 1, InferFloatUnary, RunGelu, LowerGelu);
const OpDef kBiasGeluOp = Define("BiasGelu", 2, 2, InferBiased, RunBiased<Exact>);
const OpDef kFastGeluOp = Define("FastGelu", 1, 2, InferBiased, RunBiased<Fast>, LowerFast);
const OpDef kQuickGeluOp = Define("QuickGelu", 1, 1, InferFloatUnary, RunQuick, LowerQuick, kAlpha);

}  // namespace insitu
