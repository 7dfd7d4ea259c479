// SVMRegressor of ai.onnx.ml, and the kernels that SVMClassifier shares.
// https://onnx.ai/onnx/operators/onnx_aionnxml_SVMRegressor.html (1)
// y = sum of coefficients[j] * kernel(x, v[j]) + rho, or coefficients . x + rho without support
// vectors; 1 or -1 by its sign for one_class.
#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "ops/class_scores.h"
#include "ops/feature_rows.h"
#include "ops/ops.h"
#include "ops/svm.h"

namespace insitu {

Result<SvmParameters> ReadSvm(const Node& node) {
  SvmParameters svm;
  const std::string name = node.Attr<std::string>("kernel_type", "LINEAR");
  constexpr std::string_view kNames[] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
  const auto found = std::ranges::find(kNames, name);
  if (found == std::end(kNames))
    return Fail(ErrorCode::kInvalidModel, "attribute kernel_type is '" + name + "'",
                "It must be LINEAR, POLY, RBF or SIGMOID.");
  svm.kernel = static_cast<SvmKernel>(found - kNames);
  const std::vector<float>& numbers = ListOf<float>(node, "kernel_params");
  if (!numbers.empty() && numbers.size() != 3)
    return Fail(ErrorCode::kInvalidModel,
                "kernel_params has " + std::to_string(numbers.size()) + " values; 3 are needed");
  if (!numbers.empty()) {
    svm.gamma = numbers[0];
    svm.coef0 = numbers[1];
    svm.degree = numbers[2];
  }
  svm.vectors = ListOf<float>(node, "support_vectors");
  svm.coefficients = ListOf<float>(node, "coefficients");
  svm.rho = ListOf<float>(node, "rho");
  if (svm.rho.empty()) return Fail(ErrorCode::kInvalidModel, "the attribute rho is missing");
  return svm;
}

Status CheckSvmCount(std::string_view attribute, size_t size, int64_t expected) {
  if (static_cast<int64_t>(size) == expected) return {};
  return Fail(ErrorCode::kShapeMismatch, "the attribute " + std::string(attribute) + " has " +
                                             std::to_string(size) + " values; " +
                                             std::to_string(expected) + " are needed");
}

double SvmParameters::Kernel(std::span<const double> x, std::span<const float> v) const {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const auto value = static_cast<double>(v[i]);
    sum += kernel == SvmKernel::kRbf ? (x[i] - value) * (x[i] - value) : x[i] * value;
  }
  switch (kernel) {
    case SvmKernel::kPoly:
      return std::pow(gamma * sum + coef0, degree);
    case SvmKernel::kRbf:
      return std::exp(-gamma * sum);
    case SvmKernel::kSigmoid:
      return std::tanh(gamma * sum + coef0);
    default:
      return sum;
  }
}

void SvmParameters::Kernels(std::span<const double> x, int64_t count,
                            std::vector<double>& values) const {
  values.clear();
  for (int64_t j = 0; j < count; ++j)
    values.push_back(Kernel(x, vectors.subspan(static_cast<size_t>(j) * x.size(), x.size())));
}

namespace {

Status Infer(InferContext& context) {
  INSITU_ASSIGN(const Dim rows, InferFeatureRows(context));
  INSITU_TRY(ReadSvm(context.node()));
  INSITU_TRY(ReadPostTransform(context.node()));
  context.SetOutput(0, DType::kFloat32, Shape{rows, 1});
  return {};
}

Status Run(RunContext& context) {
  const Node& node = context.node;
  INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(context.inputs[0].dims));
  INSITU_ASSIGN(SvmParameters svm, ReadSvm(node));
  INSITU_ASSIGN(const PostTransform transform, ReadPostTransform(node));
  const int64_t supports = node.Attr<int64_t>("n_supports", 0);
  const bool one_class = node.Attr<int64_t>("one_class", 0) != 0;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kFloat32, {shape.rows, 1}));
  if (supports > 0) {
    INSITU_TRY(CheckSvmCount("support_vectors", svm.vectors.size(),
                             CheckedMul(supports, shape.features).value_or(-1)));
    INSITU_TRY(CheckSvmCount("coefficients", svm.coefficients.size(), supports));
  } else {
    svm.kernel = SvmKernel::kLinear;
    INSITU_TRY(CheckSvmCount("coefficients", svm.coefficients.size(), shape.features));
  }
  INSITU_ASSIGN(Tensor row, Tensor::Allocate(DType::kFloat64, {shape.features}));
  std::vector<double> kernels;
  for (int64_t n = 0; n < shape.rows; ++n) {
    LoadElements(context.inputs[0], n * shape.features, 1, shape.features, row.As<double>().data());
    double sum = svm.rho[0];
    if (supports > 0) {
      svm.Kernels(row.As<double>(), supports, kernels);
      for (size_t j = 0; j < kernels.size(); ++j)
        sum += static_cast<double>(svm.coefficients[j]) * kernels[j];
    } else {
      sum += svm.Kernel(row.As<double>(), svm.coefficients);
    }
    if (one_class) sum = sum > 0 ? 1 : -1;
    TransformScores(std::span(&sum, 1), transform);
    StoreElements(&sum, 1, y, n);
  }
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {
    {"coefficients", AttrKind::kFloats}, {"kernel_params", AttrKind::kFloats},
    {"kernel_type", AttrKind::kString},  {"n_supports", AttrKind::kInt},
    {"one_class", AttrKind::kInt},       {"post_transform", AttrKind::kString},
    {"rho", AttrKind::kFloats},          {"support_vectors", AttrKind::kFloats},
};

}  // namespace

const OpDef kSVMRegressorOp = {
    .name = "SVMRegressor",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

}  // namespace insitu
