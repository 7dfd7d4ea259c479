// Sum and mean of float32 over any axes. Neighbouring axes that are both reduced, or both kept, are
// merged first, so that XNNPACK's limit of six dimensions is hardly ever met.
#include <algorithm>
#include <cstring>
#include <limits>

#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

class ReduceKernel final : public Kernel {
 public:
  ReduceKernel(const lowered::Reduce& op, pthreadpool_t pool)
      : pool_(pool), mean_(op.mean), axes_(op.axes) {}

  Status Init() {
    return ToStatus(
        xnn_create_reduce_nd(mean_ ? xnn_reduce_mean : xnn_reduce_sum, xnn_datatype_fp32, nullptr,
                             nullptr, 0, operator_.Receive()),
        "create reduction");
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const Dims& in = inputs[0];
    elements_ = static_cast<size_t>(ElementsUnchecked(outputs[0]));
    over_nothing_ = ElementsUnchecked(in) == 0;
    bytes_ = elements_ * sizeof(float);
    if (elements_ == 0 || over_nothing_) return 0;
    const auto rank = static_cast<int64_t>(in.size());
    std::vector<bool> reduced(in.size(), false);
    for (int64_t axis : axes_) {
      if (axis < -rank || axis >= rank) return CannotReshape("reduction", in, outputs[0]);
      reduced[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = true;
    }
    std::vector<size_t> shape;
    std::vector<int64_t> axes;
    bool last = false;
    for (size_t i = 0; i < in.size(); ++i) {
      if (in[i] == 1) continue;
      if (!shape.empty() && last == reduced[i]) {
        shape.back() *= static_cast<size_t>(in[i]);
        continue;
      }
      if (reduced[i]) axes.push_back(static_cast<int64_t>(shape.size()));
      shape.push_back(static_cast<size_t>(in[i]));
      last = reduced[i];
    }
    copy_ = axes.empty();
    if (copy_) return 0;
    if (shape.size() > XNN_MAX_TENSOR_DIMS) return CannotReshape("reduction", in, outputs[0]);
    INSITU_TRY(ToStatus(xnn_reshape_reduce_nd(operator_.get(), axes.size(), axes.data(),
                                              shape.size(), shape.data(), nullptr, nullptr, pool_),
                        "reshape reduction"));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (elements_ == 0) return {};
    if (over_nothing_) {
      const float value = mean_ ? std::numeric_limits<float>::quiet_NaN() : 0.0f;
      std::fill_n(reinterpret_cast<float*>(outputs[0]), elements_, value);
      return {};
    }
    if (copy_) {
      std::memcpy(outputs[0], inputs[0], bytes_);
      return {};
    }
    // Sums of float32 need no workspace, and with one XNNPACK expects a conversion at the end.
    INSITU_TRY(ToStatus(xnn_setup_reduce_nd(operator_.get(), nullptr, inputs[0], outputs[0]),
                        "set up reduction"));
    return operator_.Run(pool_, "run reduction");
  }

 private:
  pthreadpool_t pool_;
  bool mean_;
  std::vector<int64_t> axes_;
  Operator operator_;
  size_t elements_ = 0, bytes_ = 0;
  bool over_nothing_ = false, copy_ = false;
};

}  // namespace

Considered Consider(const lowered::Reduce& op) {
  if (op.dtype != DType::kFloat32) return Refuse("only float32");
  if (op.axes.empty()) return Refuse("no axes to reduce");
  return Offer{.cost = 1.0};
}

Created Create(const lowered::Reduce& op, pthreadpool_t pool, PackedWeights) {
  auto kernel = std::make_unique<ReduceKernel>(op, pool);
  INSITU_TRY(kernel->Init());
  return kernel;
}

}  // namespace insitu::xnn
