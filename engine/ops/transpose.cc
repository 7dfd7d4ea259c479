// Transpose: output axis i is input axis perm[i]; without perm the axes are reversed.
// https://onnx.ai/onnx/operators/onnx__Transpose.html (21).
#include "ops/transpose.h"

#include <numeric>

#include "ops/axes.h"
#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {

std::vector<int64_t> TransposePerm(const Node& node, size_t rank) {
  std::vector<int64_t> perm = node.Attr<std::vector<int64_t>>("perm", {});
  if (perm.empty()) {
    perm.resize(rank);
    std::iota(perm.rbegin(), perm.rend(), 0);
  }
  return perm;
}

namespace {

Result<std::vector<int64_t>> CheckedPerm(const Node& node, size_t rank) {
  std::vector<int64_t> perm = TransposePerm(node, rank);
  if (IsPermutation(perm, rank)) return perm;
  return Fail(ErrorCode::kInvalidModel, "perm " + ToString(std::span<const int64_t>(perm)) +
                                            " is no permutation of the " + std::to_string(rank) +
                                            " axes of the input");
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kAllTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* shape = context.shape(0);
  if (!shape) return {};
  INSITU_ASSIGN(const auto perm, CheckedPerm(context.node(), shape->size()));
  Shape permuted;
  for (int64_t axis : perm) permuted.push_back((*shape)[static_cast<size_t>(axis)]);
  context.SetOutput(0, context.dtype(0), std::move(permuted));
  if (const std::vector<Dim>* elements = context.elements(0); elements && shape->size() < 2)
    context.SetElements(0, *elements);
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const auto perm, CheckedPerm(context.node, x.dims.size()));
  Dims dims;
  for (int64_t axis : perm) dims.push_back(x.dims[static_cast<size_t>(axis)]);
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(dims)));
  CopyPermuted(x, perm, y);
  return {};
}

// Whether only extents of 1 change places, so that the bytes stay where they are.
bool MovesNothing(std::span<const Dim> shape, std::span<const int64_t> perm) {
  int64_t last = -1;
  for (int64_t axis : perm) {
    if (shape[static_cast<size_t>(axis)] == Dim(1)) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

Lowering Lower(const LowerContext& context) {
  const Shape* shape = context.shape(0);
  if (!shape) return Refuse("the rank is not known");
  const std::vector<int64_t> perm = TransposePerm(context.node(), shape->size());
  if (IsPermutation(perm, shape->size()) && MovesNothing(*shape, perm))
    return LoweredNode{lowered::Reshape{}, {0}};
  return LoweredNode{lowered::Permute{context.dtype(0), perm}, {0}};
}

constexpr int kSince[] = {1, 13, 21};
constexpr AttrSpec kAttributes[] = {{"perm", AttrKind::kInts}};

}  // namespace

const OpDef kTransposeOp = {
    .name = "Transpose",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
};

}  // namespace insitu
