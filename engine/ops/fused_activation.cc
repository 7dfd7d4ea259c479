// The activations that ONNX Runtime fuses, with the defaults of the operators of the same name.
#include "ops/fused_activation.h"

#include <algorithm>
#include <cmath>

#include "ops/elements.h"

namespace insitu {
namespace {

struct Named {
  std::string_view name;
  double (*of)(double v, double alpha, double beta);
  float alpha = 0, beta = 0;
};

constexpr Named kNamed[] = {
    {"Relu", [](double v, double, double) { return v < 0 ? 0 : v; }},
    {"LeakyRelu", [](double v, double a, double) { return v < 0 ? a * v : v; }, 0.01f},
    {"ThresholdedRelu", [](double v, double a, double) { return v <= a ? 0 : v; }, 1.0f},
    {"Elu", [](double v, double a, double) { return v < 0 ? a * std::expm1(v) : v; }, 1.0f},
    {"Sigmoid", [](double v, double, double) { return 1 / (1 + std::exp(-v)); }},
    {"Tanh", [](double v, double, double) { return std::tanh(v); }},
    {"Softsign", [](double v, double, double) { return v / (1 + std::fabs(v)); }},
    {"Softplus", [](double v, double,
                    double) { return (v > 0 ? v : 0) + std::log1p(std::exp(-std::fabs(v))); }},
    {"HardSigmoid",
     [](double v, double a, double b) {
       const double line = a * v + b;
       return line < 0 ? 0 : line > 1 ? 1 : line;
     },
     0.2f, 0.5f},
};

}  // namespace

void FusedActivation::Apply(const TensorView& y) const {
  if (!of) return;
  double block[kBlock];
  for (int64_t start = 0; start < y.elements(); start += kBlock) {
    const int64_t n = std::min(kBlock, y.elements() - start);
    LoadElements(y, start, 1, n, block);
    for (int64_t i = 0; i < n; ++i) block[i] = of(block[i], alpha, beta);
    StoreElements(block, n, y, start);
  }
}

Result<FusedActivation> ReadFusedActivation(const Node& node) {
  const std::string name = node.Attr<std::string>("activation", "");
  if (name.empty()) return FusedActivation{};
  const auto found = std::ranges::find(kNamed, name, &Named::name);
  if (found == std::end(kNamed))
    return Fail(ErrorCode::kUnsupportedOp, "the fused activation '" + name + "' is not supported",
                "Save the model before its optimisation by ONNX Runtime.");
  return FusedActivation{found->of, node.Attr("activation_alpha", found->alpha),
                         node.Attr("activation_beta", found->beta), name == "Relu"};
}

}  // namespace insitu
