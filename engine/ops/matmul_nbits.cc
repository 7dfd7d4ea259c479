// com.microsoft.MatMulNBits: y = A * W^T + bias with weights of 2, 4 or 8 bits in blocks along K.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
// Inputs: A [..., K], B [N, blocks, block_size * bits / 8] (packed), scales [N, blocks],
// zero_points ([N, ceil(blocks * bits / 8)] packed, or [N, blocks] floats; 2^(bits - 1) when
// omitted), g_idx [K] (the block whose scale an input feature has), bias [N].
//   W[n, k] = (B[n, k] - zero_point[n, block]) * scale[n, block], sums in double
// accuracy_level 4 lets kernels round A to 8 bits, block by block; the reference does not.
#include <algorithm>
#include <array>
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
  bool byte_inputs = false;

  int64_t blocks() const { return (depth + block - 1) / block; }
  int64_t blob() const { return block * bits / 8; }
};

Result<Layout> ReadLayout(const Node& node) {
  Layout layout{node.Attr<int64_t>("K", 0), node.Attr<int64_t>("N", 0),
                node.Attr<int64_t>("bits", 4), node.Attr<int64_t>("block_size", 0)};
  constexpr int64_t kAccuracyOfBytes = 4;  // of levels 1 to 4, 0 being none
  layout.byte_inputs = node.Attr<int64_t>("accuracy_level", 0) == kAccuracyOfBytes;
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

// Inputs B to bias by their number; omitted ones are of type kUndefined.
using Parameters = std::array<TensorView, kBias + 1>;

Status CheckCounts(const Parameters& parameters, const Layout& layout) {
  const int64_t columns = layout.columns, blocks = layout.blocks();
  INSITU_ASSIGN(const int64_t scales, Elements(std::vector<int64_t>{columns, blocks}));
  INSITU_ASSIGN(const int64_t bytes,
                Elements(std::vector<int64_t>{columns, blocks, layout.blob()}));
  const bool packed = parameters[kZeros].dtype == DType::kUint8;
  const int64_t zeros = packed ? columns * PackedBytes(blocks, layout.bits) : scales;
  const auto check = [&](size_t i, std::string_view what, int64_t expected) -> Status {
    const TensorView& view = parameters[i];
    if (view.dtype == DType::kUndefined || view.elements() == expected) return {};
    return Fail(ErrorCode::kShapeMismatch, std::string(what) + " has " +
                                               std::to_string(view.elements()) + " elements; " +
                                               std::to_string(expected) + " are needed");
  };
  INSITU_TRY(check(kB, "B", bytes));
  INSITU_TRY(check(kScales, "scales", scales));
  INSITU_TRY(check(kZeros, "zero_points", zeros));
  return check(kBias, "the bias", columns);
}

// The block of every input feature; `given` may be omitted (of type kUndefined).
Result<std::vector<int32_t>> ReadGroups(const TensorView& given, const Layout& layout) {
  std::vector<int32_t> groups(static_cast<size_t>(layout.depth));
  for (size_t k = 0; k < groups.size(); ++k)
    groups[k] = static_cast<int32_t>(static_cast<int64_t>(k) / layout.block);
  if (given.dtype == DType::kUndefined) return groups;
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
void ReadBlocks(const Parameters& parameters, const Layout& layout, int64_t column, double* scales,
                double* zeros) {
  const int64_t blocks = layout.blocks();
  const TensorView& given = parameters[kZeros];
  LoadElements(parameters[kScales], column * blocks, 1, blocks, scales);
  if (given.dtype == DType::kUndefined) {
    std::fill_n(zeros, blocks, static_cast<double>(1 << (layout.bits - 1)));
  } else if (given.dtype == DType::kUint8) {
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
  Parameters parameters;
  std::ranges::copy(context.inputs, parameters.begin());
  INSITU_TRY(CheckCounts(parameters, layout));
  INSITU_ASSIGN(const std::vector<int32_t> groups, ReadGroups(parameters[kGroups], layout));
  Dims y_dims = a.dims;
  y_dims.back() = columns;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, a.dtype, std::move(y_dims)));

  INSITU_ASSIGN(const Tensor wide, Widened(a));
  INSITU_ASSIGN(Tensor weights, Tensor::Allocate(DType::kFloat64, {depth}));
  INSITU_ASSIGN(Tensor block_numbers, Tensor::Allocate(DType::kFloat64, {2, blocks}));
  const double* rows = wide.As<double>().data();
  double* w = weights.As<double>().data();
  double *scales = block_numbers.As<double>().data(), *zeros = scales + blocks;
  const int64_t count = a.elements() / depth;
  for (int64_t n = 0; n < columns; ++n) {
    ReadBlocks(parameters, layout, n, scales, zeros);
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

// Where each weight goes so that those of a block lie together: -1 where nothing does. Empty when
// they do already; nullopt when a block has too many.
std::optional<std::vector<int32_t>> OrderOf(const std::vector<int32_t>& groups,
                                            const Layout& layout) {
  bool in_order = true;
  for (size_t k = 0; k < groups.size(); ++k)
    in_order = in_order && groups[k] == static_cast<int64_t>(k) / layout.block;
  if (in_order) return std::vector<int32_t>();
  std::vector<int32_t> order(static_cast<size_t>(layout.blocks() * layout.block), -1);
  std::vector<int64_t> used(static_cast<size_t>(layout.blocks()), 0);
  for (size_t k = 0; k < groups.size(); ++k) {
    int64_t& count = used[static_cast<size_t>(groups[k])];
    if (count == layout.block) return std::nullopt;
    order[static_cast<size_t>(groups[k] * layout.block + count++)] = static_cast<int32_t>(k);
  }
  return order;
}

Result<Tensor> Reordered(const Tensor& weights, const std::vector<int32_t>& order,
                         const Layout& layout) {
  INSITU_ASSIGN(Tensor moved, Tensor::Allocate(DType::kUint8, weights.dims()));
  std::ranges::fill(moved.As<uint8_t>(), uint8_t{0});
  const int64_t row = layout.blocks() * layout.blob();
  for (int64_t n = 0; n < layout.columns; ++n)
    for (size_t place = 0; place < order.size(); ++place)
      if (order[place] >= 0)
        WritePacked(moved.data() + n * row, static_cast<int64_t>(place), layout.bits,
                    ReadPacked(weights.data() + n * row, order[place], layout.bits));
  return moved;
}

Result<lowered::BlockFullyConnected> ToLowered(const Parameters& parameters, const Tensor& weights,
                                               const Layout& layout) {
  INSITU_TRY(CheckCounts(parameters, layout));
  lowered::BlockFullyConnected linear{layout.depth,
                                      layout.columns,
                                      layout.bits,
                                      layout.block,
                                      layout.byte_inputs,
                                      weights,
                                      {},
                                      {},
                                      {},
                                      {}};
  INSITU_ASSIGN(const auto groups, ReadGroups(parameters[kGroups], layout));
  auto order = OrderOf(groups, layout);
  if (!order) return Fail(ErrorCode::kUnsupportedOp, "g_idx puts too many inputs into a block");
  linear.order = *std::move(order);
  if (!linear.order.empty()) {
    INSITU_ASSIGN(linear.weights, Reordered(weights, linear.order, layout));
  }
  const Dims dims = {layout.columns, layout.blocks()};
  INSITU_ASSIGN(linear.scales, Tensor::Allocate(DType::kFloat32, dims));
  INSITU_ASSIGN(linear.zero_points, Tensor::Allocate(DType::kFloat32, dims));
  std::vector<double> scales(static_cast<size_t>(layout.blocks())), zeros = scales;
  for (int64_t n = 0; n < layout.columns; ++n) {
    ReadBlocks(parameters, layout, n, scales.data(), zeros.data());
    std::ranges::copy(scales, linear.scales.As<float>().begin() + n * layout.blocks());
    std::ranges::copy(zeros, linear.zero_points.As<float>().begin() + n * layout.blocks());
  }
  if (parameters[kBias].dtype != DType::kUndefined) {
    INSITU_ASSIGN(linear.bias,
                  Tensor::FromBytes(DType::kFloat32, {layout.columns},
                                    {parameters[kBias].data, parameters[kBias].size_bytes()}));
  }
  return linear;
}

Lowering Lower(const LowerContext& context) {
  if (context.dtype(kA) != DType::kFloat32) return Refuse("only float32 inputs");
  const auto layout = ReadLayout(context.node());
  if (!layout) return Refuse(layout.error());
  Parameters parameters;
  for (size_t i = kB; i <= kBias; ++i) {
    if (!context.HasInput(i)) continue;
    const Tensor* constant = context.constant(i);
    if (!constant) return Refuse("weights are computed at run time");
    parameters[i] = constant->View();
  }
  auto linear = ToLowered(parameters, *context.constant(kB), *layout);
  if (!linear) return Refuse(linear.error());
  return LoweredNode{*std::move(linear), {kA}};
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
    .lower = Lower,
};

}  // namespace insitu
