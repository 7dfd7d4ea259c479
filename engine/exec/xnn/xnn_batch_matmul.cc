// Matrix products of two run-time float32 operands with numpy's rules: one-dimensional operands are
// rows (left) and columns (right), leading dimensions broadcast.
#include <cstring>

#include "exec/kernels/broadcast.h"
#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

class BatchMatMulKernel final : public Kernel {
 public:
  explicit BatchMatMulKernel(pthreadpool_t pool) : pool_(pool) {}

  Status Init() {
    return ToStatus(xnn_create_batch_matrix_multiply_nc_f32(0, operator_.Receive()),
                    "create matrix product");
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const auto elements = static_cast<size_t>(ElementsUnchecked(outputs[0]));
    zero_bytes_ = 0;
    empty_ = elements == 0;
    if (empty_) return 0;
    Dims a = inputs[0];
    Dims b = inputs[1];
    if (a.empty() || b.empty()) return CannotReshape("matrix product", a, outputs[0]);
    if (a.size() == 1) a.insert(a.begin(), 1);
    if (b.size() == 1) b.push_back(1);
    const std::span<const int64_t> batch_a(a.data(), a.size() - 2);
    const std::span<const int64_t> batch_b(b.data(), b.size() - 2);
    const auto batch = kernels::CompressBroadcast(batch_a, batch_b);
    const auto m = static_cast<size_t>(a[a.size() - 2]);
    const auto k = static_cast<size_t>(a.back());
    const auto n = static_cast<size_t>(b.back());
    if (!batch || batch->a.size() > XNN_MAX_TENSOR_DIMS || b[b.size() - 2] != a.back())
      return CannotReshape("matrix product", a, outputs[0]);
    if (k == 0) {
      zero_bytes_ = elements * sizeof(float);
      return 0;
    }
    // Columns are padded to 16 and depths to 4 when b is packed, with a bias.
    const uint64_t of_matrix =
        SizeProduct({(uint64_t{n} + 15) / 16 * 16, uint64_t{k} + 4, sizeof(float)});
    const auto matrices = static_cast<uint64_t>(ElementsUnchecked(batch_b));
    INSITU_TRY(CheckOwnMemory("a matrix product", SizeProduct({matrices, of_matrix})));
    size_t workspace = 0, alignment = 1;
    INSITU_TRY(ToStatus(xnn_reshape_batch_matrix_multiply_nc_f32(
                            operator_.get(), batch->a.size(), batch->a.data(), batch->b.data(), m,
                            k, n, &workspace, &alignment, pool_),
                        "reshape matrix product"));
    return workspace;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    if (empty_) return {};
    if (zero_bytes_ > 0) {
      std::memset(outputs[0], 0, zero_bytes_);
      return {};
    }
    INSITU_TRY(ToStatus(
        xnn_setup_batch_matrix_multiply_nc_f32(
            operator_.get(), scratch, reinterpret_cast<const float*>(inputs[0]),
            reinterpret_cast<const float*>(inputs[1]), reinterpret_cast<float*>(outputs[0])),
        "set up matrix product"));
    return operator_.Run(pool_, "run matrix product");
  }

 private:
  pthreadpool_t pool_;
  Operator operator_;
  size_t zero_bytes_ = 0;  // a sum over nothing
  bool empty_ = false;
};

}  // namespace

Considered Consider(const lowered::BatchMatMul& op) {
  if (op.dtype != DType::kFloat32) return Refuse("only float32");
  return Offer{.cost = 1.0};
}

Created Create(const lowered::BatchMatMul&, pthreadpool_t pool, PackedWeights) {
  auto kernel = std::make_unique<BatchMatMulKernel>(pool);
  INSITU_TRY(kernel->Init());
  return kernel;
}

}  // namespace insitu::xnn
