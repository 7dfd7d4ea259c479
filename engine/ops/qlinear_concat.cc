// com.microsoft.QLinearConcat: quantized tensors joined along one axis, each brought to the
// quantization of the output.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.QLinearConcat
// Inputs: y_scale, y_zero_point, then x, x_scale, x_zero_point of every part.
//   y = saturate(rint_half_even(float(x - zx) * sx / sy) + zy), every step in float32
#include "ops/axes.h"
#include "ops/byte_table.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

constexpr size_t kYScale = 0, kYZero = 1, kFirstPart = 2, kPart = 3;

size_t PartCount(size_t inputs) { return (inputs - kFirstPart + kPart - 1) / kPart; }
size_t PartInput(size_t part) { return kFirstPart + part * kPart; }

// Adds the extents of one part; false when they do not fit.
bool Join(Shape& joined, std::span<const Dim> part, size_t axis) {
  if (joined.size() != part.size()) return false;
  for (size_t i = 0; i < joined.size(); ++i) {
    if (i == axis)
      joined[i] = joined[i] + part[i];
    else if (!joined[i].IsKnown())
      joined[i] = part[i];
    else if (part[i].IsKnown() && !(joined[i] == part[i]))
      return false;
  }
  return true;
}

std::unexpected<Error> DoNotFit(std::string part) {
  return Fail(ErrorCode::kShapeMismatch, part + " cannot be joined with the parts before it",
              "All extents but that of the axis must agree.");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, kYScale, {DType::kFloat32}));
  INSITU_TRY(CheckByteInput(context, kYZero, "y_zero_point"));
  std::optional<Shape> joined;
  bool complete = true;
  size_t axis = 0;
  for (size_t part = 0; part < PartCount(context.input_count()); ++part) {
    const size_t x = PartInput(part);
    INSITU_TRY(RequireInputs(context, {x, x + 1}));
    for (size_t i : {x, x + 2}) INSITU_TRY(RequireSameType(context, kYZero, i));
    INSITU_TRY(RequireType(context, x + 1, {DType::kFloat32}));
    const Shape* shape = context.shape(x);
    complete = complete && shape;
    if (!shape) continue;
    if (!joined) {
      INSITU_ASSIGN(axis, NormalizeAxis(context.node().Attr<int64_t>("axis", 0), shape->size()));
      joined = *shape;
    } else if (!Join(*joined, *shape, axis)) {
      return DoNotFit(context.Describe(x));
    }
  }
  if (joined && !complete) (*joined)[axis] = Dim::Unknown();
  context.SetOutput(0, context.dtype(kYZero), std::move(joined));
  return {};
}

Status Run(RunContext& context) {
  const size_t parts = PartCount(context.inputs.size());
  const TensorView& first = context.inputs[PartInput(0)];
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", 0), first.dims.size()));
  INSITU_ASSIGN(const Quantization qy, ReadQuantization(context, kYScale, kYZero, "y"));
  Shape joined = ToShape(first.dims);
  for (size_t part = 1; part < parts; ++part) {
    const Dims& dims = context.inputs[PartInput(part)].dims;
    if (!Join(joined, ToShape(dims), axis)) return DoNotFit("a part of dims " + ToString(dims));
  }
  const auto dims = KnownDims(joined);
  if (!dims) return Fail(ErrorCode::kLimitExceeded, "the joined extent overflows");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, first.dtype, *dims));
  const int64_t outer = ElementsUnchecked(std::span(*dims).first(axis)),
                inner = ElementsUnchecked(std::span(*dims).subspan(axis + 1)),
                row = (*dims)[axis] * inner;
  int64_t offset = 0;
  for (size_t part = 0; part < parts; ++part) {
    const size_t i = PartInput(part);
    const TensorView& x = context.inputs[i];
    INSITU_ASSIGN(const Quantization qx, ReadQuantization(context, i + 1, i + 2, "x"));
    const ByteTable table = RequantizingTable(x.dtype, qx, qy, [](float value) { return value; });
    const int64_t length = x.dims[axis] * inner;
    for (int64_t o = 0; o < outer; ++o) table.Apply(x, o * length, 1, y, o * row + offset, length);
    offset += length;
  }
  return {};
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  return CommuteAxis(node, perm, 0);
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt, true}};

}  // namespace

const OpDef kQLinearConcatOp = {
    .name = "QLinearConcat",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 4,
    .max_inputs = -1,
    .infer = Infer,
    .run = Run,
    .no_lowering = "scales that are constant make it a Concat (passes/split_qlinear_concat.cc)",
    .commute = Commute,
};

}  // namespace insitu
