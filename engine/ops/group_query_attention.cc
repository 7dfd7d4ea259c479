// GroupQueryAttention of com.microsoft: causal attention with fewer key and value heads, a cache of
// keys and values, rotary positions, a local window, softcap and attention sinks.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// Sequence b holds seqlens_k[b] + 1 keys, the last `rows` of which are new (all of them, when
// total_sequence_length is `rows`: a prompt, whose shorter sequences are padded behind). Quantized
// and sliding caches and normalised queries are not supported.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "ops/attention_core.h"
#include "ops/elements.h"
#include "ops/ops.h"
#include "ops/rotary.h"

namespace insitu {
namespace {

enum Input : size_t {
  kQuery,
  kKey,
  kValue,
  kPastKey,
  kPastValue,
  kLengths,
  kTotal,
  kCosines,
  kSines,
  kPositions,
  kAttentionBias,
  kSink
};

struct Geometry {
  Dim batch, rows, size, past = 0;
  int64_t heads = 0, kv_heads = 0;
  bool packed = false;

  Shape Output() const { return {batch, rows, Dim(heads) * size}; }
  // The cache holds `total` rows, or as many as the past has room for.
  Shape Present(const Dim& total) const { return {batch, kv_heads, Max(past, total), size}; }
};

std::unexpected<Error> Mismatch(std::string_view what) {
  return Fail(ErrorCode::kShapeMismatch,
              std::string(what) + " of GroupQueryAttention does not fit its other inputs");
}

using Shapes = std::array<const Shape*, 5>;  // query to past_value; nullptr where omitted

Result<Geometry> ReadGeometry(const Node& node, const Shapes& shapes) {
  Geometry g;
  g.heads = node.Attr<int64_t>("num_heads", 0);
  g.kv_heads = node.Attr<int64_t>("kv_num_heads", 0);
  if (g.heads < 1 || g.kv_heads < 1 || g.heads % g.kv_heads != 0 || g.heads > 1 << 20)
    return Fail(ErrorCode::kInvalidModel, "kv_num_heads does not divide num_heads");
  g.packed = !shapes[kKey];
  if ((shapes[kValue] == nullptr) != g.packed) return Mismatch("key without value");
  INSITU_ASSIGN(
      const HeadsShape q,
      ReadHeadsShape(*shapes[kQuery], g.heads + (g.packed ? 2 * g.kv_heads : 0), "the query"));
  if (shapes[kQuery]->size() != 3) return Mismatch("query");
  g.batch = q.batch, g.rows = q.rows, g.size = q.size;
  for (size_t i : {kKey, kValue}) {
    if (g.packed) break;
    INSITU_ASSIGN(const HeadsShape kv, ReadHeadsShape(*shapes[i], g.kv_heads, "key or value"));
    if (shapes[i]->size() != 3 || Differ(kv.batch, g.batch) || Differ(kv.rows, g.rows) ||
        Differ(kv.size, g.size))
      return Mismatch(i == kKey ? "key" : "value");
  }
  if ((shapes[kPastKey] == nullptr) != (shapes[kPastValue] == nullptr))
    return Mismatch("past_key without past_value");
  for (size_t i : {kPastKey, kPastValue}) {
    const Shape* past = shapes[i];
    if (!past) continue;
    if (past->size() != 4 || Differ((*past)[0], g.batch) || Differ((*past)[1], g.kv_heads) ||
        Differ((*past)[3], g.size))
      return Mismatch(i == kPastKey ? "past_key" : "past_value");
    if (i == kPastValue && Differ((*past)[2], g.past)) return Mismatch("past_value");
    g.past = (*past)[2];
  }
  return g;
}

Status RefuseOptions(const Node& node) {
  for (const char* type : {"k_quant_type", "v_quant_type"})
    if (node.Attr<std::string>(type, "NONE") != "NONE")
      return Fail(ErrorCode::kUnsupportedOp, "a quantized cache is not supported");
  if (node.Attr<int64_t>("sliding_window_cache", 0) != 0)
    return Fail(ErrorCode::kUnsupportedOp, "a sliding cache is not supported");
  return {};
}

Status Infer(InferContext& context) {
  for (size_t i :
       {kQuery, kKey, kValue, kPastKey, kPastValue, kCosines, kSines, kAttentionBias, kSink}) {
    INSITU_TRY(RequireType(context, i, kFloatTypes));
    INSITU_TRY(RequireSameType(context, 0, i));
  }
  INSITU_TRY(RequireType(context, kLengths, {DType::kInt32}));
  for (size_t i : {kTotal, kPositions}) INSITU_TRY(RequireType(context, i, kIndexTypes));
  INSITU_TRY(RefuseOptions(context.node()));
  const bool rotates = context.node().Attr<int64_t>("do_rotary", 0) != 0;
  if (!context.HasInput(kLengths) || !context.HasInput(kTotal) ||
      (rotates && (!context.HasInput(kCosines) || !context.HasInput(kSines))))
    return Fail(ErrorCode::kInvalidModel,
                "GroupQueryAttention lacks seqlens_k, "
                "total_sequence_length or its rotary tables");
  for (size_t i = 0; i < 3; ++i) context.SetOutput(i, context.dtype(0), std::nullopt);
  Shapes shapes{};
  for (size_t i = 0; i < shapes.size(); ++i) {
    shapes[i] = context.shape(i);
    if (context.HasInput(i) && !shapes[i]) return {};
  }
  INSITU_ASSIGN(const Geometry g, ReadGeometry(context.node(), shapes));
  const std::vector<Dim>* total = context.elements(kTotal);
  const Dim length = total && total->size() == 1 ? total->front() : Dim::Unknown();
  context.SetOutput(0, context.dtype(0), g.Output());
  for (size_t i : {1u, 2u}) context.SetOutput(i, context.dtype(0), g.Present(length));
  return {};
}

// What a run works on: extents, and for every sequence the number of keys before its new ones.
struct Call {
  int64_t batch, rows, size, heads, kv_heads, total, capacity;
  std::vector<RowRange> past, fresh;
};

Result<Call> ReadCall(const RunContext& context, const Geometry& g) {
  const TensorView &lengths = context.inputs[kLengths], &total = context.inputs[kTotal];
  Call call{g.batch.value(), g.rows.value(), g.size.value(), g.heads, g.kv_heads, 0, 0, {}, {}};
  if (total.elements() != 1 || lengths.elements() != call.batch)
    return Fail(ErrorCode::kShapeMismatch,
                "total_sequence_length must be one number and seqlens_k one for each sequence");
  call.total = LoadInteger(total, 0);
  const int64_t room = g.past.value();
  const auto invalid = [&](int64_t length) {
    return Fail(ErrorCode::kInvalidArgument,
                "a sequence of " + std::to_string(length) + " keys, " + std::to_string(call.rows) +
                    " of them new, does not fit total_sequence_length " +
                    std::to_string(call.total) + " and a past of " + std::to_string(room));
  };
  if (call.total < call.rows || call.total > room + call.rows) return invalid(call.total);
  call.capacity = std::max(room, call.total);
  const bool prompt = call.total == call.rows;
  for (int64_t b = 0; b < call.batch; ++b) {
    const int64_t length = LoadInteger(lengths, b) + 1;
    const int64_t before = prompt ? 0 : length - call.rows;
    if (length < 1 || length > call.total || before < 0 || before > room) return invalid(length);
    call.past.push_back({0, before});
    call.fresh.push_back({before, call.rows});
  }
  return call;
}

// Query (0), key (1) or value (2) as given.
HeadRows Rows(const RunContext& context, const Geometry& g, const Call& call, size_t which) {
  if (!g.packed) return InterleavedHeads(context.inputs[which], call.size);
  const int64_t before[] = {0, call.heads, call.heads + call.kv_heads};
  return InterleavedHeads(context.inputs[kQuery], call.size, before[which] * call.size);
}

// Rotates row `row` of sequence `b` by its position; checks all positions first.
Result<EditRow> Rotation(const RunContext& context, const Call& call, Rotary& rotary) {
  const bool given = context.HasInput(kPositions);
  if (given && context.inputs[kPositions].elements() < call.batch * call.rows)
    return Mismatch("position_ids");
  const auto position = [&context, &call, given](int64_t b, int64_t row) {
    return given ? LoadInteger(context.inputs[kPositions], b * call.rows + row)
                 : call.fresh[static_cast<size_t>(b)].first + row;
  };
  for (int64_t b = 0; b < call.batch; ++b)
    for (int64_t row = 0; row < call.rows; ++row) INSITU_TRY(rotary.CheckRow(position(b, row)));
  return EditRow([position, &rotary](double* values, int64_t b, int64_t, int64_t row) {
    rotary.Rotate(values, position(b, row));
  });
}

Status Run(RunContext& context) {
  std::array<std::optional<Shape>, 5> shapes;
  Shapes pointers{};
  for (size_t i = 0; i < shapes.size(); ++i)
    if (context.HasInput(i)) pointers[i] = &shapes[i].emplace(ToShape(context.inputs[i].dims));
  INSITU_ASSIGN(const Geometry g, ReadGeometry(context.node, pointers));
  INSITU_ASSIGN(const Dims output_dims, DimsOfRun(g.Output()));
  INSITU_ASSIGN(const Call call, ReadCall(context, g));
  const DType dtype = context.inputs[kQuery].dtype;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, output_dims));
  std::optional<Rotary> rotary;
  EditRow rotate;
  if (context.node.Attr<int64_t>("do_rotary", 0) != 0 && y.elements() > 0) {
    INSITU_ASSIGN(
        rotary, Rotary::Make(context.inputs[kCosines], context.inputs[kSines],
                             context.node.Attr<int64_t>("rotary_interleaved", 0) != 0, call.size));
    INSITU_ASSIGN(rotate, Rotation(context, call, *rotary));
  }
  Tensor tensors[3];
  for (size_t which = 0; which < 3; ++which) {
    const bool is_query = which == 0;
    INSITU_ASSIGN(tensors[which], MakeHeads(call.batch, is_query ? call.heads : call.kv_heads,
                                            is_query ? call.rows : call.capacity, call.size));
    if (!is_query && context.HasInput(which + 2))
      FillHeads(tensors[which], SeparateHeads(context.inputs[which + 2]), call.past);
    const RowRange all{0, call.rows};
    FillHeads(tensors[which], Rows(context, g, call, which),
              is_query ? std::span(&all, 1) : std::span<const RowRange>(call.fresh),
              which == 2 ? EditRow() : rotate);
    if (is_query || !WantsOutput(context, which)) continue;
    INSITU_ASSIGN(const TensorView present,
                  RunOutput(context, which, dtype, tensors[which].dims()));
    StoreHeads(tensors[which], present);
  }
  AttentionOptions options;
  const float scale = context.node.Attr<float>("scale", 0);
  options.scale = scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(call.size));
  options.softcap = context.node.Attr<float>("softcap", 0);
  if (context.HasInput(kSink)) {
    if (context.inputs[kSink].dims != Dims{call.heads}) return Mismatch("head_sink");
    options.sink = [&](int64_t head) { return LoadReal(context.inputs[kSink], head); };
  } else if (context.node.Attr<int64_t>("smooth_softmax", 0) > 0) {
    options.sink = [](int64_t) { return 0.0; };
  }
  std::optional<ScoreBias> bias;
  if (context.HasInput(kAttentionBias)) {
    INSITU_ASSIGN(bias, ScoreBias::Read(context.inputs[kAttentionBias], call.batch, call.heads,
                                        call.rows, call.capacity));
  }
  const int64_t window = context.node.Attr<int64_t>("local_window_size", -1);
  const bool causal = context.node.Attr<int64_t>("causal", 1) != 0;
  options.mask = [&](const ScoreRow& row, std::span<double> scores) {
    if (bias) bias->AddTo(row, scores);
    const RowRange& fresh = call.fresh[static_cast<size_t>(row.batch)];
    const int64_t length = LoadInteger(context.inputs[kLengths], row.batch) + 1;
    const int64_t end = causal ? std::min(fresh.first + row.row + 1, length) : length;
    const int64_t begin = window >= 0 ? std::max<int64_t>(0, end - window) : 0;
    for (int64_t t = 0; t < static_cast<int64_t>(scores.size()); ++t)
      if (t < begin || t >= end)
        scores[static_cast<size_t>(t)] = -std::numeric_limits<double>::infinity();
  };
  return Attend(tensors[0], tensors[1], tensors[2], options, InterleavedHeads(y, call.size));
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"num_heads", AttrKind::kInt, true},
                                    {"kv_num_heads", AttrKind::kInt, true},
                                    {"causal", AttrKind::kInt},
                                    {"do_rotary", AttrKind::kInt},
                                    {"k_quant_type", AttrKind::kString},
                                    {"kv_cache_bit_width", AttrKind::kInt},
                                    {"local_window_size", AttrKind::kInt},
                                    {"qk_norm_epsilon", AttrKind::kFloat},
                                    {"rotary_interleaved", AttrKind::kInt},
                                    {"scale", AttrKind::kFloat},
                                    {"sliding_window_cache", AttrKind::kInt},
                                    {"smooth_softmax", AttrKind::kInt},
                                    {"softcap", AttrKind::kFloat},
                                    {"v_quant_type", AttrKind::kString},
                                    {"qk_output", AttrKind::kInt}};

}  // namespace

const OpDef kGroupQueryAttentionOp = {
    .name = "GroupQueryAttention",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = 12,
    .max_outputs = 3,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
