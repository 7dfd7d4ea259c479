// DepthToSpace: blocks of channels become squares of pixels; SpaceToDepth: the reverse.
// https://onnx.ai/onnx/operators/onnx__DepthToSpace.html (13), onnx__SpaceToDepth.html (13).
// With b the blocksize, pixel (h, w) of the square is channel (h * b + w) * C + c of the block in
// mode DCR, which is that of SpaceToDepth, and channel (c * b + h) * b + w in mode CRD.
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr int64_t kMaxBlock = 1 << 15;  // its square is far below overflow

Result<bool> ColumnsLast(const Node& node) {
  const std::string mode = node.Attr<std::string>("mode", "DCR");
  if (mode == "DCR" || mode == "CRD") return mode == "CRD";
  return Fail(ErrorCode::kInvalidModel, "mode '" + mode + "' of DepthToSpace is unknown",
              "It must be DCR or CRD.");
}

// The output for an input [N, C, H, W].
template <bool kToDepth>
Result<Shape> OutputShape(const Node& node, const Shape& x) {
  const auto block = node.Attr<int64_t>("blocksize", 0);
  if (block < 1 || block > kMaxBlock)
    return Fail(ErrorCode::kInvalidModel, "blocksize is " + std::to_string(block));
  INSITU_TRY(ColumnsLast(node));
  const auto divides = [](int64_t by, const Dim& dim) {
    return !dim.IsKnown() || dim.value() % by == 0;
  };
  if (x.size() != 4 ||
      (kToDepth ? !divides(block, x[2]) || !divides(block, x[3]) : !divides(block * block, x[1])))
    return Fail(ErrorCode::kShapeMismatch,
                "an input of shape " + ToString(x) + " cannot be split by blocksize " +
                    std::to_string(block) + "; it must be [N, C, H, W] with " +
                    (kToDepth ? "H and W divisible by it" : "C divisible by its square"));
  if (kToDepth)
    return Shape{x[0], x[1] * Dim(block * block), FloorDiv(x[2], block), FloorDiv(x[3], block)};
  return Shape{x[0], FloorDiv(x[1], block * block), x[2] * Dim(block), x[3] * Dim(block)};
}

template <bool kToDepth>
Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (const Shape* shape = context.shape(0)) {
    INSITU_ASSIGN(Shape output, OutputShape<kToDepth>(context.node(), *shape));
    context.SetOutput(0, context.dtype(0), std::move(output));
  }
  return {};
}

template <bool kToDepth>
Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const Shape shape, OutputShape<kToDepth>(context.node, ToShape(x.dims)));
  INSITU_ASSIGN(Dims dims, DimsOfRun(shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  INSITU_ASSIGN(const bool columns_last, ColumnsLast(context.node));
  // The side with the squares has the axes n, c, h, block row, w, block column.
  const Dims& deep = kToDepth ? y.dims : x.dims;
  const int64_t b = context.node.Attr<int64_t>("blocksize", 0), c = deep[1] / (b * b), h = deep[2],
                w = deep[3], channel = h * w;
  const Dims extents = {deep[0], c, h, b, w, b};
  StridedSide wide{0, RowMajorSteps(extents)}, narrow;
  narrow.steps =
      columns_last
          ? std::vector<int64_t>{deep[1] * channel, b * b * channel, w, b * channel, 1, channel}
          : std::vector<int64_t>{deep[1] * channel, channel, w, b * c * channel, 1, c * channel};
  CopyStrided(x, kToDepth ? wide : narrow, y, kToDepth ? narrow : wide, extents);
  return {};
}

constexpr int kDepthSince[] = {1, 11, 13}, kSpaceSince[] = {1, 13};
constexpr AttrSpec kDepthAttributes[] = {{"blocksize", AttrKind::kInt, true},
                                         {"mode", AttrKind::kString}};
constexpr AttrSpec kSpaceAttributes[] = {{"blocksize", AttrKind::kInt, true}};

template <bool kToDepth>
constexpr OpDef Define(std::string_view name, std::span<const int> since,
                       std::span<const AttrSpec> attributes) {
  return {.name = name,
          .since = since,
          .attributes = attributes,
          .infer = Infer<kToDepth>,
          .run = Run<kToDepth>,
          .no_lowering = "a copy the reference makes as fast"};
}

}  // namespace

const OpDef kDepthToSpaceOp = Define<false>("DepthToSpace", kDepthSince, kDepthAttributes);
const OpDef kSpaceToDepthOp = Define<true>("SpaceToDepth", kSpaceSince, kSpaceAttributes);

}  // namespace insitu
