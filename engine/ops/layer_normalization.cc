// LayerNormalization: (x - mean) / sqrt(variance + epsilon) * scale + bias over the axes from
// `axis` on, and RMSNormalization, the same without mean and bias.
// https://onnx.ai/onnx/operators/onnx__LayerNormalization.html (17),
// onnx__RMSNormalization.html (23). SimplifiedLayerNormalization is ONNX Runtime's older name of
// the latter, written into the standard's domain as well as com.microsoft.
// Whatever stash_type says, moments are taken in double; it is the type of outputs 1 and 2.
#include "ops/axes.h"
#include "ops/lower_try.h"
#include "ops/normalize.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr float kDefaultEpsilon = 1e-5f;
constexpr int64_t kDefaultAxis = -1;

Result<DType> StashType(const Node& node) {
  const int64_t type = node.Attr<int64_t>("stash_type", static_cast<int64_t>(DType::kFloat32));
  if (type > 0 && type < 32 && kFloatTypes.Has(static_cast<DType>(type)))
    return static_cast<DType>(type);
  return Fail(ErrorCode::kInvalidModel,
              "attribute stash_type is " + std::to_string(type) + ", which is no float type");
}

// Extents of mean and deviation: those of x with 1 from `axis` on.
template <class T>
std::vector<T> StatisticsShape(const std::vector<T>& shape, size_t axis) {
  std::vector<T> statistics(shape);
  std::fill(statistics.begin() + static_cast<ptrdiff_t>(axis), statistics.end(), T(1));
  return statistics;
}

Status Infer(InferContext& context) {
  for (size_t i = 0; i < 3; ++i) INSITU_TRY(RequireType(context, i, kFloatTypes));
  INSITU_ASSIGN(const DType stash, StashType(context.node()));
  const Shape* shape = context.shape(0);
  context.SetOutput(0, context.dtype(0), ShapeOf(context, 0));
  std::optional<Shape> statistics;
  if (shape) {
    INSITU_ASSIGN(const size_t axis,
                  NormalizeAxis(context.node().Attr("axis", kDefaultAxis), shape->size()));
    for (size_t i : {1u, 2u}) INSITU_TRY(RequireBroadcastsTo(context, i, *shape));
    statistics = StatisticsShape(*shape, axis);
  }
  for (size_t i : {1u, 2u}) context.SetOutput(i, stash, statistics);
  return {};
}

// Output i holds one number a row; nullopt where it is not asked for.
Result<std::optional<TensorView>> StatisticsOutput(RunContext& context, size_t i, DType dtype,
                                                   const Dims& dims) {
  if (!WantsOutput(context, i)) return std::nullopt;
  INSITU_ASSIGN(TensorView view, RunOutput(context, i, dtype, dims));
  return view;
}

// Output 1 is the mean, or, where nothing is centred, what output 2 is of LayerNormalization.
template <bool kCentred>
Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const DType stash, StashType(context.node));
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr("axis", kDefaultAxis), x.dims.size()));
  INSITU_ASSIGN(const RowParameter scale, ReadRowParameter(context, 1, x.dims, axis));
  INSITU_ASSIGN(const RowParameter bias, ReadRowParameter(context, 2, x.dims, axis));
  const Dims statistics = StatisticsShape(x.dims, axis);
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  INSITU_ASSIGN(const auto first, StatisticsOutput(context, 1, stash, statistics));
  INSITU_ASSIGN(const auto second, StatisticsOutput(context, 2, stash, statistics));
  if (y.elements() == 0 && !first && !second) return {};
  const double epsilon = context.node.Attr("epsilon", kDefaultEpsilon);
  const int64_t rows = ElementsUnchecked(std::span(x.dims).first(axis));
  const int64_t count = ElementsUnchecked(std::span(x.dims).subspan(axis));
  for (int64_t row = 0; row < rows; ++row) {
    const Moments moments = MomentsOf(x, row * count, count, epsilon, kCentred);
    NormalizeRow(x, row * count, y, row * count, count, moments, scale.Row(row), bias.Row(row));
    if (first) StoreElements(kCentred ? &moments.mean : &moments.inverse_deviation, 1, *first, row);
    if (second) StoreElements(&moments.inverse_deviation, 1, *second, row);
  }
  return {};
}

// A constant parameter of the whole row.
std::expected<Tensor, Refusal> LowerRow(const LowerContext& context, size_t i, int64_t count) {
  const Tensor* constant = context.constant(i);
  if (!constant) return Refuse("scale or bias is computed at run time");
  if (constant->elements() != count) return Refuse("scale or bias is not one number per element");
  return constant->Reshaped({count});
}

template <bool kCentred>
Lowering Lower(const LowerContext& context) {
  const Node& node = context.node();
  if (context.dtype(0) != DType::kFloat32) return Refuse("only float32");
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNoValue) return Refuse("mean and deviation are asked for");
  const Shape* shape = context.shape(0);
  if (!shape) return Refuse("the rank is not known");
  const auto axis = NormalizeAxis(node.Attr("axis", kDefaultAxis), shape->size());
  if (!axis) return Refuse(axis.error());
  const auto row = KnownDims(std::span(*shape).subspan(*axis));
  if (!row || ElementsUnchecked(*row) < 1) return Refuse("the extents of a row are not known");
  lowered::Normalize normalize{
      ElementsUnchecked(*row), node.Attr("epsilon", kDefaultEpsilon), kCentred, {}, {}};
  INSITU_LOWER(normalize.scale, LowerRow(context, 1, normalize.count));
  if (context.HasInput(2)) {
    INSITU_LOWER(normalize.bias, LowerRow(context, 2, normalize.count));
  }
  return LoweredNode{std::move(normalize), {0}};
}

constexpr int kLayerSince[] = {17};
constexpr int kRmsSince[] = {23};
constexpr int kSimplifiedSince[] = {1};
constexpr AttrSpec kAttributes[] = {
    {"axis", AttrKind::kInt}, {"epsilon", AttrKind::kFloat}, {"stash_type", AttrKind::kInt}};

constexpr OpDef DefineRms(std::string_view name, std::string_view domain,
                          std::span<const int> since, int max_outputs) {
  return {.name = name,
          .domain = domain,
          .since = since,
          .attributes = kAttributes,
          .min_inputs = 2,
          .max_inputs = 2,
          .max_outputs = max_outputs,
          .infer = Infer,
          .run = Run<false>,
          .lower = Lower<false>};
}

}  // namespace

const OpDef kLayerNormalizationOp = {
    .name = "LayerNormalization",
    .since = kLayerSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 3,
    .max_outputs = 3,
    .infer = Infer,
    .run = Run<true>,
    .lower = Lower<true>,
};

const OpDef kRMSNormalizationOp = DefineRms("RMSNormalization", "", kRmsSince, 1);
const OpDef kSimplifiedLayerNormalizationOp =
    DefineRms("SimplifiedLayerNormalization", "", kSimplifiedSince, 2);
const OpDef kMsSimplifiedLayerNormalizationOp =
    DefineRms("SimplifiedLayerNormalization", "com.microsoft", kSimplifiedSince, 2);

}  // namespace insitu
