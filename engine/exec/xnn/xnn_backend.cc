// The XNNPACK backend: library start-up and dispatch to one file per operation.
#include "exec/xnn/xnn_backend.h"

#include <xnnpack.h>

#include <cmath>
#include <limits>
#include <variant>

#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_status.h"

namespace insitu {
namespace xnn {

// What XNNPACK is never asked to do, and why.
template <class Op>
static Considered Consider(const Op&) {
  return Refuse("XNNPACK has no operator for it");
}
template <>
Considered Consider(const lowered::Reshape&) {
  return Refuse("the planner makes it an alias");
}
template <>
Considered Consider(const lowered::Quantize&) {
  return Refuse("XNNPACK multiplies by the reciprocal of the scale, which is not exact");
}
template <>
Considered Consider(const lowered::Dequantize&) {
  return Refuse("insitu's own kernel is as fast and handles every scale");
}

template <class Op>
static Created Create(const Op&, pthreadpool_t, PackedWeights) {
  return Fail(ErrorCode::kInternal, "XNNPACK was asked to create what it refused");
}

class XnnBackend final : public Backend {
 public:
  explicit XnnBackend(pthreadpool_t pool) : pool_(pool) {}
  ~XnnBackend() override { xnn_deinitialize(); }

  std::string_view name() const override { return "xnnpack"; }
  std::expected<Offer, Refusal> Consider(const LoweredOp& op) const override {
    return std::visit([](const auto& one) { return xnn::Consider(one); }, op);
  }
  Result<std::unique_ptr<Kernel>> Create(const LoweredOp& op, PackedWeights packed) override {
    return std::visit([&](const auto& one) { return xnn::Create(one, pool_, std::move(packed)); },
                      op);
  }
  // XNNPACK picks kernels, and with them the order of weights, by the kind of processor; in
  // WebAssembly it tells x86 by the sign of this.
  std::string traits() const override {
    const volatile float infinity = std::numeric_limits<float>::infinity();
    return std::signbit(infinity - infinity) ? "x" : "a";
  }
  // Only int8 data may have a scale per channel of the weights. As WebAssembly these operators are
  // done by insitu's own kernels.
  bool wants_signed_data() const override {
#ifdef __wasm__
    return false;
#else
    return true;
#endif
  }

 private:
  pthreadpool_t pool_;  // nullptr: the calling thread alone
};

}  // namespace xnn

Result<std::unique_ptr<Backend>> CreateXnnBackend(const ThreadPool& pool) {
  INSITU_TRY(xnn::ToStatus(xnn_initialize(nullptr), "start"));
  return std::make_unique<xnn::XnnBackend>(pool.handle());
}

}  // namespace insitu
