// Binarizer, Scaler, Imputer, Normalizer of ai.onnx.ml: elementwise changes of features.
// https://onnx.ai/onnx/operators/onnx_aionnxml_Scaler.html (1) and its neighbours.
//   Binarizer   x > threshold
//   Scaler      (x - offset) * scale, one number or one per feature (the last axis)
//   Imputer     x, but where x equals replaced_value (or both are not a number) the imputed value
//   Normalizer  x / max(x), x / sum(|x|) or x / sqrt(sum(x^2)) along the features; x where that
//               divisor is 0
#include <cmath>

#include "ops/attribute_list.h"
#include "ops/feature_rows.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// The features of a tensor are its last axis; a scalar has one.
int64_t FeatureCount(const TensorView& x) { return x.dims.empty() ? 1 : x.dims.back(); }

Status CheckListed(std::string_view name, size_t size, int64_t features) {
  if (size == 1 || static_cast<int64_t>(size) == features) return {};
  return Fail(ErrorCode::kShapeMismatch,
              "the attribute " + std::string(name) + " has " + std::to_string(size) +
                  " values for " + std::to_string(features) + " features",
              "Give one value, or one per feature.");
}

template <class T>
T PerFeature(const std::vector<T>& list, int64_t index, int64_t features) {
  return list[list.size() == 1 ? 0 : static_cast<size_t>(index % features)];
}

// Output 0 = f(element, its index) in the arithmetic T.
template <class T, class F>
Status MapElements(RunContext& context, DType to, F&& f) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, to, x.dims));
  T block[kBlock];
  for (int64_t start = 0, count = x.elements(); start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(x, start, 1, n, block);
    for (int64_t i = 0; i < n; ++i) block[i] = f(block[i], start + i);
    StoreElements(block, n, y, start);
  }
  return {};
}

Status InferSameType(InferContext& context) { return InferSame(context, kFeatureTypes); }

Status InferFloat(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFeatureTypes));
  context.SetOutput(0, DType::kFloat32, ShapeOf(context, 0));
  return {};
}

Status RunBinarizer(RunContext& context) {
  const double threshold = context.node.Attr<float>("threshold", 0.0f);
  return MapElements<double>(context, context.inputs[0].dtype,
                             [&](double value, int64_t) { return value > threshold ? 1.0 : 0.0; });
}

Status RunScaler(RunContext& context) {
  static const std::vector<float> kZero = {0}, kOne = {1};
  const auto& given_offset = ListOf<float>(context.node, "offset");
  const auto& given_scale = ListOf<float>(context.node, "scale");
  const std::vector<float>& offset = given_offset.empty() ? kZero : given_offset;
  const std::vector<float>& scale = given_scale.empty() ? kOne : given_scale;
  const int64_t features = FeatureCount(context.inputs[0]);
  INSITU_TRY(CheckListed("offset", offset.size(), features));
  INSITU_TRY(CheckListed("scale", scale.size(), features));
  return MapElements<double>(context, DType::kFloat32, [&](double value, int64_t i) {
    return (value - static_cast<double>(PerFeature(offset, i, features))) *
           static_cast<double>(PerFeature(scale, i, features));
  });
}

Status RunImputer(RunContext& context) {
  const Node& node = context.node;
  const TensorView& x = context.inputs[0];
  const int64_t features = FeatureCount(x);
  if (const auto& ints = ListOf<int64_t>(node, "imputed_value_int64s"); !ints.empty()) {
    INSITU_TRY(CheckListed("imputed_value_int64s", ints.size(), features));
    const int64_t replaced = node.Attr<int64_t>("replaced_value_int64", 0);
    if (ArithmeticOf(x.dtype) == Arithmetic::kSigned)
      return MapElements<int64_t>(context, x.dtype, [&](int64_t value, int64_t i) {
        return value == replaced ? PerFeature(ints, i, features) : value;
      });
  }
  const auto& floats = ListOf<float>(node, "imputed_value_floats");
  if (floats.empty())
    return Fail(ErrorCode::kInvalidModel,
                "the Imputer has no imputed values of the type of its input",
                "Give imputed_value_floats or imputed_value_int64s.");
  INSITU_TRY(CheckListed("imputed_value_floats", floats.size(), features));
  const double replaced = node.Attr<float>("replaced_value_float", 0.0f);
  return MapElements<double>(context, x.dtype, [&](double value, int64_t i) {
    const bool replace = value == replaced || (std::isnan(value) && std::isnan(replaced));
    return replace ? static_cast<double>(PerFeature(floats, i, features)) : value;
  });
}

enum class Norm : uint8_t { kMax, kSum, kSquares };

Result<Norm> ReadNorm(const Node& node) {
  const std::string name = node.Attr<std::string>("norm", "MAX");
  if (name == "MAX") return Norm::kMax;
  if (name == "L1") return Norm::kSum;
  if (name == "L2") return Norm::kSquares;
  return Fail(ErrorCode::kInvalidModel, "attribute norm is '" + name + "'",
              "It must be 'MAX', 'L1' or 'L2'.");
}

Status InferNormalizer(InferContext& context) {
  INSITU_TRY(ReadNorm(context.node()));
  INSITU_TRY(InferFeatureRows(context));
  return InferFloat(context);
}

Status RunNormalizer(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const Norm norm, ReadNorm(context.node));
  INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(x.dims));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kFloat32, x.dims));
  if (y.elements() == 0) return {};
  double block[kBlock];
  for (int64_t row = 0; row < shape.rows; ++row) {
    const auto each_block = [&](auto&& use) {
      for (int64_t start = 0; start < shape.features; start += kBlock) {
        const int64_t n = std::min(kBlock, shape.features - start);
        LoadElements(x, row * shape.features + start, 1, n, block);
        use(std::span(block, static_cast<size_t>(n)), row * shape.features + start);
      }
    };
    double divisor = norm == Norm::kMax ? -HUGE_VAL : 0;
    each_block([&](std::span<double> values, int64_t) {
      for (double value : values) {
        if (norm == Norm::kMax) divisor = std::max(divisor, value);
        if (norm == Norm::kSum) divisor += std::fabs(value);
        if (norm == Norm::kSquares) divisor += value * value;
      }
    });
    if (norm == Norm::kSquares) divisor = std::sqrt(divisor);
    each_block([&](std::span<double> values, int64_t at) {
      if (divisor != 0)
        for (double& value : values) value /= divisor;
      StoreElements(values.data(), static_cast<int64_t>(values.size()), y, at);
    });
  }
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kThreshold[] = {{"threshold", AttrKind::kFloat}};
constexpr AttrSpec kScaling[] = {{"offset", AttrKind::kFloats}, {"scale", AttrKind::kFloats}};
constexpr AttrSpec kImputing[] = {{"imputed_value_floats", AttrKind::kFloats},
                                  {"imputed_value_int64s", AttrKind::kInts},
                                  {"replaced_value_float", AttrKind::kFloat},
                                  {"replaced_value_int64", AttrKind::kInt}};
constexpr AttrSpec kNorm[] = {{"norm", AttrKind::kString}};

constexpr OpDef Define(std::string_view name, Status (*infer)(InferContext&),
                       Status (*run)(RunContext&), std::span<const AttrSpec> attributes) {
  return {.name = name,
          .domain = "ai.onnx.ml",
          .since = kSince,
          .attributes = attributes,
          .infer = infer,
          .run = run,
          .no_lowering = "no backend has operators of ai.onnx.ml"};
}

}  // namespace

const OpDef kBinarizerOp = Define("Binarizer", InferSameType, RunBinarizer, kThreshold);
const OpDef kScalerOp = Define("Scaler", InferFloat, RunScaler, kScaling);
const OpDef kImputerOp = Define("Imputer", InferSameType, RunImputer, kImputing);
const OpDef kNormalizerOp = Define("Normalizer", InferNormalizer, RunNormalizer, kNorm);

}  // namespace insitu
