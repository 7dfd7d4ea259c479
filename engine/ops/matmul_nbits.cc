// com.microsoft.MatMulNBits: y = A * W^T + bias with weights of 2, 4 or 8 bits in blocks along K.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
// Inputs: A [..., K], B [N, blocks, block_size * bits / 8] (packed), scales [N, blocks],
// zero_points ([N, ceil(blocks * bits / 8)] packed, or [N, blocks] floats; 2^(bits - 1) when
// omitted), g_idx [K] (the block whose scale an input feature has), bias [N].
//   W[n, k] = (B[n, k] - zero_point[n, block]) * scale[n, block], sums in double
#include <bit>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/packed_bits.h"
#include "ops/widen.h"

namespace insitu {
namespace {

enum Input : size_t { kA, kB, kScales, kZeros, kGroups, kBias };

struct Layout {
  int64_t depth = 0, columns = 0, bits = 4, block = 32;

  int64_t blocks() const { return (depth + block - 1) / block; }
  int64_t blob() const { return block * bits / 8; }
};

Result<Layout> ReadLayout(const Node& node) {
  Layout layout{node.Attr<int64_t>("K", 0), node.Attr<int64_t>("N", 0),
                node.Attr<int64_t>("bits", 4), node.Attr<int64_t>("block_size", 0)};
  const auto fail = [&](std::string_view what, int64_t value) {
    return Fail(ErrorCode::kInvalidModel,
                "attribute " + std::string(what) + " is " + std::to_string(value));
  };
  if (!IsPackedWidth(layout.bits)) return fail("bits", layout.bits);
  if (layout.block < 16 || layout.block > 1 << 20 ||
      !std::has_single_bit(static_cast<uint64_t>(layout.block)))
    return fail("block_size", layout.block);
  constexpr int64_t kMost = int64_t{1} << 31;
  if (layout.depth < 1 || layout.depth > kMost) return fail("K", layout.depth);
  if (layout.columns < 1 || layout.columns > kMost) return fail("N", layout.columns);
  if (const int64_t packed = node.Attr<int64_t>("weight_prepacked", 0); packed != 0)
    return Fail(ErrorCode::kUnsupportedOp,
                "attribute weight_prepacked is " + std::to_string(packed) +
                    ": the weights are in the order of another device",
                "Export the model without prepacking.");
  return layout;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, kA, kFloatTypes));
  INSITU_TRY(RequireType(context, kB, {DType::kUint8}));
  INSITU_TRY(RequireType(context, kScales, kFloatTypes));
  INSITU_TRY(RequireType(context, kZeros, kFloatTypes | DTypeSet{DType::kUint8}));
  INSITU_TRY(RequireType(context, kGroups, {DType::kInt32}));
  INSITU_TRY(RequireType(context, kBias, kFloatTypes));
  INSITU_ASSIGN(const Layout layout, ReadLayout(context.node()));
  std::optional<Shape> shape = ShapeOf(context, kA);
  if (shape) {
    if (shape->empty() || (shape->back().IsKnown() && !(shape->back() == Dim(layout.depth))))
      return Fail(ErrorCode::kShapeMismatch, "the last extent of " + context.Describe(kA) +
                                                 " must be K = " + std::to_string(layout.depth));
    shape->back() = layout.columns;
  }
  context.SetOutput(0, context.dtype(kA), std::move(shape));
  return {};
}

Status CheckCount(const RunContext& context, size_t i, std::string_view what, int64_t expected) {
  if (!context.HasInput(i) || context.inputs[i].elements() == expected) return {};
  return Fail(ErrorCode::kShapeMismatch,
              std::string(what) + " has " + std::to_string(context.inputs[i].elements()) +
                  " elements; " + std::to_string(expected) + " are needed");
}

// The block of every input feature.
Result<std::vector<int32_t>> ReadGroups(const RunContext& context, const Layout& layout) {
  std::vector<int32_t> groups(static_cast<size_t>(layout.depth));
  for (size_t k = 0; k < groups.size(); ++k)
    groups[k] = static_cast<int32_t>(static_cast<int64_t>(k) / layout.block);
  if (!context.HasInput(kGroups)) return groups;
  const TensorView& given = context.inputs[kGroups];
  if (given.elements() != layout.depth && given.elements() != layout.blocks() * layout.block)
    return Fail(ErrorCode::kShapeMismatch, "g_idx has " + std::to_string(given.elements()) +
                                               " elements; " + std::to_string(layout.depth) +
                                               " are needed");
  for (size_t k = 0; k < groups.size(); ++k) {
    groups[k] = given.As<int32_t>()[k];
    if (groups[k] < 0 || groups[k] >= layout.blocks())
      return Fail(ErrorCode::kInvalidArgument, "g_idx names group " + std::to_string(groups[k]) +
                                                   " of " + std::to_string(layout.blocks()));
  }
  return groups;
}

// Scale and zero point of every block of one column.
void ReadBlocks(const RunContext& context, const Layout& layout, int64_t column, double* scales,
                double* zeros) {
  const int64_t blocks = layout.blocks();
  LoadElements(context.inputs[kScales], column * blocks, 1, blocks, scales);
  if (!context.HasInput(kZeros)) {
    std::fill_n(zeros, blocks, static_cast<double>(1 << (layout.bits - 1)));
  } else if (const TensorView& given = context.inputs[kZeros]; given.dtype == DType::kUint8) {
    const std::byte* row = given.data + column * PackedBytes(blocks, layout.bits);
    for (int64_t i = 0; i < blocks; ++i) zeros[i] = ReadPacked(row, i, layout.bits);
  } else {
    LoadElements(given, column * blocks, 1, blocks, zeros);
  }
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const Layout layout, ReadLayout(context.node));
  const int64_t depth = layout.depth, columns = layout.columns, blocks = layout.blocks();
  const TensorView& a = context.inputs[kA];
  if (a.dims.empty() || a.dims.back() != depth)
    return Fail(ErrorCode::kShapeMismatch,
                "A has dims " + ToString(a.dims) +
                    "; the last extent must be K = " + std::to_string(depth));
  INSITU_ASSIGN(const int64_t scale_count, Elements(std::vector<int64_t>{columns, blocks}));
  INSITU_ASSIGN(const int64_t bytes,
                Elements(std::vector<int64_t>{columns, blocks, layout.blob()}));
  INSITU_TRY(CheckCount(context, kB, "B", bytes));
  INSITU_TRY(CheckCount(context, kScales, "scales", scale_count));
  if (context.HasInput(kZeros) && context.inputs[kZeros].dtype == DType::kUint8)
    INSITU_TRY(
        CheckCount(context, kZeros, "zero_points", columns * PackedBytes(blocks, layout.bits)));
  else
    INSITU_TRY(CheckCount(context, kZeros, "zero_points", scale_count));
  INSITU_TRY(CheckCount(context, kBias, "the bias", columns));
  INSITU_ASSIGN(const std::vector<int32_t> groups, ReadGroups(context, layout));
  Dims y_dims = a.dims;
  y_dims.back() = columns;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, a.dtype, std::move(y_dims)));

  INSITU_ASSIGN(const Tensor wide, Widened(a));
  INSITU_ASSIGN(Tensor weights, Tensor::Allocate(DType::kFloat64, {depth}));
  INSITU_ASSIGN(Tensor parameters, Tensor::Allocate(DType::kFloat64, {2, blocks}));
  const double* rows = wide.As<double>().data();
  double* w = weights.As<double>().data();
  double *scales = parameters.As<double>().data(), *zeros = scales + blocks;
  const int64_t count = a.elements() / depth;
  for (int64_t n = 0; n < columns; ++n) {
    ReadBlocks(context, layout, n, scales, zeros);
    const std::byte* packed = context.inputs[kB].data + n * blocks * layout.blob();
    for (int64_t k = 0; k < depth; ++k) {
      const auto group = static_cast<size_t>(groups[static_cast<size_t>(k)]);
      w[k] = (ReadPacked(packed, k, layout.bits) - zeros[group]) * scales[group];
    }
    const double bias = context.HasInput(kBias) ? LoadReal(context.inputs[kBias], n) : 0;
    for (int64_t row = 0; row < count; ++row) {
      double sum = bias;
      for (int64_t k = 0; k < depth; ++k) sum += rows[row * depth + k] * w[k];
      StoreElements(&sum, 1, y, row * columns + n);
    }
  }
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {
    {"K", AttrKind::kInt, true},          {"N", AttrKind::kInt, true},
    {"accuracy_level", AttrKind::kInt},   {"bits", AttrKind::kInt},
    {"block_size", AttrKind::kInt, true}, {"weight_prepacked", AttrKind::kInt},
};

}  // namespace

const OpDef kMatMulNBitsOp = {
    .name = "MatMulNBits",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 6,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend multiplies with weights in blocks",
};

}  // namespace insitu
