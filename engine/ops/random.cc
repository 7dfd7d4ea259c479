// RandomNormal, RandomUniform and their Like forms, Bernoulli and Multinomial: random tensors.
// https://onnx.ai/onnx/operators/onnx__RandomNormal.html (22) and its neighbours.
// With a seed the same numbers come in every run, as from numpy.random.RandomState(seed); without
// one they differ (ops/random_stream.h).
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/random_stream.h"

namespace insitu {
namespace {

// The attribute dtype, or `fallback`.
Result<DType> OutputType(const Node& node, DType fallback, DTypeSet allowed) {
  const int64_t dtype = node.Attr<int64_t>("dtype", static_cast<int64_t>(fallback));
  if (dtype > 0 && dtype < 32 && allowed.Has(static_cast<DType>(dtype)))
    return static_cast<DType>(dtype);
  return Fail(ErrorCode::kUnsupportedType,
              node.op + " of element type " + std::to_string(dtype) + " is not supported",
              "Give the attribute dtype a type that the operator makes.");
}

// f(element) in order.
template <class F>
void Fill(const TensorView& y, F f) {
  double block[kBlock];
  const int64_t count = y.elements();
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    for (int64_t i = 0; i < n; ++i) block[i] = f(start + i);
    StoreElements(block, n, y, start);
  }
}

template <bool kNormal>
void FillRandom(const Node& node, const TensorView& y) {
  RandomStream random = RandomStreamOf(node);
  if (kNormal) {
    const double mean = node.Attr("mean", 0.0f), scale = node.Attr("scale", 1.0f);
    Fill(y, [&](int64_t) { return mean + scale * random.Normal(); });
  } else {
    const double low = node.Attr("low", 0.0f), high = node.Attr("high", 1.0f);
    Fill(y, [&](int64_t) { return low + (high - low) * random.Uniform(); });
  }
}

Dims ShapeAttribute(const Node& node) { return node.Attr<std::vector<int64_t>>("shape", {}); }

Status InferRandom(InferContext& context) {
  INSITU_ASSIGN(const DType dtype, OutputType(context.node(), DType::kFloat32, kFloatTypes));
  const Dims dims = ShapeAttribute(context.node());
  INSITU_TRY(Elements(dims));
  context.SetOutput(0, dtype, ToShape(dims));
  return {};
}

template <bool kNormal>
Status RunRandom(RunContext& context) {
  INSITU_ASSIGN(const DType dtype, OutputType(context.node, DType::kFloat32, kFloatTypes));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, ShapeAttribute(context.node)));
  FillRandom<kNormal>(context.node, y);
  return {};
}

Status InferLike(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  INSITU_ASSIGN(const DType dtype, OutputType(context.node(), context.dtype(0), kFloatTypes));
  context.SetOutput(0, dtype, ShapeOf(context, 0));
  return {};
}

template <bool kNormal>
Status RunLike(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const DType dtype, OutputType(context.node, x.dtype, kFloatTypes));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, x.dims));
  FillRandom<kNormal>(context.node, y);
  return {};
}

constexpr DTypeSet kBernoulliTypes = kNumericTypes | kBoolType;

Status InferBernoulli(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_ASSIGN(const DType dtype, OutputType(context.node(), context.dtype(0), kBernoulliTypes));
  context.SetOutput(0, dtype, ShapeOf(context, 0));
  return {};
}

Status RunBernoulli(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const DType dtype, OutputType(context.node, x.dtype, kBernoulliTypes));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, x.dims));
  RandomStream random = RandomStreamOf(context.node);
  Fill(y, [&](int64_t i) { return random.Uniform() < LoadReal(x, i) ? 1.0 : 0.0; });
  return {};
}

Result<int64_t> SampleSize(const Node& node) {
  const int64_t size = node.Attr<int64_t>("sample_size", 1);
  if (size >= 1) return size;
  return Fail(ErrorCode::kInvalidModel, "attribute sample_size of Multinomial is below 1");
}

// Input: unnormalised logarithms of probabilities [batch, classes].
Status InferMultinomial(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_ASSIGN(const DType dtype, OutputType(context.node(), DType::kInt32, kIndexTypes));
  INSITU_ASSIGN(const int64_t size, SampleSize(context.node()));
  const Shape* shape = context.shape(0);
  if (shape && shape->size() != 2)
    return Fail(ErrorCode::kShapeMismatch, context.Describe(0) + " is not [batch, classes]");
  context.SetOutput(0, dtype, Shape{shape ? shape->front() : Dim::Unknown(), size});
  return {};
}

Status RunMultinomial(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const DType dtype, OutputType(context.node, DType::kInt32, kIndexTypes));
  INSITU_ASSIGN(const int64_t size, SampleSize(context.node));
  if (x.dims.size() != 2 || (x.dims[1] == 0 && x.dims[0] > 0))
    return Fail(ErrorCode::kShapeMismatch,
                "the input of Multinomial is not [batch, classes], "
                "with one class at least");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, {x.dims[0], size}));
  const int64_t classes = x.dims[1];
  INSITU_ASSIGN(Tensor cumulative, Tensor::Allocate(DType::kFloat64, {classes}));
  const std::span<double> sums = cumulative.As<double>();
  RandomStream random = RandomStreamOf(context.node);
  for (int64_t row = 0; row < x.dims[0]; ++row) {
    LoadElements(x, row * classes, 1, classes, sums.data());
    const double peak = *std::ranges::max_element(sums);
    double sum = 0;
    for (double& value : sums) value = sum += std::exp(value - peak);
    for (int64_t i = 0; i < size; ++i) {
      const auto found = std::ranges::upper_bound(sums, random.Uniform() * sum);
      const int64_t drawn = std::min<int64_t>(found - sums.begin(), classes - 1);
      StoreElements(&drawn, 1, y, row * size + i);
    }
  }
  return {};
}

constexpr int kSince[] = {1, 22};
constexpr int kBernoulliSince[] = {15, 22};
constexpr int kMultinomialSince[] = {7, 22};
constexpr AttrSpec kNormalAttributes[] = {{"shape", AttrKind::kInts, true},
                                          {"dtype", AttrKind::kInt},
                                          {"seed", AttrKind::kFloat},
                                          {"mean", AttrKind::kFloat},
                                          {"scale", AttrKind::kFloat}};
constexpr AttrSpec kUniformAttributes[] = {{"shape", AttrKind::kInts, true},
                                           {"dtype", AttrKind::kInt},
                                           {"seed", AttrKind::kFloat},
                                           {"low", AttrKind::kFloat},
                                           {"high", AttrKind::kFloat}};
constexpr AttrSpec kMultinomialAttributes[] = {
    {"dtype", AttrKind::kInt}, {"seed", AttrKind::kFloat}, {"sample_size", AttrKind::kInt}};
// The Like forms have no shape, Bernoulli no mean and scale.
constexpr std::span kNormal = kNormalAttributes, kUniform = kUniformAttributes;

constexpr OpDef Define(std::string_view name, std::span<const int> since,
                       std::span<const AttrSpec> attributes, int inputs,
                       Status (*infer)(InferContext&), Status (*run)(RunContext&)) {
  return {.name = name,
          .since = since,
          .attributes = attributes,
          .min_inputs = inputs,
          .max_inputs = inputs,
          .infer = infer,
          .run = run,
          .deterministic = false};
}

}  // namespace

const OpDef kRandomNormalOp =
    Define("RandomNormal", kSince, kNormal, 0, InferRandom, RunRandom<true>);
const OpDef kRandomUniformOp =
    Define("RandomUniform", kSince, kUniform, 0, InferRandom, RunRandom<false>);
const OpDef kRandomNormalLikeOp =
    Define("RandomNormalLike", kSince, kNormal.subspan(1), 1, InferLike, RunLike<true>);
const OpDef kRandomUniformLikeOp =
    Define("RandomUniformLike", kSince, kUniform.subspan(1), 1, InferLike, RunLike<false>);
const OpDef kBernoulliOp =
    Define("Bernoulli", kBernoulliSince, kNormal.subspan(1, 2), 1, InferBernoulli, RunBernoulli);
const OpDef kMultinomialOp = Define("Multinomial", kMultinomialSince, kMultinomialAttributes, 1,
                                    InferMultinomial, RunMultinomial);

}  // namespace insitu
