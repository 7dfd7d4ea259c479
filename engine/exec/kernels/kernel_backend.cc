// Dispatch of insitu's own kernels to one file per operation.
#include "exec/kernels/kernel_backend.h"

#include <variant>

#include "exec/kernels/byte_dot.h"
#include "exec/kernels/kernels.h"

namespace insitu {
namespace kernels {

template <class Op>
static Considered Consider(const Op&) {
  return Refuse("insitu has no kernel of its own for it");
}
template <class Op>
static Created Create(const Op&, const ThreadPool&) {
  return Fail(ErrorCode::kInternal, "a kernel was asked for that was refused");
}

class KernelBackend final : public Backend {
 public:
  explicit KernelBackend(const ThreadPool& pool) : pool_(pool) {}

  std::string_view name() const override { return "kernel"; }
  std::expected<Offer, Refusal> Consider(const LoweredOp& op) const override {
    return std::visit([](const auto& one) { return kernels::Consider(one); }, op);
  }
  Result<std::unique_ptr<Kernel>> Create(const LoweredOp& op) override {
    return std::visit([this](const auto& one) { return kernels::Create(one, pool_); }, op);
  }
  bool wants_signed_data() const override {
    return (QuadDot().fast && !QuadDot().unsigned_data) ||
           (PairDot().fast && !PairDot().unsigned_data);
  }

 private:
  const ThreadPool& pool_;
};

}  // namespace kernels

std::unique_ptr<Backend> CreateKernelBackend(const ThreadPool& pool) {
  return std::make_unique<kernels::KernelBackend>(pool);
}

}  // namespace insitu
