// MultiHeadAttention of com.microsoft: attention over projected queries, keys and values, with the
// bias of the projection.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// Query, key and value are [batch, rows, heads * size]; or packed, [batch, rows, heads, 3, size] in
// input 0 or [batch, rows, heads, 2, size] in input 1; or key and value are [batch, heads, rows,
// size] and take no bias. Caches shared between past and present, and beams, are not supported.
#include <array>
#include <cmath>
#include <optional>

#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/padding_mask.h"

namespace insitu {
namespace {

enum Input : size_t {
  kQuery,
  kKey,
  kValue,
  kBias,
  kMask,
  kAttentionBias,
  kPastKey,
  kPastValue,
  kPastLength,
  kBeams
};

struct Geometry {
  Dim batch, rows, key_rows, size, v_size, past = 0, total;
  int64_t heads = 0;

  Shape Output() const { return {batch, rows, Dim(heads) * v_size}; }
  Shape Present(const Dim& of) const { return {batch, heads, total, of}; }
  Shape Scores() const { return {batch, heads, rows, total}; }
};

std::unexpected<Error> Mismatch(std::string_view what) {
  return Fail(ErrorCode::kShapeMismatch,
              std::string(what) + " of MultiHeadAttention does not fit its other inputs");
}

using Shapes = std::array<const Shape*, 8>;  // nullptr where omitted

Result<Geometry> ReadGeometry(const Node& node, const Shapes& shapes) {
  Geometry g;
  g.heads = node.Attr<int64_t>("num_heads", 0);
  if (g.heads < 1) return Fail(ErrorCode::kInvalidModel, "attribute num_heads is below 1");
  const Shape &query = *shapes[kQuery], *key = shapes[kKey], *value = shapes[kValue];
  const auto packed = [&](const Shape& shape, int64_t count) {
    return shape.size() == 5 && !Differ(shape[2], g.heads) && !Differ(shape[3], count);
  };
  if (!key) {
    if (value || !packed(query, 3)) return Mismatch("query, without key or with value alone,");
    g.batch = query[0], g.rows = g.key_rows = query[1], g.size = g.v_size = query[4];
  } else {
    if (query.size() != 3) return Mismatch("query");
    INSITU_ASSIGN(const HeadsShape q, ReadHeadsShape(query, g.heads, "the query"));
    g.batch = q.batch, g.rows = q.rows, g.size = q.size;
    if (!value) {
      if (!packed(*key, 2) || Differ((*key)[4], g.size)) return Mismatch("key, without value,");
      g.key_rows = (*key)[1], g.v_size = (*key)[4];
    } else {
      if (value->size() != key->size()) return Mismatch("value");
      INSITU_ASSIGN(const HeadsShape k, ReadHeadsShape(*key, g.heads, "the key"));
      INSITU_ASSIGN(const HeadsShape v, ReadHeadsShape(*value, g.heads, "the value"));
      if (Differ(k.size, g.size) || Differ(k.heads, g.heads)) return Mismatch("key");
      if (Differ(v.heads, g.heads) || Differ(v.rows, k.rows)) return Mismatch("value");
      if (Differ(v.batch, g.batch)) return Mismatch("value");
      g.key_rows = k.rows, g.v_size = v.size;
    }
    if (Differ((*key)[0], g.batch)) return Mismatch("key");
  }
  if (const Shape* bias = shapes[kBias]) {
    const Dim width = Dim(g.heads) * (g.size + g.size + g.v_size);
    if (bias->size() != 1 || Differ((*bias)[0], width)) return Mismatch("bias");
  }
  const Shape *past_key = shapes[kPastKey], *past_value = shapes[kPastValue];
  if ((past_key == nullptr) != (past_value == nullptr))
    return Mismatch("past_key without the other");
  if (past_key) {
    g.past = past_key->size() == 4 ? (*past_key)[2] : Dim::Unknown();
    const auto fits = [&](const Shape& past, const Dim& size) {
      return past.size() == 4 && !Differ(past[0], g.batch) && !Differ(past[1], g.heads) &&
             !Differ(past[2], g.past) && !Differ(past[3], size);
    };
    if (!fits(*past_key, g.size)) return Mismatch("past_key");
    if (!fits(*past_value, g.v_size)) return Mismatch("past_value");
  }
  g.total = g.past + g.key_rows;
  return g;
}

Status Infer(InferContext& context) {
  for (size_t i : {kQuery, kKey, kValue, kBias, kAttentionBias, kPastKey, kPastValue}) {
    INSITU_TRY(RequireType(context, i, kFloatTypes));
    INSITU_TRY(RequireSameType(context, 0, i));
  }
  INSITU_TRY(RequireType(context, kMask, kIndexTypes));
  if (context.HasInput(kPastLength) || context.HasInput(kBeams))
    return Fail(
        ErrorCode::kUnsupportedOp,
        "MultiHeadAttention with past_sequence_length or cache_indirection is not supported",
        "Export the model without a shared cache.");
  for (size_t i = 0; i < 4; ++i) context.SetOutput(i, context.dtype(0), std::nullopt);
  Shapes shapes{};
  for (size_t i = 0; i < shapes.size(); ++i) {
    shapes[i] = context.shape(i);
    if (context.HasInput(i) && !shapes[i]) return {};
  }
  INSITU_ASSIGN(const Geometry g, ReadGeometry(context.node(), shapes));
  context.SetOutput(0, context.dtype(0), g.Output());
  context.SetOutput(1, context.dtype(0), g.Present(g.size));
  context.SetOutput(2, context.dtype(0), g.Present(g.v_size));
  context.SetOutput(3, context.dtype(0), g.Scores());
  return {};
}

// Where query (0), key (1) and value (2) lie.
HeadRows Rows(const RunContext& context, size_t which, int64_t heads, int64_t size) {
  const bool packed = !context.HasInput(which);
  const TensorView& view = context.inputs[!packed ? which : context.HasInput(kKey) ? kKey : kQuery];
  if (view.dims.size() == 4) return SeparateHeads(view);
  if (view.dims.size() == 3) return InterleavedHeads(view, size);
  const int64_t parts = view.dims[3];
  const auto part = static_cast<int64_t>(which) - (parts == 2 ? 1 : 0);
  const int64_t row = heads * parts * size;
  return {view, part * size, view.dims[1] * row, parts * size, row};
}

Status Run(RunContext& context) {
  std::array<std::optional<Shape>, 8> shapes;
  Shapes pointers{};
  for (size_t i = 0; i < shapes.size(); ++i)
    if (context.HasInput(i)) pointers[i] = &shapes[i].emplace(ToShape(context.inputs[i].dims));
  INSITU_ASSIGN(const Geometry g, ReadGeometry(context.node, pointers));
  const int64_t batch = g.batch.value(), rows = g.rows.value(), past = g.past.value(),
                total = g.total.value();
  const int64_t sizes[] = {g.size.value(), g.size.value(), g.v_size.value()};
  const DType dtype = context.inputs[0].dtype;

  INSITU_ASSIGN(const Dims output_dims, DimsOfRun(g.Output()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, output_dims));
  Tensor tensors[3];
  for (size_t which = 0; which < 3; ++which) {
    const int64_t size = sizes[which], first = which == 0 ? 0 : past;
    INSITU_ASSIGN(tensors[which], MakeHeads(batch, g.heads, which == 0 ? rows : total, size));
    EditRow add_bias;
    const bool given_apart =
        which > 0 && context.HasInput(which) && context.inputs[which].dims.size() == 4;
    if (context.HasInput(kBias) && !given_apart)
      add_bias = [&, which, size](double* values, int64_t, int64_t head, int64_t) {
        const int64_t column = (static_cast<int64_t>(which) * sizes[0] * g.heads) + head * size;
        for (int64_t i = 0; i < size; ++i) values[i] += LoadReal(context.inputs[kBias], column + i);
      };
    FillHeads(tensors[which], Rows(context, which, g.heads, size),
              RowRange{first, which == 0 ? rows : g.key_rows.value()}, add_bias);
    if (which == 0) continue;
    if (past > 0)
      FillHeads(tensors[which], SeparateHeads(context.inputs[which == 1 ? kPastKey : kPastValue]),
                RowRange{0, past});
    if (WantsOutput(context, which)) {
      INSITU_ASSIGN(const TensorView present,
                    RunOutput(context, which, dtype, tensors[which].dims()));
      StoreHeads(tensors[which], present);
    }
  }
  AttentionOptions options;
  const float scale = context.node.Attr<float>("scale", 0);
  options.scale = scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(sizes[0]));
  options.watched = ScoreStage::kSoftmax;
  if (WantsOutput(context, 3)) {
    INSITU_ASSIGN(const Dims dims, DimsOfRun(g.Scores()));
    INSITU_ASSIGN(options.watch, RunOutput(context, 3, dtype, dims));
  }
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
  return Attend(tensors[0], tensors[1], tensors[2], options, InterleavedHeads(y, sizes[2]));
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"num_heads", AttrKind::kInt, true},
                                    {"mask_filter_value", AttrKind::kFloat},
                                    {"scale", AttrKind::kFloat},
                                    {"unidirectional", AttrKind::kInt}};

}  // namespace

const OpDef kMultiHeadAttentionOp = {
    .name = "MultiHeadAttention",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = 10,
    .max_outputs = 4,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
