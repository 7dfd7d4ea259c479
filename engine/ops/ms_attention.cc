// Attention of com.microsoft: queries, keys and values projected by one weight matrix, then
// attention over heads. https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// Input [batch, rows, width], weights [width, Q + K + V], bias [Q + K + V], mask, past
// [2, batch, heads, past, size], attention bias. Rotation and caches shared between past and
// present are not supported.
#include <array>
#include <cmath>
#include <optional>

#include "ops/elements.h"
#include "ops/matmul_reference.h"
#include "ops/ops.h"
#include "ops/padding_mask.h"
#include "ops/widen.h"

namespace insitu {
namespace {

enum Input : size_t { kInput, kWeights, kBias, kMask, kPast, kAttentionBias, kPastLength };

struct Geometry {
  Dim batch, rows, width, past = 0, total;
  int64_t heads = 0;
  std::array<Dim, 3> hidden;  // of queries, keys, values

  Dim Size(size_t which) const { return FloorDiv(hidden[which], Dim(heads)); }
  Dim Columns() const { return hidden[0] + hidden[1] + hidden[2]; }
  Shape Output() const { return {batch, rows, hidden[2]}; }
  Shape Present() const { return {2, batch, heads, total, Size(0)}; }
};

std::unexpected<Error> Mismatch(std::string_view what) {
  return Fail(ErrorCode::kShapeMismatch,
              std::string(what) + " of Attention does not fit its other inputs");
}

Result<Geometry> ReadGeometry(const Node& node, const Shape& input, const Shape& weights,
                              const Shape* bias, const Shape* past) {
  Geometry g;
  g.heads = node.Attr<int64_t>("num_heads", 0);
  if (g.heads < 1) return Fail(ErrorCode::kInvalidModel, "attribute num_heads is below 1");
  if (input.size() != 3) return Mismatch("input");
  g.batch = input[0], g.rows = input[1], g.width = input[2];
  if (weights.size() != 2 || Differ(weights[0], g.width)) return Mismatch("weights");
  const auto sizes = node.Attr<std::vector<int64_t>>("qkv_hidden_sizes", {});
  if (sizes.empty()) {
    g.hidden.fill(FloorDiv(weights[1], 3));
  } else {
    if (sizes.size() != 3 || sizes[0] != sizes[1])
      return Fail(ErrorCode::kInvalidModel,
                  "attribute qkv_hidden_sizes needs three numbers, the first two equal");
    for (size_t i = 0; i < 3; ++i) g.hidden[i] = sizes[i];
  }
  for (const Dim& hidden : g.hidden)
    if (hidden.IsKnown() && (hidden.value() < g.heads || hidden.value() % g.heads != 0))
      return Fail(ErrorCode::kShapeMismatch, "hidden size " + hidden.ToString() +
                                                 " does not make " + std::to_string(g.heads) +
                                                 " heads");
  if (Differ(weights[1], g.Columns())) return Mismatch("weights");
  if (bias && (bias->size() != 1 || Differ((*bias)[0], g.Columns()))) return Mismatch("bias");
  if (past) {
    if (past->size() != 5 || Differ((*past)[0], 2) || Differ((*past)[1], g.batch) ||
        Differ((*past)[2], g.heads) || Differ((*past)[4], g.Size(0)) ||
        Differ(g.hidden[0], g.hidden[2]))
      return Mismatch("past");
    g.past = (*past)[3];
  }
  g.total = g.past + g.rows;
  return g;
}

Status Infer(InferContext& context) {
  for (size_t i : {kInput, kWeights, kBias, kPast, kAttentionBias}) {
    INSITU_TRY(RequireType(context, i, kFloatTypes));
    INSITU_TRY(RequireSameType(context, 0, i));
  }
  INSITU_TRY(RequireType(context, kMask, kIndexTypes));
  const Node& node = context.node();
  if (context.HasInput(kPastLength) || node.Attr<int64_t>("do_rotary", 0) != 0 ||
      node.Attr<int64_t>("past_present_share_buffer", 0) != 0)
    return Fail(ErrorCode::kUnsupportedOp,
                "Attention with do_rotary or past_present_share_buffer is not supported",
                "Export the model without a shared cache.");
  for (size_t i : {0u, 1u}) context.SetOutput(i, context.dtype(0), std::nullopt);
  for (size_t i : {kInput, kWeights, kBias, kPast})
    if (context.HasInput(i) && !context.shape(i)) return {};
  INSITU_ASSIGN(const Geometry g,
                ReadGeometry(node, *context.shape(kInput), *context.shape(kWeights),
                             context.shape(kBias), context.shape(kPast)));
  context.SetOutput(0, context.dtype(0), g.Output());
  context.SetOutput(1, context.dtype(0), g.Present());
  return {};
}

// input * weights + bias, [batch, rows, Q + K + V] in float64.
Result<Tensor> Project(const RunContext& context, const Geometry& g) {
  const int64_t columns = g.Columns().value();
  INSITU_ASSIGN(const Tensor input, Widened<double>(context.inputs[kInput]));
  INSITU_ASSIGN(const Tensor weights, Widened<double>(context.inputs[kWeights]));
  INSITU_ASSIGN(Tensor projected,
                Tensor::Allocate(DType::kFloat64, {g.batch.value(), g.rows.value(), columns}));
  MatrixProduct product;
  product.rows = g.batch.value() * g.rows.value();
  product.depth = product.a_row = g.width.value();
  product.columns = product.b_depth = columns;
  const auto no_zero = [](int64_t) { return 0.0; };
  double* to = projected.As<double>().data();
  Multiply<double>(product, input.As<double>().data(), no_zero, weights.As<double>().data(),
                   no_zero, [&](int64_t row, int64_t column, std::span<double> sums) {
                     double addend[kMatMulRow] = {};
                     if (context.HasInput(kBias))
                       LoadElements(context.inputs[kBias], column, 1,
                                    static_cast<int64_t>(sums.size()), addend);
                     for (size_t i = 0; i < sums.size(); ++i)
                       to[row * columns + column + static_cast<int64_t>(i)] = sums[i] + addend[i];
                   });
  return projected;
}

Status Run(RunContext& context) {
  std::array<std::optional<Shape>, 5> shapes;
  for (size_t i : {kInput, kWeights, kBias, kPast})
    if (context.HasInput(i)) shapes[i] = ToShape(context.inputs[i].dims);
  const auto pointer = [&](size_t i) { return shapes[i] ? &*shapes[i] : nullptr; };
  INSITU_ASSIGN(const Geometry g, ReadGeometry(context.node, *shapes[kInput], *shapes[kWeights],
                                               pointer(kBias), pointer(kPast)));
  const int64_t batch = g.batch.value(), rows = g.rows.value(), past = g.past.value(),
                total = g.total.value();
  const DType dtype = context.inputs[kInput].dtype;
  INSITU_ASSIGN(const Dims output_dims, DimsOfRun(g.Output()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, output_dims));
  TensorView present;
  if (WantsOutput(context, 1)) {
    if (Differ(g.hidden[0], g.hidden[2]))
      return Mismatch("a size of values other than that of keys");
    INSITU_ASSIGN(const Dims dims, DimsOfRun(g.Present()));
    INSITU_ASSIGN(present, RunOutput(context, 1, dtype, dims));
  }
  if (y.elements() == 0 && !present.data) return {};
  INSITU_ASSIGN(Tensor projected, Project(context, g));
  Tensor tensors[3];
  int64_t column = 0;
  for (size_t which = 0; which < 3; ++which) {
    const int64_t size = g.Size(which).value();
    INSITU_ASSIGN(tensors[which], MakeHeads(batch, g.heads, which == 0 ? rows : total, size));
    FillHeads(tensors[which], InterleavedHeads(projected.View(), size, column),
              RowRange{which == 0 ? 0 : past, rows});
    column += g.hidden[which].value();
    if (which == 0) continue;
    if (past > 0) {
      const int64_t row = size, head = past * row, sequence = g.heads * head;
      FillHeads(tensors[which],
                HeadRows{context.inputs[kPast], static_cast<int64_t>(which - 1) * batch * sequence,
                         sequence, head, row},
                RowRange{0, past});
    }
    if (present.data)
      StoreHeads(tensors[which], present, which == 1 ? 0 : tensors[which].elements());
  }
  AttentionOptions options;
  const float scale = context.node.Attr<float>("scale", 0);
  options.scale = scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(g.Size(0).value()));
  INSITU_ASSIGN(const PaddingMask mask,
                PaddingMask::Read(context.HasInput(kMask) ? context.inputs[kMask] : TensorView(),
                                  batch, rows, past, total));
  std::optional<ScoreBias> bias;
  if (context.HasInput(kAttentionBias)) {
    INSITU_ASSIGN(bias,
                  ScoreBias::Read(context.inputs[kAttentionBias], batch, g.heads, rows, total));
  }
  const double filter = context.node.Attr<float>("mask_filter_value", -10000.0f);
  const bool causal = context.node.Attr<int64_t>("unidirectional", 0) != 0;
  options.mask = [&](const ScoreRow& row, std::span<double> scores) {
    mask.AddTo(row, scores, filter);
    if (bias) bias->AddTo(row, scores);
    if (causal) MaskFuture(row, past, scores);
  };
  return Attend(tensors[0], tensors[1], tensors[2], options,
                InterleavedHeads(y, g.Size(2).value()));
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"num_heads", AttrKind::kInt, true},
                                    {"do_rotary", AttrKind::kInt},
                                    {"mask_filter_value", AttrKind::kFloat},
                                    {"past_present_share_buffer", AttrKind::kInt},
                                    {"qkv_hidden_sizes", AttrKind::kInts},
                                    {"rotary_embedding_dim", AttrKind::kInt},
                                    {"scale", AttrKind::kFloat},
                                    {"unidirectional", AttrKind::kInt}};

}  // namespace

const OpDef kMsAttentionOp = {
    .name = "Attention",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 7,
    .max_outputs = 2,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
