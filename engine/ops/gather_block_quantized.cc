// com.microsoft.GatherBlockQuantized: Gather from data quantized in blocks along one axis, given in
// real numbers.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.GatherBlockQuantized
// Inputs: data (int4, uint4, float8, or uint8 holding 2, 4 or 8 bits packed along the last axis),
// indices, scales (rank of data, ceil(extent / block_size) along quantize_axis; an extent of 1
// broadcasts), zero_points (packed as the data; omitted: 0, or 2^(bits - 1) for uint8).
//   y = (data - zero_point) * scale; an index out of range gives zeros
#include <bit>

#include "ops/axes.h"
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/packed_bits.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

enum Input : size_t { kData, kIndices, kScales, kZeros };

constexpr DTypeSet kDataTypes = kFloat8Types | DTypeSet{DType::kInt4, DType::kUint4, DType::kUint8};
constexpr DTypeSet kOutputTypes = {DType::kFloat32, DType::kFloat16, DType::kBfloat16};

struct Options {
  size_t gather_axis = 0, quantize_axis = 0;
  int64_t bits = 8, block = 0;
};

Result<Options> ReadOptions(const Node& node, DType data, size_t rank) {
  Options options;
  INSITU_ASSIGN(options.gather_axis, NormalizeAxis(node.Attr<int64_t>("gather_axis", 0), rank));
  INSITU_ASSIGN(options.quantize_axis, NormalizeAxis(node.Attr<int64_t>("quantize_axis", 1), rank));
  options.block = node.Attr<int64_t>("block_size", 128);
  const bool whole = options.block == 0 && kFloat8Types.Has(data);
  if (!whole && (options.block < 1 || options.block > int64_t{1} << 30))
    return Fail(ErrorCode::kInvalidModel,
                "attribute block_size is " + std::to_string(options.block));
  if (data != DType::kUint8) return options;
  options.bits = node.Attr<int64_t>("bits", 4);
  if (!IsPackedWidth(options.bits))
    return Fail(ErrorCode::kInvalidModel, "attribute bits is " + std::to_string(options.bits),
                "It must be 2, 4 or 8.");
  if (options.bits < 8 && options.gather_axis + 1 == rank)
    return Fail(ErrorCode::kUnsupportedOp, "packed numbers are gathered along their own axis",
                "Gather along another axis than the last.");
  return options;
}

template <class T>
std::vector<T> OutputDims(std::span<const T> data, size_t axis, std::span<const T> indices) {
  std::vector<T> dims(data.begin(), data.begin() + static_cast<ptrdiff_t>(axis));
  dims.insert(dims.end(), indices.begin(), indices.end());
  dims.insert(dims.end(), data.begin() + static_cast<ptrdiff_t>(axis) + 1, data.end());
  return dims;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, kData, kDataTypes));
  INSITU_TRY(RequireType(context, kIndices, kIndexTypes));
  INSITU_TRY(RequireType(context, kScales, kOutputTypes));
  INSITU_TRY(RequireSameType(context, kData, kZeros));
  const Shape *data = context.shape(kData), *indices = context.shape(kIndices);
  context.SetOutput(0, context.dtype(kScales), std::nullopt);
  if (!data) return {};
  INSITU_ASSIGN(const Options options,
                ReadOptions(context.node(), context.dtype(kData), data->size()));
  if (!indices) return {};
  Shape logical = *data;
  logical.back() = logical.back() * Dim(8 / options.bits);
  context.SetOutput(0, context.dtype(kScales),
                    OutputDims<Dim>(logical, options.gather_axis, *indices));
  return {};
}

// The numbers of one operand, by the index in its logical extents.
struct Numbers {
  TensorView view;
  int64_t bits = 8, last = 1;

  double At(int64_t index) const {
    if (view.dtype != DType::kUint8) return LoadReal(view, index);
    const std::byte* row = view.data + index / last * PackedBytes(last, bits);
    return ReadPacked(row, index % last, bits);
  }
};

// Steps in the scales along the axes of the data; 0 where a scale is shared.
Result<std::vector<int64_t>> ScaleSteps(const TensorView& scales, std::span<const int64_t> data,
                                        const Options& options) {
  if (scales.dims.size() != data.size())
    return Fail(ErrorCode::kShapeMismatch, "the scales have dims " + ToString(scales.dims) +
                                               "; data of rank " + std::to_string(data.size()) +
                                               " needs as many axes");
  std::vector<int64_t> steps = RowMajorSteps(scales.dims);
  for (size_t i = 0; i < data.size(); ++i) {
    const int64_t extent = scales.dims[i];
    const int64_t block = options.block == 0 ? std::max<int64_t>(data[i], 1) : options.block;
    const int64_t expected = i == options.quantize_axis ? (data[i] + block - 1) / block : data[i];
    if (extent == 1) steps[i] = 0;
    if (extent != expected && extent != 1)
      return Fail(ErrorCode::kShapeMismatch, "the scales have extent " + std::to_string(extent) +
                                                 " in axis " + std::to_string(i) + "; " +
                                                 std::to_string(expected) + " is needed");
  }
  return steps;
}

Status Run(RunContext& context) {
  const TensorView &data = context.inputs[kData], &indices = context.inputs[kIndices],
                   &scales = context.inputs[kScales];
  INSITU_ASSIGN(const Options options, ReadOptions(context.node, data.dtype, data.dims.size()));
  Dims logical = data.dims;
  if (logical.back() > int64_t{1} << 40)
    return Fail(ErrorCode::kLimitExceeded, "the data has dims " + ToString(data.dims));
  logical.back() *= 8 / options.bits;
  INSITU_ASSIGN(const std::vector<int64_t> steps, ScaleSteps(scales, logical, options));
  const Numbers numbers{data, options.bits, logical.back()};
  std::optional<Numbers> zeros;
  if (context.HasInput(kZeros)) {
    zeros = Numbers{context.inputs[kZeros], options.bits, scales.dims.back()};
    Dims expected = scales.dims;
    if (data.dtype == DType::kUint8) expected.back() = PackedBytes(expected.back(), options.bits);
    if (zeros->view.elements() != ElementsUnchecked(expected))
      return Fail(ErrorCode::kShapeMismatch, "the zero points have dims " +
                                                 ToString(zeros->view.dims) + "; " +
                                                 ToString(expected) + " are needed");
  }
  const double default_zero = data.dtype == DType::kUint8 ? 1 << (options.bits - 1) : 0;
  const size_t axis = options.gather_axis;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, scales.dtype,
                                              OutputDims<int64_t>(logical, axis, indices.dims)));
  const std::span<const int64_t> dims = logical;
  const int64_t outer = ElementsUnchecked(dims.first(axis)), extent = dims[axis],
                inner = ElementsUnchecked(dims.subspan(axis + 1)), count = indices.elements();
  const int64_t block =
      options.block == 0 ? std::max<int64_t>(dims[options.quantize_axis], 1) : options.block;

  // The real number at an index of the data.
  const auto real = [&](int64_t index) {
    int64_t scale = 0, rest = index;
    for (size_t i = dims.size(); i-- > 0;) {
      const int64_t position = rest % dims[i];
      rest /= dims[i];
      scale += (i == options.quantize_axis ? position / block : position) * steps[i];
    }
    const double zero = zeros ? zeros->At(scale) : default_zero;
    return (numbers.At(index) - zero) * LoadReal(scales, scale);
  };
  double line[kBlock];
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < count; ++i) {
      const int64_t index = LoadInteger(indices, i);
      const bool inside = index >= -extent && index < extent;
      const int64_t first = (o * extent + (index < 0 ? index + extent : index)) * inner;
      for (int64_t start = 0; start < inner; start += kBlock) {
        const int64_t n = std::min(kBlock, inner - start);
        for (int64_t j = 0; j < n; ++j) line[j] = inside ? real(first + start + j) : 0;
        StoreElements(line, n, y, (o * count + i) * inner + start);
      }
    }
  return {};
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"bits", AttrKind::kInt},
                                    {"block_size", AttrKind::kInt},
                                    {"gather_axis", AttrKind::kInt},
                                    {"quantize_axis", AttrKind::kInt}};

}  // namespace

const OpDef kGatherBlockQuantizedOp = {
    .name = "GatherBlockQuantized",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 4,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend gathers",
};

}  // namespace insitu
