// SkipLayerNormalization: layer normalization of input + skip (+ bias) over the last axis, and
// SkipSimplifiedLayerNormalization, the same with the root mean square instead of mean and
// variance. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md Outputs:
// normalised, mean, 1 / deviation, the sum. `skip` broadcasts.
#include "ops/normalize.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr float kDefaultEpsilon = 1e-12f;

template <bool kCentred>
inline constexpr size_t kBias = kCentred ? 4 : 3;  // input 3 is beta where there is one

template <bool kCentred>
Status Infer(InferContext& context) {
  for (size_t i = 0; i < 5; ++i) INSITU_TRY(RequireType(context, i, kFloatTypes));
  const Shape* shape = context.shape(0);
  for (size_t i : {0u, 3u}) context.SetOutput(i, context.dtype(0), ShapeOf(context, 0));
  std::optional<Shape> statistics;
  if (shape) {
    if (shape->empty())
      return Fail(ErrorCode::kShapeMismatch, context.Describe(0) + " has no axis to normalise");
    for (size_t i = 1; i <= kBias<kCentred>; ++i)
      INSITU_TRY(RequireBroadcastsTo(context, i, *shape));
    statistics = *shape;
    statistics->back() = 1;
  }
  for (size_t i : {1u, 2u}) context.SetOutput(i, DType::kFloat32, statistics);
  return {};
}

template <bool kCentred>
Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  if (x.dims.empty()) return Fail(ErrorCode::kShapeMismatch, "the input has no axis to normalise");
  const size_t axis = x.dims.size() - 1;
  const int64_t count = x.dims.back(), rows = ElementsUnchecked(std::span(x.dims).first(axis));
  INSITU_ASSIGN(const RowParameter skip, ReadRowParameter(context, 1, x.dims, axis));
  INSITU_ASSIGN(const RowParameter scale, ReadRowParameter(context, 2, x.dims, axis));
  RowParameter beta;
  if (kCentred) {
    INSITU_ASSIGN(beta, ReadRowParameter(context, 3, x.dims, axis));
  }
  INSITU_ASSIGN(const RowParameter bias, ReadRowParameter(context, kBias<kCentred>, x.dims, axis));
  Dims statistics = x.dims;
  statistics.back() = 1;
  TensorView outputs[4];
  for (size_t i = 0; i < 4; ++i) {
    if (!WantsOutput(context, i)) continue;
    const bool whole = i == 0 || i == 3;
    INSITU_ASSIGN(outputs[i], RunOutput(context, i, whole ? x.dtype : DType::kFloat32,
                                        whole ? x.dims : statistics));
  }
  if (x.elements() == 0 && !outputs[1].data && !outputs[2].data) return {};
  INSITU_ASSIGN(Tensor row_sum, Tensor::Allocate(DType::kFloat64, {count}));
  const std::span<double> sum = row_sum.As<double>();
  const double epsilon = context.node.Attr("epsilon", kDefaultEpsilon);
  for (int64_t row = 0; row < rows; ++row) {
    LoadElements(x, row * count, 1, count, sum.data());
    for (const double* addend : {skip.Row(row), bias.Row(row)})
      for (size_t i = 0; addend && i < sum.size(); ++i) sum[i] += addend[i];
    const Moments moments = MomentsOf(row_sum.View(), 0, count, epsilon, kCentred);
    NormalizeRow(row_sum.View(), 0, outputs[0], row * count, count, moments, scale.Row(row),
                 beta.Row(row));
    if (outputs[1].data) StoreElements(&moments.mean, 1, outputs[1], row);
    if (outputs[2].data) StoreElements(&moments.inverse_deviation, 1, outputs[2], row);
    if (outputs[3].data) StoreElements(sum.data(), count, outputs[3], row * count);
  }
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"epsilon", AttrKind::kFloat}};

template <bool kCentred>
constexpr OpDef Define(std::string_view name) {
  return {.name = name,
          .domain = "com.microsoft",
          .since = kSince,
          .attributes = kAttributes,
          .min_inputs = 3,
          .max_inputs = kBias<kCentred> + 1,
          .max_outputs = 4,
          .infer = Infer<kCentred>,
          .run = Run<kCentred>};
}

}  // namespace

const OpDef kSkipLayerNormalizationOp = Define<true>("SkipLayerNormalization");
const OpDef kSkipSimplifiedLayerNormalizationOp = Define<false>("SkipSimplifiedLayerNormalization");

}  // namespace insitu
