// Split: parts of a tensor along one axis. https://onnx.ai/onnx/operators/onnx__Split.html (18).
// Sizes come from the optional second input, else the parts are as equal as can be, the last the
// smaller (attribute num_outputs; before 18 the number of outputs, evenly).
#include "ops/axes.h"
#include "ops/elements.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

constexpr std::string_view kHint = "The sizes must not be negative and add up to the extent.";

Result<std::vector<int64_t>> EqualParts(int64_t extent, size_t count) {
  const auto parts = static_cast<int64_t>(count);
  const int64_t size = (extent + parts - 1) / parts;
  std::vector<int64_t> sizes(count, size);
  sizes.back() = extent - size * (parts - 1);
  if (sizes.back() >= 0) return sizes;
  return Fail(ErrorCode::kShapeMismatch, "an extent of " + std::to_string(extent) +
                                             " cannot be split into " + std::to_string(count));
}

Status CheckSizes(std::span<const int64_t> sizes, size_t outputs, const Dim& extent) {
  if (sizes.size() != outputs)
    return Fail(ErrorCode::kInvalidModel, std::to_string(sizes.size()) + " sizes are given for " +
                                              std::to_string(outputs) + " outputs");
  Dim sum = 0;
  for (int64_t size : sizes) {
    if (size < 0)
      return Fail(ErrorCode::kInvalidModel, "the size " + std::to_string(size) + " is negative",
                  std::string(kHint));
    sum = sum + Dim(size);
  }
  if (sum.IsUnknown() || (extent.IsKnown() && !(sum == extent)))
    return Fail(
        ErrorCode::kShapeMismatch,
        "the sizes " + ToString(sizes) + " do not add up to the extent " + extent.ToString(),
        std::string(kHint));
  return {};
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  const size_t outputs = context.node().outputs.size();
  const Shape* shape = context.shape(0);
  if (!shape) {
    for (size_t i = 0; i < outputs; ++i) context.SetOutput(i, context.dtype(0), std::nullopt);
    return {};
  }
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node().Attr<int64_t>("axis", 0), shape->size()));
  const Dim& extent = (*shape)[axis];
  Shape sizes(outputs);
  if (context.HasInput(1)) {
    if (const auto given = context.known_integers(1)) {
      INSITU_TRY(CheckSizes(*given, outputs, extent));
      sizes = ToShape(*given);
    }
  } else if (extent.IsKnown()) {
    INSITU_ASSIGN(const auto parts, EqualParts(extent.value(), outputs));
    sizes = ToShape(parts);
  } else {
    const Dim part = CeilDiv(extent, Dim(static_cast<int64_t>(outputs)));
    sizes.assign(outputs, part);
    sizes.back() = extent - part * Dim(static_cast<int64_t>(outputs) - 1);
  }
  for (size_t i = 0; i < outputs; ++i) {
    Shape part = *shape;
    part[axis] = sizes[i];
    context.SetOutput(i, context.dtype(0), std::move(part));
  }
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const size_t outputs = context.node.outputs.size();
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", 0), x.dims.size()));
  const int64_t extent = x.dims[axis];
  std::vector<int64_t> sizes;
  if (context.HasInput(1)) {
    if (context.inputs[1].elements() == static_cast<int64_t>(outputs))
      sizes = ReadIntegers(context.inputs[1]);
    INSITU_TRY(CheckSizes(sizes, outputs, extent));
  } else {
    INSITU_ASSIGN(sizes, EqualParts(extent, outputs));
  }
  const std::span<const int64_t> dims = x.dims;
  const int64_t outer = ElementsUnchecked(dims.first(axis)),
                inner = ElementsUnchecked(dims.subspan(axis + 1));
  int64_t offset = 0;
  for (size_t i = 0; i < outputs; ++i) {
    const int64_t part = sizes[i] * inner;
    if (WantsOutput(context, i)) {
      Dims part_dims = x.dims;
      part_dims[axis] = sizes[i];
      INSITU_ASSIGN(const TensorView y, RunOutput(context, i, x.dtype, std::move(part_dims)));
      for (int64_t o = 0; o < outer; ++o)
        CopyElements(x, o * extent * inner + offset, y, o * part, part);
    }
    offset += part;
  }
  return {};
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  return CommuteAxis(node, perm, 0);
}

constexpr int kSince[] = {1, 2, 11, 13, 18};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}, {"num_outputs", AttrKind::kInt}};

}  // namespace

const OpDef kSplitOp = {
    .name = "Split",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = 2,
    .max_outputs = -1,
    .infer = Infer,
    .run = Run,
    .no_lowering = "a copy the reference makes as fast",
    .commute = Commute,
};

}  // namespace insitu
