// Sin, Cos, Tan, their inverses, and the hyperbolic functions with theirs: elementwise.
// https://onnx.ai/onnx/operators/onnx__Sin.html (22) and its neighbours.
// Angles are in radians; outside a function's domain the result is NaN.
#include <cmath>

#include "ops/unary.h"

namespace insitu {
namespace {

template <double (*kFunction)(double)>
Status Run(RunContext& context) {
  return RunUnary(context, {}, [](double* y, int64_t count, const UnaryParameters&) {
    for (int64_t i = 0; i < count; ++i) y[i] = kFunction(y[i]);
  });
}

constexpr int kSince[] = {7, 22};
constexpr int kHyperbolicSince[] = {9, 22};

template <double (*kFunction)(double)>
constexpr OpDef Define(std::string_view name, std::span<const int> since) {
  return {.name = name,
          .since = since,
          .infer = InferFloatUnary,
          .run = Run<kFunction>,
          .no_lowering = "no backend has this function",
          .commute = CommuteUnchanged};
}

}  // namespace

const OpDef kAcosOp = Define<::acos>("Acos", kSince);
const OpDef kAcoshOp = Define<::acosh>("Acosh", kHyperbolicSince);
const OpDef kAsinOp = Define<::asin>("Asin", kSince);
const OpDef kAsinhOp = Define<::asinh>("Asinh", kHyperbolicSince);
const OpDef kAtanOp = Define<::atan>("Atan", kSince);
const OpDef kAtanhOp = Define<::atanh>("Atanh", kHyperbolicSince);
const OpDef kCosOp = Define<::cos>("Cos", kSince);
const OpDef kCoshOp = Define<::cosh>("Cosh", kHyperbolicSince);
const OpDef kSinOp = Define<::sin>("Sin", kSince);
const OpDef kSinhOp = Define<::sinh>("Sinh", kHyperbolicSince);
const OpDef kTanOp = Define<::tan>("Tan", kSince);

}  // namespace insitu
