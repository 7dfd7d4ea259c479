// RotaryEmbedding: rotates heads by their position (ops/rotary.h).
// https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html (23), and the older one of
// com.microsoft, https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md, whose
// positions are input 1 and may be one number, the position of the first row. Without positions
// (the standard's form) the tables hold one row for every row of the input.
#include <optional>

#include "ops/elements.h"
#include "ops/heads.h"
#include "ops/ops.h"
#include "ops/rotary.h"

namespace insitu {
namespace {

struct Inputs {
  size_t positions, cosines, sines;
};
constexpr Inputs kStandard = {3, 1, 2}, kMicrosoft = {1, 2, 3};

template <const Inputs& kInputs>
Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, kInputs.positions, kIndexTypes));
  INSITU_TRY(RequireSameType(context, 0, kInputs.cosines));
  INSITU_TRY(RequireSameType(context, 0, kInputs.sines));
  if (context.node().Attr<int64_t>("is_packed_batching", 0) != 0)
    return Fail(ErrorCode::kUnsupportedOp, "RotaryEmbedding of packed batches is not supported");
  if (const Shape* shape = context.shape(0); shape && shape->size() != 3 && shape->size() != 4)
    return Fail(ErrorCode::kShapeMismatch, context.Describe(0) + " must have three or four axes");
  return InferSame(context, kFloatTypes);
}

// The number of heads of an input of three axes: the attribute, or as many as tables of this width
// rotate entirely.
int64_t HeadCount(const Node& node, const Dims& dims, int64_t half) {
  const int64_t heads = node.Attr<int64_t>("num_heads", 0);
  if (heads != 0 || dims.size() != 3 || half < 1) return heads;
  return dims[2] / (2 * half);
}

// The row of the tables for every [batch, row]; all of them exist.
Result<std::vector<int64_t>> TableRows(const TensorView* positions, const Rotary& rotary,
                                       int64_t batch, int64_t rows) {
  const int64_t count = batch * rows;
  const bool offset = positions && positions->elements() == 1;
  if (positions && !offset && positions->elements() != count)
    return Fail(ErrorCode::kShapeMismatch, "position_ids " + ToString(positions->dims) +
                                               " hold no position for each of " +
                                               std::to_string(count) + " rows");
  std::vector<int64_t> table_rows(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t row = i;
    if (positions) row = LoadInteger(*positions, offset ? 0 : i);
    INSITU_TRY(rotary.CheckRow(row));
    if (offset) INSITU_TRY(rotary.CheckRow(row += i % rows));
    table_rows[static_cast<size_t>(i)] = row;
  }
  return table_rows;
}

template <const Inputs& kInputs>
Status Run(RunContext& context) {
  const TensorView &x = context.inputs[0], &cosines = context.inputs[kInputs.cosines];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  if (x.elements() == 0) return {};
  const int64_t half = cosines.dims.empty() ? 0 : cosines.dims.back();
  INSITU_ASSIGN(const HeadsShape shape,
                ReadHeadsShape(ToShape(x.dims), HeadCount(context.node, x.dims, half), "input"));
  const int64_t batch = shape.batch.value(), heads = shape.heads.value(), rows = shape.rows.value(),
                size = shape.size.value();
  INSITU_ASSIGN(Rotary rotary,
                Rotary::Make(cosines, context.inputs[kInputs.sines],
                             context.node.Attr<int64_t>("interleaved", 0) != 0, size));
  const int64_t rotated = context.node.Attr<int64_t>("rotary_embedding_dim", 0);
  if (2 * half != (rotated == 0 ? size : rotated))
    return Fail(ErrorCode::kShapeMismatch, "the rotary tables have " + std::to_string(half) +
                                               " columns; half of the rotated elements are needed");
  const bool has_positions = context.HasInput(kInputs.positions);
  INSITU_ASSIGN(
      const std::vector<int64_t> table_rows,
      TableRows(has_positions ? &context.inputs[kInputs.positions] : nullptr, rotary, batch, rows));
  const auto heads_of = [&](const TensorView& view) {
    return view.dims.size() == 4 ? SeparateHeads(view) : InterleavedHeads(view, size);
  };
  const HeadRows from = heads_of(x), to = heads_of(y);
  INSITU_ASSIGN(Tensor buffer, Tensor::Allocate(DType::kFloat64, {size}));
  double* head = buffer.As<double>().data();
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t r = 0; r < rows; ++r) {
        LoadElements(x, from.At(b, h, r), 1, size, head);
        rotary.Rotate(head, table_rows[static_cast<size_t>(b * rows + r)]);
        StoreElements(head, size, y, to.At(b, h, r));
      }
  return {};
}

constexpr int kStandardSince[] = {23};
constexpr int kMicrosoftSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"interleaved", AttrKind::kInt},
                                    {"num_heads", AttrKind::kInt},
                                    {"rotary_embedding_dim", AttrKind::kInt},
                                    {"is_packed_batching", AttrKind::kInt},
                                    {"scale", AttrKind::kFloat}};

}  // namespace

const OpDef kRotaryEmbeddingOp = {
    .name = "RotaryEmbedding",
    .since = kStandardSince,
    .attributes = std::span(kAttributes).first(3),
    .min_inputs = 3,
    .max_inputs = 4,
    .infer = Infer<kStandard>,
    .run = Run<kStandard>,
};

const OpDef kMsRotaryEmbeddingOp = {
    .name = "RotaryEmbedding",
    .domain = "com.microsoft",
    .since = kMicrosoftSince,
    .attributes = kAttributes,
    .min_inputs = 4,
    .max_inputs = 4,
    .infer = Infer<kMicrosoft>,
    .run = Run<kMicrosoft>,
};

}  // namespace insitu
