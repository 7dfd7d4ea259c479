// EmbedLayerNormalization: the layer normalization of the sum of word, position and segment
// embeddings, the first layer of BERT.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// Outputs: [batch, sequence, hidden]; how many mask entries of every row are 1 (0 without a mask);
// the sum before normalising. Without position_ids positions count from 0.
#include <algorithm>
#include <array>
#include <string>

#include "ops/normalize.h"
#include "ops/ops.h"

namespace insitu {
namespace {

enum Input : size_t {
  kIds,
  kSegments,
  kWords,
  kPositions,
  kSegmentTable,
  kGamma,
  kBeta,
  kMask,
  kPositionIds
};
constexpr float kDefaultEpsilon = 1e-12f;

Status RequireRank(const InferContext& context, size_t i, size_t rank) {
  const Shape* shape = context.shape(i);
  if (!shape || shape->size() == rank) return {};
  return Fail(ErrorCode::kShapeMismatch,
              context.Describe(i) + " must have " + std::to_string(rank) + " axes");
}

Status Infer(InferContext& context) {
  for (size_t i : {kIds, kSegments, kMask, kPositionIds}) {
    INSITU_TRY(RequireType(context, i, kIndexTypes));
    INSITU_TRY(RequireRank(context, i, 2));
  }
  for (size_t i : {kWords, kPositions, kSegmentTable, kGamma, kBeta}) {
    INSITU_TRY(RequireType(context, i, kFloatTypes));
    INSITU_TRY(RequireRank(context, i, i == kGamma || i == kBeta ? 1 : 2));
  }
  for (size_t i : {kWords, kPositions, kGamma, kBeta})
    if (!context.HasInput(i))
      return Fail(ErrorCode::kInvalidModel,
                  "EmbedLayerNormalization needs word and position embeddings, gamma and beta");
  const Shape *ids = context.shape(kIds), *words = context.shape(kWords);
  Shape shape(3);
  if (ids) shape[0] = (*ids)[0], shape[1] = (*ids)[1];
  if (words) shape[2] = (*words)[1];
  context.SetOutput(0, context.dtype(kWords), shape);
  context.SetOutput(1, DType::kInt32, Shape{shape[0]});
  context.SetOutput(2, context.dtype(kWords), shape);
  return {};
}

// One of the three tables and the indices into it.
struct Lookup {
  const TensorView* table;
  const TensorView* indices;  // nullptr: the position
  const char* name;
};

// Adds the row of the table that `index` names.
Status AddRow(const Lookup& lookup, int64_t index, std::span<double> sum) {
  if (index < 0 || index >= lookup.table->dims[0])
    return Fail(ErrorCode::kInvalidArgument,
                std::string(lookup.name) + " " + std::to_string(index) + " is none of " +
                    std::to_string(lookup.table->dims[0]) + " rows of its embedding");
  const auto count = static_cast<int64_t>(sum.size());
  double block[kBlock];
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(*lookup.table, index * count + start, 1, n, block);
    for (int64_t i = 0; i < n; ++i) sum[static_cast<size_t>(start + i)] += block[i];
  }
  return {};
}

Status CheckShapes(const RunContext& context) {
  const Dims& ids = context.inputs[kIds].dims;
  bool fits = ids.size() == 2;
  for (size_t i : {kSegments, kMask})
    fits = fits && (!context.HasInput(i) || context.inputs[i].dims == ids);
  if (fits && context.HasInput(kPositionIds)) {
    const Dims& positions = context.inputs[kPositionIds].dims;
    fits = positions.size() == 2 && positions[1] == ids[1] &&
           (positions[0] == 1 || positions[0] == ids[0]);
  }
  const Dims& words = context.inputs[kWords].dims;
  fits = fits && words.size() == 2;
  for (size_t i : {kPositions, kSegmentTable})
    fits = fits && (!context.HasInput(i) ||
                    (context.inputs[i].dims.size() == 2 && context.inputs[i].dims[1] == words[1]));
  for (size_t i : {kGamma, kBeta}) fits = fits && context.inputs[i].dims == Dims{words[1]};
  if (fits && context.HasInput(kSegments) == context.HasInput(kSegmentTable)) return {};
  return Fail(ErrorCode::kShapeMismatch,
              "the inputs of EmbedLayerNormalization do not fit together",
              "ids are [batch, sequence], embeddings [rows, hidden], gamma and beta [hidden].");
}

Status CountMask(RunContext& context, int64_t batch, int64_t sequence) {
  if (!WantsOutput(context, 1)) return {};
  INSITU_ASSIGN(const TensorView counts, RunOutput(context, 1, DType::kInt32, {batch}));
  for (int64_t b = 0; b < batch; ++b) {
    int64_t count = 0;
    for (int64_t s = 0; context.HasInput(kMask) && s < sequence; ++s)
      count += LoadInteger(context.inputs[kMask], b * sequence + s) == 1;
    StoreElements(&count, 1, counts, b);
  }
  return {};
}

Status Run(RunContext& context) {
  INSITU_TRY(CheckShapes(context));
  const TensorView& ids = context.inputs[kIds];
  const int64_t batch = ids.dims[0], sequence = ids.dims[1];
  const int64_t hidden = context.inputs[kWords].dims[1];
  const Dims dims = {batch, sequence, hidden};
  const DType dtype = context.inputs[kWords].dtype;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, dims));
  INSITU_TRY(CountMask(context, batch, sequence));
  TensorView sums;
  if (WantsOutput(context, 2)) {
    INSITU_ASSIGN(sums, RunOutput(context, 2, dtype, dims));
  }
  INSITU_ASSIGN(const RowParameter gamma, ReadRowParameter(context, kGamma, dims, 2));
  INSITU_ASSIGN(const RowParameter beta, ReadRowParameter(context, kBeta, dims, 2));
  const auto input = [&](size_t i) { return context.HasInput(i) ? &context.inputs[i] : nullptr; };
  const std::array lookups = {Lookup{input(kWords), &ids, "word id"},
                              Lookup{input(kPositions), input(kPositionIds), "position"},
                              Lookup{input(kSegmentTable), input(kSegments), "segment id"}};
  INSITU_ASSIGN(Tensor row, Tensor::Allocate(DType::kFloat64, {hidden}));
  const double epsilon = context.node.Attr("epsilon", kDefaultEpsilon);
  for (int64_t token = 0; token < batch * sequence; ++token) {
    std::ranges::fill(row.As<double>(), 0.0);
    for (const Lookup& lookup : lookups) {
      if (!lookup.table) continue;
      const int64_t index = lookup.indices
                                ? LoadInteger(*lookup.indices, token % lookup.indices->elements())
                                : token % sequence;
      INSITU_TRY(AddRow(lookup, index, row.As<double>()));
    }
    const Moments moments = MomentsOf(row.View(), 0, hidden, epsilon);
    NormalizeRow(row.View(), 0, y, token * hidden, hidden, moments, gamma.Row(token),
                 beta.Row(token));
    if (sums.data) StoreElements(row.As<double>().data(), hidden, sums, token * hidden);
  }
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"epsilon", AttrKind::kFloat},
                                    {"mask_index_type", AttrKind::kInt}};

}  // namespace

const OpDef kEmbedLayerNormalizationOp = {
    .name = "EmbedLayerNormalization",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 1,
    .max_inputs = 9,
    .max_outputs = 3,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
