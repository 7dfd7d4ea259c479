// Attention of the standard: softmax(softcap(scale * Q K^T) + mask) V over heads, of which keys and
// values may have fewer than queries.
// https://onnx.ai/onnx/operators/onnx__Attention.html (23). Loop: ops/attention_core.h.
// Inputs: Q, K, V, mask, past key and value; outputs: Y, present key and value (past, then new),
// scores. Scores after qk_matmul_output_mode 0: product, 1: softcap, 2: mask, 3: softmax, as the
// current text of the standard has them. A causal row i sees past + i + 1 keys.
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "ops/attention_core.h"
#include "ops/ops.h"

namespace insitu {
namespace {

enum Input : size_t { kQuery, kKey, kValue, kMask, kPastKey, kPastValue };

struct Geometry {
  HeadsShape query, key, value;
  Dim past = 0, total;
  bool separate = false;  // [batch, heads, rows, size], else [batch, rows, heads * size]

  Shape Output() const {
    if (separate) return {query.batch, query.heads, query.rows, value.size};
    return {query.batch, query.rows, query.heads * value.size};
  }
  Shape Present(const HeadsShape& of) const { return {query.batch, of.heads, total, of.size}; }
  Shape Scores() const { return {query.batch, query.heads, query.rows, total}; }
};

std::unexpected<Error> Mismatch(std::string what) {
  return Fail(ErrorCode::kShapeMismatch, std::move(what),
              "Q, K and V need one batch, K and V one number of heads and rows, Q and K one size; "
              "K's heads must divide Q's.");
}

// `shapes` hold Q, K, V, nothing, past key and past value; nullptr where omitted.
Result<Geometry> ReadGeometry(const Node& node, const std::array<const Shape*, 6>& shapes) {
  const int64_t q_heads = node.Attr<int64_t>("q_num_heads", 0);
  const int64_t kv_heads = node.Attr<int64_t>("kv_num_heads", 0);
  Geometry g;
  g.separate = shapes[kQuery]->size() == 4;
  INSITU_ASSIGN(g.query, ReadHeadsShape(*shapes[kQuery], q_heads, "the query"));
  INSITU_ASSIGN(g.key, ReadHeadsShape(*shapes[kKey], kv_heads, "the key"));
  INSITU_ASSIGN(g.value, ReadHeadsShape(*shapes[kValue], kv_heads, "the value"));
  if (Differ(g.query.batch, g.key.batch) || Differ(g.query.batch, g.value.batch) ||
      Differ(g.query.size, g.key.size) || Differ(g.key.heads, g.value.heads) ||
      Differ(g.key.rows, g.value.rows))
    return Mismatch("query, key and value do not fit together");
  if (g.query.heads.IsKnown() && g.key.heads.IsKnown() &&
      (g.key.heads.value() < 1 || g.query.heads.value() % g.key.heads.value() != 0))
    return Mismatch(g.query.heads.ToString() + " query heads cannot share " +
                    g.key.heads.ToString() + " key heads");
  if ((shapes[kPastKey] == nullptr) != (shapes[kPastValue] == nullptr))
    return Fail(ErrorCode::kInvalidModel, "past_key and past_value come together or not at all");
  if (shapes[kPastKey]) {
    const Shape &key = *shapes[kPastKey], &value = *shapes[kPastValue];
    if (key.size() != 4 || value.size() != 4 || Differ(key[0], g.query.batch) ||
        Differ(value[0], g.query.batch) || Differ(key[1], g.key.heads) ||
        Differ(value[1], g.key.heads) || Differ(key[2], value[2]) || Differ(key[3], g.key.size) ||
        Differ(value[3], g.value.size))
      return Mismatch("past_key " + ToString(key) + " and past_value " + ToString(value) +
                      " do not fit key and value");
    g.past = key[2];
  }
  g.total = g.past + g.key.rows;
  return g;
}

Status Infer(InferContext& context) {
  constexpr DTypeSet kMaskTypes = kFloatTypes | kBoolType;
  for (size_t i : {kQuery, kKey, kValue, kPastKey, kPastValue})
    INSITU_TRY(RequireType(context, i, kFloatTypes));
  INSITU_TRY(RequireType(context, kMask, kMaskTypes));
  for (size_t i : {0u, 3u}) context.SetOutput(i, context.dtype(kQuery), std::nullopt);
  context.SetOutput(1, context.dtype(kKey), std::nullopt);
  context.SetOutput(2, context.dtype(kValue), std::nullopt);
  const int64_t mode = context.node().Attr<int64_t>("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return Fail(ErrorCode::kInvalidModel,
                "attribute qk_matmul_output_mode is " + std::to_string(mode) + ", not 0 to 3");
  std::array<const Shape*, 6> shapes{};
  for (size_t i : {kQuery, kKey, kValue, kPastKey, kPastValue}) {
    shapes[i] = context.shape(i);
    if (context.HasInput(i) && !shapes[i]) return {};
  }
  INSITU_ASSIGN(const Geometry g, ReadGeometry(context.node(), shapes));
  context.SetOutput(0, context.dtype(kQuery), g.Output());
  context.SetOutput(1, context.dtype(kKey), g.Present(g.key));
  context.SetOutput(2, context.dtype(kValue), g.Present(g.value));
  context.SetOutput(3, context.dtype(kQuery), g.Scores());
  return {};
}

HeadRows Rows(const TensorView& view, const HeadsShape& shape) {
  return view.dims.size() == 4 ? SeparateHeads(view) : InterleavedHeads(view, shape.size.value());
}

// Past and new rows together in float64.
Result<Tensor> Joined(const RunContext& context, size_t input, size_t past_input,
                      const HeadsShape& shape, const Geometry& g) {
  const int64_t batch = shape.batch.value(), past = g.past.value();
  INSITU_ASSIGN(Tensor joined,
                MakeHeads(batch, shape.heads.value(), g.total.value(), shape.size.value()));
  if (past > 0) FillHeads(joined, SeparateHeads(context.inputs[past_input]), RowRange{0, past});
  FillHeads(joined, Rows(context.inputs[input], shape), RowRange{past, shape.rows.value()});
  return joined;
}

Status Run(RunContext& context) {
  std::array<std::optional<Shape>, 6> shapes;
  std::array<const Shape*, 6> pointers{};
  for (size_t i : {kQuery, kKey, kValue, kPastKey, kPastValue})
    if (context.HasInput(i)) pointers[i] = &shapes[i].emplace(ToShape(context.inputs[i].dims));
  INSITU_ASSIGN(const Geometry g, ReadGeometry(context.node, pointers));
  const TensorView& query = context.inputs[kQuery];
  const int64_t batch = g.query.batch.value(), heads = g.query.heads.value();
  const int64_t rows = g.query.rows.value(), size = g.query.size.value();
  const int64_t past = g.past.value(), total = g.total.value();

  INSITU_ASSIGN(const Dims output_dims, DimsOfRun(g.Output()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, query.dtype, output_dims));
  AttentionOptions options;
  options.scale = context.node.Attr<float>(
      "scale", static_cast<float>(1 / std::sqrt(static_cast<double>(size))));
  options.softcap = context.node.Attr<float>("softcap", 0);
  options.watched = static_cast<ScoreStage>(context.node.Attr<int64_t>("qk_matmul_output_mode", 0));
  if (WantsOutput(context, 3)) {
    INSITU_ASSIGN(const Dims dims, DimsOfRun(g.Scores()));
    INSITU_ASSIGN(options.watch, RunOutput(context, 3, query.dtype, dims));
  }
  INSITU_ASSIGN(const Tensor key, Joined(context, kKey, kPastKey, g.key, g));
  INSITU_ASSIGN(const Tensor value, Joined(context, kValue, kPastValue, g.value, g));
  for (size_t i : {1u, 2u}) {
    if (!WantsOutput(context, i)) continue;
    const Tensor& joined = i == 1 ? key : value;
    INSITU_ASSIGN(const TensorView present,
                  RunOutput(context, i, context.inputs[i].dtype, joined.dims()));
    StoreHeads(joined, present);
  }
  std::optional<ScoreBias> mask;
  if (context.HasInput(kMask)) {
    INSITU_ASSIGN(mask, ScoreBias::Read(context.inputs[kMask], batch, heads, rows, total));
  }
  const bool causal = context.node.Attr<int64_t>("is_causal", 0) != 0;
  options.mask = [&](const ScoreRow& row, std::span<double> scores) {
    if (mask) mask->AddTo(row, scores);
    if (!causal) return;
    for (int64_t t = past + row.row + 1; t < total; ++t)
      scores[static_cast<size_t>(t)] = -std::numeric_limits<double>::infinity();
  };
  INSITU_ASSIGN(Tensor wide, MakeHeads(batch, heads, rows, size));
  FillHeads(wide, Rows(query, g.query), RowRange{0, rows});
  return Attend(wide, key, value, options,
                g.separate ? SeparateHeads(y) : InterleavedHeads(y, g.value.size.value()));
}

constexpr int kSince[] = {23};
constexpr AttrSpec kAttributes[] = {
    {"is_causal", AttrKind::kInt},        {"kv_num_heads", AttrKind::kInt},
    {"q_num_heads", AttrKind::kInt},      {"qk_matmul_output_mode", AttrKind::kInt},
    {"scale", AttrKind::kFloat},          {"softcap", AttrKind::kFloat},
    {"softmax_precision", AttrKind::kInt}};

}  // namespace

const OpDef kAttentionOp = {
    .name = "Attention",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 6,
    .max_outputs = 4,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
