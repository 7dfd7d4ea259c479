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
static Created Create(const Op&, const ThreadPool&, PackedWeights) {
  return Fail(ErrorCode::kInternal, "a kernel was asked for that was refused");
}

static std::string Traits(const ByteDot& dot) {
  std::string traits;
  for (bool trait : {dot.available, dot.fast, dot.unsigned_data, dot.exact})
    traits += trait ? '1' : '0';
  return traits;
}

class KernelBackend final : public Backend {
 public:
  explicit KernelBackend(const ThreadPool& pool) : pool_(pool) {}

  std::string_view name() const override { return "kernel"; }
  std::expected<Offer, Refusal> Consider(const LoweredOp& op) const override {
    return std::visit([](const auto& one) { return kernels::Consider(one); }, op);
  }
  Result<std::unique_ptr<Kernel>> Create(const LoweredOp& op, PackedWeights packed) override {
    return std::visit(
        [&](const auto& one) { return kernels::Create(one, pool_, std::move(packed)); }, op);
  }
  std::string traits() const override { return Traits(QuadDot()) + Traits(PairDot()); }
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
