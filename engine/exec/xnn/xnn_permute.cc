// Transpose of up to six dimensions, for elements of 1, 2, 4 or 8 bytes of any type.
#include <array>

#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

// XNNPACK has one set of functions per element width.
struct TransposeFunctions {
  decltype(&xnn_create_transpose_nd_x32) create = nullptr;
  decltype(&xnn_reshape_transpose_nd_x32) reshape = nullptr;
  decltype(&xnn_setup_transpose_nd_x32) setup = nullptr;
};

TransposeFunctions FunctionsFor(DType dtype) {
  switch (BitWidth(dtype)) {
    case 8:
      return {xnn_create_transpose_nd_x8, xnn_reshape_transpose_nd_x8, xnn_setup_transpose_nd_x8};
    case 16:
      return {xnn_create_transpose_nd_x16, xnn_reshape_transpose_nd_x16,
              xnn_setup_transpose_nd_x16};
    case 32:
      return {xnn_create_transpose_nd_x32, xnn_reshape_transpose_nd_x32,
              xnn_setup_transpose_nd_x32};
    case 64:
      return {xnn_create_transpose_nd_x64, xnn_reshape_transpose_nd_x64,
              xnn_setup_transpose_nd_x64};
  }
  return {};
}

class PermuteKernel final : public Kernel {
 public:
  PermuteKernel(const lowered::Permute& op, pthreadpool_t pool)
      : pool_(pool), functions_(FunctionsFor(op.dtype)), perm_(op.perm.begin(), op.perm.end()) {}

  Status Init() { return ToStatus(functions_.create(0, operator_.Receive()), "create transpose"); }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    empty_ = ElementsUnchecked(outputs[0]) == 0;
    if (empty_) return 0;
    if (inputs[0].size() != perm_.size()) return CannotReshape("transpose", inputs[0], outputs[0]);
    const std::vector<size_t> shape(inputs[0].begin(), inputs[0].end());
    INSITU_TRY(ToStatus(
        functions_.reshape(operator_.get(), shape.size(), shape.data(), perm_.data(), pool_),
        "reshape transpose"));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (empty_) return {};
    INSITU_TRY(
        ToStatus(functions_.setup(operator_.get(), inputs[0], outputs[0]), "set up transpose"));
    return operator_.Run(pool_, "run transpose");
  }

 private:
  pthreadpool_t pool_;
  TransposeFunctions functions_;
  std::vector<size_t> perm_;
  Operator operator_;
  bool empty_ = false;
};

}  // namespace

Considered Consider(const lowered::Permute& op) {
  if (!FunctionsFor(op.dtype).create) return Refuse("only elements of whole bytes");
  if (op.perm.empty() || op.perm.size() > XNN_MAX_TENSOR_DIMS)
    return Refuse("only one to six dimensions");
  std::array<bool, XNN_MAX_TENSOR_DIMS> seen{};
  for (int64_t axis : op.perm) {
    if (axis < 0 || axis >= static_cast<int64_t>(op.perm.size()) ||
        std::exchange(seen[static_cast<size_t>(axis)], true))
      return Refuse("not a permutation");
  }
  return Offer{.cost = 1.0};
}

Created Create(const lowered::Permute& op, pthreadpool_t pool, PackedWeights) {
  auto kernel = std::make_unique<PermuteKernel>(op, pool);
  INSITU_TRY(kernel->Init());
  return kernel;
}

}  // namespace insitu::xnn
