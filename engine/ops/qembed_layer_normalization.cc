// com.microsoft.QEmbedLayerNormalization: the embedding layer of BERT over 8-bit tables: word,
// position and segment embeddings are added and normalized.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QEmbedLayerNormalization
// Every table, gamma and beta have a scale and a zero point of their own.
//   e = word[id] + position[s] + segment[sid]
//   y = (e - mean) / sqrt(variance + epsilon) * gamma + beta, in double
// mask_index counts the ones of every row of the mask, 0 without a mask.
#include <cmath>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/widen.h"

namespace insitu {
namespace {

enum Input : size_t { kIds, kSegmentIds, kWord, kPosition, kSegment, kGamma, kBeta, kMask };
// The scale of table i is input i + kToScale, its zero point input i + kToZero.
constexpr size_t kToScale = 6, kToZero = 11;

Status Infer(InferContext& context) {
  for (size_t i : {kIds, kSegmentIds, kMask}) INSITU_TRY(RequireType(context, i, {DType::kInt32}));
  for (size_t i : {kWord, kPosition, kSegment, kGamma, kBeta}) {
    if (i == kSegment && !context.HasInput(kSegmentIds)) continue;
    INSITU_TRY(RequireInputs(context, {i, i + kToScale}));
    INSITU_TRY(CheckByteInput(context, i, "a table"));
    INSITU_TRY(RequireSameType(context, i, i + kToZero));
    INSITU_TRY(RequireType(context, i + kToScale, {DType::kFloat32}));
  }
  const Shape *ids = context.shape(kIds), *word = context.shape(kWord);
  if ((ids && ids->size() != 2) || (word && word->size() != 2))
    return Fail(
        ErrorCode::kShapeMismatch,
        context.Describe(kIds) + " and " + context.Describe(kWord) + " must have two axes each");
  Shape y(3), index(1);
  if (ids) y = {(*ids)[0], (*ids)[1], Dim::Unknown()}, index = {(*ids)[0]};
  if (word) y[2] = (*word)[1];
  context.SetOutput(0, DType::kFloat32, std::move(y));
  context.SetOutput(1, DType::kInt32, std::move(index));
  return {};
}

struct Table {
  TensorView view;
  Quantization numbers;

  // Adds row `row` of `hidden` elements to `to`.
  void AddRow(int64_t row, int64_t hidden, double* to) const {
    double block[kBlock];
    for (int64_t start = 0; start < hidden; start += kBlock) {
      const int64_t n = std::min(kBlock, hidden - start);
      LoadElements(view, row * hidden + start, 1, n, block);
      for (int64_t i = 0; i < n; ++i)
        to[start + i] += (block[i] - numbers.zero_point) * static_cast<double>(numbers.scale);
    }
  }
};

Result<Table> ReadTable(const RunContext& context, size_t i, size_t rank, int64_t hidden) {
  const TensorView& view = context.inputs[i];
  if (view.dims.size() != rank || view.dims.back() != hidden)
    return Fail(ErrorCode::kShapeMismatch, "a table has dims " + ToString(view.dims) +
                                               "; rows of " + std::to_string(hidden) +
                                               " are needed");
  INSITU_ASSIGN(const Quantization numbers,
                ReadQuantization(context, i + kToScale, i + kToZero, "a table"));
  return Table{view, numbers};
}

Status CheckRow(int64_t row, const Table& table, std::string_view what) {
  if (row >= 0 && row < table.view.dims[0]) return {};
  return Fail(ErrorCode::kInvalidArgument, std::string(what) + " " + std::to_string(row) +
                                               " is out of range for a table of " +
                                               std::to_string(table.view.dims[0]) + " rows");
}

Status RunMask(RunContext& context, int64_t batch, int64_t length) {
  if (!WantsOutput(context, 1)) return {};
  INSITU_ASSIGN(TensorView index, RunOutput(context, 1, DType::kInt32, {batch}));
  for (int64_t n = 0; n < batch; ++n) {
    int32_t ones = 0;
    for (int64_t s = 0; context.HasInput(kMask) && s < length; ++s)
      ones += context.inputs[kMask].As<int32_t>()[static_cast<size_t>(n * length + s)] == 1;
    index.As<int32_t>()[static_cast<size_t>(n)] = ones;
  }
  return {};
}

Status Run(RunContext& context) {
  const TensorView &ids = context.inputs[kIds], &word_view = context.inputs[kWord];
  if (ids.dims.size() != 2 || word_view.dims.size() != 2)
    return Fail(ErrorCode::kShapeMismatch, "input_ids and word_embedding need two axes each");
  const int64_t batch = ids.dims[0], length = ids.dims[1], hidden = word_view.dims[1];
  for (size_t i : {kSegmentIds, kMask})
    if (context.HasInput(i) && context.inputs[i].dims != ids.dims)
      return Fail(ErrorCode::kShapeMismatch,
                  "segment_ids and mask must have the dims of input_ids");
  INSITU_ASSIGN(const Table word, ReadTable(context, kWord, 2, hidden));
  INSITU_ASSIGN(const Table position, ReadTable(context, kPosition, 2, hidden));
  INSITU_ASSIGN(const Table gamma, ReadTable(context, kGamma, 1, hidden));
  INSITU_ASSIGN(const Table beta, ReadTable(context, kBeta, 1, hidden));
  Table segment;
  if (context.HasInput(kSegmentIds)) {
    INSITU_ASSIGN(segment, ReadTable(context, kSegment, 2, hidden));
  }
  INSITU_TRY(RunMask(context, batch, length));
  INSITU_ASSIGN(const TensorView y,
                RunOutput(context, 0, DType::kFloat32, {batch, length, hidden}));

  INSITU_ASSIGN(Tensor scratch, Tensor::Allocate(DType::kFloat64, {3, hidden}));
  double *scale = scratch.As<double>().data(), *shift = scale + hidden, *sum = shift + hidden;
  std::fill_n(scale, 2 * hidden, 0.0);
  gamma.AddRow(0, hidden, scale);
  beta.AddRow(0, hidden, shift);
  const double epsilon = context.node.Attr<float>("epsilon", 1e-12f);
  for (int64_t i = 0; i < batch * length; ++i) {
    const int64_t id = LoadInteger(ids, i), place = i % length;
    INSITU_TRY(CheckRow(id, word, "the word id"));
    INSITU_TRY(CheckRow(place, position, "the position"));
    std::fill_n(sum, hidden, 0.0);
    word.AddRow(id, hidden, sum);
    position.AddRow(place, hidden, sum);
    if (context.HasInput(kSegmentIds)) {
      const int64_t at = LoadInteger(context.inputs[kSegmentIds], i);
      INSITU_TRY(CheckRow(at, segment, "the segment id"));
      segment.AddRow(at, hidden, sum);
    }
    double mean = 0, variance = 0;
    for (int64_t j = 0; j < hidden; ++j) mean += sum[j] / static_cast<double>(hidden);
    for (int64_t j = 0; j < hidden; ++j)
      variance += (sum[j] - mean) * (sum[j] - mean) / static_cast<double>(hidden);
    const double deviation = std::sqrt(variance + epsilon);
    for (int64_t j = 0; j < hidden; ++j) sum[j] = (sum[j] - mean) / deviation * scale[j] + shift[j];
    StoreElements(sum, hidden, y, i * hidden);
  }
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"epsilon", AttrKind::kFloat}};

}  // namespace

const OpDef kQEmbedLayerNormalizationOp = {
    .name = "QEmbedLayerNormalization",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 1,
    .max_inputs = 18,
    .max_outputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend looks up embeddings",
};

}  // namespace insitu
