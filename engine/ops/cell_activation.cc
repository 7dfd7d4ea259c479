// The table of activation functions. Lists of alpha and beta are consumed, in order, by those
// functions that have such a parameter.
#include "ops/cell_activation.h"

#include <cmath>
#include <limits>

namespace insitu {
namespace {

struct Function {
  std::string_view name;  // in lower case
  double (*of)(double, double, double);
  bool has_alpha = false, has_beta = false;
  double alpha = 0, beta = 0;
};

double Line(double v, double alpha, double beta) { return alpha * v + beta; }

constexpr Function kFunctions[] = {
    {"tanh", [](double v, double, double) { return std::tanh(v); }},
    {"sigmoid", [](double v, double, double) { return 1 / (1 + std::exp(-v)); }},
    {"relu", [](double v, double, double) { return v < 0 ? 0 : v; }},
    {"affine", Line, true, true, 1, 0},
    {"leakyrelu", [](double v, double a, double) { return v < 0 ? a * v : v; }, true, false, 0.01},
    {"thresholdedrelu", [](double v, double a, double) { return v < a ? 0 : v; }, true, false, 1},
    {"scaledtanh", [](double v, double a, double b) { return a * std::tanh(b * v); }, true, true, 1,
     1},
    {"hardsigmoid",
     [](double v, double a, double b) { return std::clamp(Line(v, a, b), 0.0, 1.0); }, true, true,
     0.2, 0.5},
    {"elu", [](double v, double a, double) { return v < 0 ? a * std::expm1(v) : v; }, true, false,
     1},
    {"softsign", [](double v, double, double) { return v / (1 + std::fabs(v)); }},
    {"softplus", [](double v, double,
                    double) { return std::max(v, 0.0) + std::log1p(std::exp(-std::fabs(v))); }},
};

const Function* FindFunction(std::string_view name) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  for (const Function& function : kFunctions)
    if (std::ranges::equal(name, function.name, same)) return &function;
  return nullptr;
}

}  // namespace

Result<std::vector<CellActivation>> ReadCellActivations(const Node& node,
                                                        std::span<const std::string_view> defaults,
                                                        size_t directions) {
  const auto names = node.Attr<std::vector<std::string>>("activations", {});
  const auto alphas = node.Attr<std::vector<float>>("activation_alpha", {});
  const auto betas = node.Attr<std::vector<float>>("activation_beta", {});
  const size_t count = defaults.size() * directions;
  if (!names.empty() && names.size() != defaults.size() && names.size() < count)
    return Fail(ErrorCode::kInvalidModel, std::to_string(names.size()) +
                                              " activations are given; " + std::to_string(count) +
                                              " are needed");
  const double clip = node.Attr<float>("clip", std::numeric_limits<float>::infinity());
  if (!(clip >= 0))
    return Fail(ErrorCode::kInvalidModel, "clip is " + std::to_string(clip),
                "It must not be negative.");
  std::vector<CellActivation> activations;
  size_t alpha = 0, beta = 0;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view name =
        names.empty() ? defaults[i % defaults.size()] : std::string_view(names[i % names.size()]);
    const Function* function = FindFunction(name);
    if (!function)
      return Fail(ErrorCode::kInvalidModel,
                  "the activation '" + std::string(name) + "' is not known",
                  "The specification of " + node.op + " lists those that are.");
    CellActivation activation{function->of, function->alpha, function->beta, clip};
    if (function->has_alpha && alpha < alphas.size()) activation.alpha = alphas[alpha++];
    if (function->has_beta && beta < betas.size()) activation.beta = betas[beta++];
    activations.push_back(activation);
  }
  return activations;
}

}  // namespace insitu
