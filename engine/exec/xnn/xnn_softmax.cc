// Softmax of float32 over the last axis.
#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

class SoftmaxKernel final : public Kernel {
 public:
  explicit SoftmaxKernel(pthreadpool_t pool) : pool_(pool) {}

  Status Init() {
    return ToStatus(xnn_create_softmax_nc_f32(0, operator_.Receive()), "create softmax");
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const auto elements = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    empty_ = elements == 0;
    if (empty_) return 0;
    if (inputs[0].empty()) return CannotReshape("softmax", inputs[0], outputs[0]);
    const auto channels = static_cast<size_t>(inputs[0].back());
    INSITU_TRY(ToStatus(xnn_reshape_softmax_nc_f32(operator_.get(), channels, channels, channels,
                                                   elements / channels, pool_),
                        "reshape softmax"));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (empty_) return {};
    INSITU_TRY(ToStatus(
        xnn_setup_softmax_nc_f32(operator_.get(), reinterpret_cast<const float*>(inputs[0]),
                                 reinterpret_cast<float*>(outputs[0])),
        "set up softmax"));
    return operator_.Run(pool_, "run softmax");
  }

 private:
  pthreadpool_t pool_;
  Operator operator_;
  bool empty_ = false;
};

}  // namespace

Considered Consider(const lowered::Softmax& op) {
  if (op.dtype != DType::kFloat32) return Refuse("only float32");
  if (!op.last_axis) return Refuse("only the last axis");
  return Offer{.cost = 1.0};
}

Created Create(const lowered::Softmax&, pthreadpool_t pool, PackedWeights) {
  auto kernel = std::make_unique<SoftmaxKernel>(pool);
  INSITU_TRY(kernel->Init());
  return kernel;
}

}  // namespace insitu::xnn
