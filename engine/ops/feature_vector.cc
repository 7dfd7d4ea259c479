// FeatureVectorizer and ArrayFeatureExtractor of ai.onnx.ml: joining and choosing features.
// https://onnx.ai/onnx/operators/onnx_aionnxml_FeatureVectorizer.html (1)
// https://onnx.ai/onnx/operators/onnx_aionnxml_ArrayFeatureExtractor.html (1)
// FeatureVectorizer joins rows [N, C] ([C] is one row), each input cut or padded with zeros to its
// entry of inputdimensions. ArrayFeatureExtractor takes the features named by all indices from the
// last axis; of one row [C] it makes [1, indices].
#include <numeric>

#include "ops/attribute_list.h"
#include "ops/copy.h"
#include "ops/feature_rows.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// The width of every input in the output; the inputs' own where the attribute does not say.
Result<std::vector<Dim>> Widths(const Node& node, std::span<const Dim> own) {
  const std::vector<int64_t>& listed = ListOf<int64_t>(node, "inputdimensions");
  if (listed.empty()) return std::vector<Dim>(own.begin(), own.end());
  if (listed.size() != own.size())
    return Fail(ErrorCode::kInvalidModel, "inputdimensions has " + std::to_string(listed.size()) +
                                              " entries for " + std::to_string(own.size()) +
                                              " inputs");
  for (int64_t width : listed)
    if (width < 0 || width > int64_t{1} << 31)
      return Fail(ErrorCode::kInvalidModel, "inputdimensions has " + std::to_string(width));
  return std::vector<Dim>(listed.begin(), listed.end());
}

Dim SumOf(std::span<const Dim> widths) {
  return std::accumulate(widths.begin(), widths.end(), Dim(0));
}

Status InferVectorizer(InferContext& context) {
  std::vector<Dim> own;
  Dim rows;
  for (size_t i = 0; i < context.input_count(); ++i) {
    INSITU_TRY(RequireType(context, i, kFeatureTypes));
    const Shape* shape = context.shape(i);
    if (shape && (shape->empty() || shape->size() > 2))
      return Fail(ErrorCode::kShapeMismatch,
                  context.Describe(i) + " does not have the axes rows and features");
    own.push_back(shape ? shape->back() : Dim::Unknown());
    if (shape && !rows.IsKnown()) rows = shape->size() == 1 ? Dim(1) : shape->front();
  }
  INSITU_ASSIGN(const std::vector<Dim> widths, Widths(context.node(), own));
  context.SetOutput(0, DType::kFloat32, Shape{rows, SumOf(widths)});
  return {};
}

Status RunVectorizer(RunContext& context) {
  std::vector<Dim> own;
  int64_t rows = 0;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    INSITU_ASSIGN(const FeatureRows shape, ReadFeatureRows(context.inputs[i].dims));
    own.emplace_back(shape.features);
    if (i > 0 && shape.rows != rows)
      return Fail(ErrorCode::kShapeMismatch, "an input has " + std::to_string(shape.rows) +
                                                 " rows, the first one " + std::to_string(rows));
    rows = shape.rows;
  }
  INSITU_ASSIGN(const std::vector<Dim> widths, Widths(context.node, own));
  const Dim sum = SumOf(widths);
  if (!sum.IsKnown()) return Fail(ErrorCode::kLimitExceeded, "the joined features overflow");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kFloat32, {rows, sum.value()}));
  if (y.elements() == 0) return {};
  const double zeros[kBlock] = {};
  int64_t offset = 0;
  for (size_t i = 0; i < context.inputs.size(); ++i) {
    const int64_t given = own[i].value(), width = widths[i].value();
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t start = 0; start < width;) {
        double block[kBlock];
        const bool inside = start < given;
        const int64_t n = std::min({kBlock, width - start, inside ? given - start : kBlock});
        if (inside) LoadElements(context.inputs[i], row * given + start, 1, n, block);
        StoreElements(inside ? block : zeros, n, y, row * sum.value() + offset + start);
        start += n;
      }
    offset += width;
  }
  return {};
}

constexpr DTypeSet kExtracted = kFeatureTypes | kStringType;

Status InferExtractor(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kExtracted));
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  std::optional<Shape> shape = ShapeOf(context, 0);
  if (shape) {
    if (shape->empty())
      return Fail(ErrorCode::kShapeMismatch, context.Describe(0) + " has no features");
    if (shape->size() == 1) shape->insert(shape->begin(), Dim(1));
    const Shape* indices = context.shape(1);
    shape->back() = indices ? Product(*indices) : Dim::Unknown();
  }
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

Status RunExtractor(RunContext& context) {
  const TensorView &x = context.inputs[0], &indices = context.inputs[1];
  if (x.dims.empty()) return Fail(ErrorCode::kShapeMismatch, "the input has no features");
  Dims dims = x.dims;
  if (dims.size() == 1) dims.insert(dims.begin(), 1);
  const int64_t features = dims.back(), count = indices.elements();
  dims.back() = count;
  for (int64_t i = 0; i < count; ++i)
    if (const int64_t index = LoadInteger(indices, i); index < 0 || index >= features)
      return Fail(ErrorCode::kInvalidArgument, "index " + std::to_string(index) +
                                                   " is out of range for " +
                                                   std::to_string(features) + " features");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, dims));
  if (y.elements() == 0) return {};
  const int64_t rows = y.elements() / count;
  for (int64_t i = 0; i < count; ++i)
    CopyLine(x, LoadInteger(indices, i), features, y, i, count, rows);
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"inputdimensions", AttrKind::kInts}};

}  // namespace

const OpDef kFeatureVectorizerOp = {
    .name = "FeatureVectorizer",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = -1,
    .infer = InferVectorizer,
    .run = RunVectorizer,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

const OpDef kArrayFeatureExtractorOp = {
    .name = "ArrayFeatureExtractor",
    .domain = "ai.onnx.ml",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = InferExtractor,
    .run = RunExtractor,
    .no_lowering = "no backend has operators of ai.onnx.ml",
};

}  // namespace insitu
