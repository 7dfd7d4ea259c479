// FusedMatMul: alpha * A' * B', numpy's matrix product of operands with swapped axes.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
// transBatch moves the first axis behind the batch axes, then trans swaps the last two. A vector is
// left as it is.
#include <algorithm>
#include <utility>

#include "ops/copy.h"
#include "ops/infer_util.h"
#include "ops/matmul_reference.h"
#include "ops/ops.h"
#include "ops/widen.h"

namespace insitu {
namespace {

// How operand 0 or 1 is transposed before the product.
std::vector<int64_t> OperandPerm(const Node& node, size_t operand, size_t rank) {
  std::vector<int64_t> perm(rank);
  for (size_t i = 0; i < rank; ++i) perm[i] = static_cast<int64_t>(i);
  if (rank < 2) return perm;
  if (node.Attr<int64_t>(operand == 0 ? "transBatchA" : "transBatchB", 0) != 0)
    std::rotate(perm.begin(), perm.begin() + 1, perm.end() - 1);
  if (node.Attr<int64_t>(operand == 0 ? "transA" : "transB", 0) != 0)
    std::swap(perm[rank - 2], perm[rank - 1]);
  return perm;
}

std::optional<Shape> OperandShape(const InferContext& context, size_t operand) {
  const Shape* shape = context.shape(operand);
  if (!shape) return std::nullopt;
  Shape permuted;
  for (int64_t axis : OperandPerm(context.node(), operand, shape->size()))
    permuted.push_back((*shape)[static_cast<size_t>(axis)]);
  return permuted;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireSameType(context, 0, 1));
  const auto a = OperandShape(context, 0), b = OperandShape(context, 1);
  INSITU_ASSIGN(auto shape, MatMulShape(a ? &*a : nullptr, b ? &*b : nullptr));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

Result<Tensor> Operand(const RunContext& context, size_t operand) {
  INSITU_ASSIGN(const Tensor wide, Widened<double>(context.inputs[operand]));
  return Permuted(wide, OperandPerm(context.node, operand, wide.dims().size()));
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const Tensor a, Operand(context, 0));
  INSITU_ASSIGN(const Tensor b, Operand(context, 1));
  INSITU_ASSIGN(const MatMulGeometry geometry, ReadMatMulGeometry(a.dims(), b.dims()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, context.inputs[0].dtype, geometry.y));
  const double alpha = context.node.Attr<float>("alpha", 1.0f);
  const auto no_zero = [](int64_t) { return 0.0; };
  return ForEachBatch(geometry, [&](int64_t a_at, int64_t b_at, int64_t y_at) -> Status {
    Multiply<double>(geometry.product, a.As<double>().data() + a_at, no_zero,
                     b.As<double>().data() + b_at, no_zero,
                     [&](int64_t row, int64_t column, std::span<double> sums) {
                       for (double& sum : sums) sum *= alpha;
                       StoreElements(sums.data(), static_cast<int64_t>(sums.size()), y,
                                     y_at + row * geometry.product.columns + column);
                     });
    return {};
  });
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {{"alpha", AttrKind::kFloat},
                                    {"transA", AttrKind::kInt},
                                    {"transB", AttrKind::kInt},
                                    {"transBatchA", AttrKind::kInt},
                                    {"transBatchB", AttrKind::kInt}};

}  // namespace

const OpDef kFusedMatMulOp = {
    .name = "FusedMatMul",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
