// SVMClassifier and SVMRegressor of ai.onnx.ml: kernels over support vectors, read once a run.
// https://onnx.ai/onnx/operators/onnx_aionnxml_SVMClassifier.html (1)
//   LINEAR x.v   POLY (gamma x.v + coef0)^degree   RBF exp(-gamma |x - v|^2)
//   SIGMOID tanh(gamma x.v + coef0); sums in double
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ops/attribute_list.h"
#include "ops/infer_util.h"

namespace insitu {

enum class SvmKernel : uint8_t { kLinear, kPoly, kRbf, kSigmoid };

struct SvmParameters {
  SvmKernel kernel = SvmKernel::kLinear;
  double gamma = 0, coef0 = 0, degree = 0;
  std::span<const float> vectors, coefficients, rho;

  double Kernel(std::span<const double> x, std::span<const float> v) const;
  // The values of the kernel with each of `count` support vectors of x's length.
  void Kernels(std::span<const double> x, int64_t count, std::vector<double>& values) const;
};

// Checks kernel_type and kernel_params; the lists point into the node.
Result<SvmParameters> ReadSvm(const Node& node);
// ShapeMismatch unless the attribute has as many values as needed.
Status CheckSvmCount(std::string_view attribute, size_t size, int64_t expected);

}  // namespace insitu
