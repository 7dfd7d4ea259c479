// insitu.ByteMap: every 8-bit element replaced by what a table holds for its bits. One of insitu's
// own operators: passes/fuse_qdq_map.cc makes it of what is computed element by element on
// quantized data. Inputs: x (uint8 or int8), table [256] of the output's type, in the order of the
// bits (for int8: 0 .. 127, then -128 .. -1).
#include <algorithm>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

enum Input : size_t { kX, kTable };

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, kX, "x"));
  INSITU_TRY(CheckByteInput(context, kTable, "the table"));
  const Shape* table = context.shape(kTable);
  if (table && !(table->size() == 1 && (*table)[0] == Dim(256)))
    return Fail(ErrorCode::kShapeMismatch,
                "the table " + context.Describe(kTable) + " does not have 256 elements");
  context.SetOutput(0, context.dtype(kTable), ShapeOf(context, kX));
  return {};
}

Status Run(RunContext& context) {
  const TensorView &x = context.inputs[kX], &table = context.inputs[kTable];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, table.dtype, x.dims));
  for (size_t i = 0; i < x.size_bytes(); ++i)
    y.data[i] = table.data[std::to_integer<size_t>(x.data[i])];
  return {};
}

Lowering Lower(const LowerContext& context) {
  const Tensor* table = context.constant(kTable);
  if (!table) return Refuse("the table is computed at run time");
  lowered::ByteMap map;
  std::ranges::transform(table->bytes(), map.table.begin(),
                         [](std::byte bits) { return std::to_integer<uint8_t>(bits); });
  return LoweredNode{map, {kX}};
}

// The table has one axis whatever the permutation; it stays as it is.
Result<std::vector<ReplacedInput>> CommuteInputs(const Graph& graph, const Node& node,
                                                 std::span<const int64_t>) {
  const Tensor* table = graph.Constant(node.inputs[kTable]);
  if (!table) return std::vector<ReplacedInput>();
  return std::vector<ReplacedInput>{{kTable, *table}};
}

constexpr int kSince[] = {1};

}  // namespace

const OpDef kByteMapOp = {
    .name = "ByteMap",
    .domain = "insitu",
    .since = kSince,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteUnchanged,
    .commute_inputs = CommuteInputs,
};

}  // namespace insitu
