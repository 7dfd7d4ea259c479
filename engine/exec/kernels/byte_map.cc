// A table look-up for every byte. A change of sign, which is such a table too, is recognised and
// costs one exclusive-or.
#include <algorithm>

#include "exec/kernels/kernels.h"

namespace insitu::kernels {
namespace {

class ByteMapKernel final : public Kernel {
 public:
  explicit ByteMapKernel(const lowered::ByteMap& op) : table_(op.table) {
    for (size_t i = 0; i < table_.size(); ++i) flips_ = flips_ && table_[i] == (i ^ table_[0]);
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    count_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    return 0;
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    const auto* x = Cast<uint8_t>(inputs[0]);
    auto* y = Cast<uint8_t>(outputs[0]);
    // Locals, because a store to y might change members as far as the compiler knows.
    const size_t count = count_;
    const uint8_t bits = table_[0];
    if (flips_) {
      for (size_t i = 0; i < count; ++i) y[i] = x[i] ^ bits;
      return {};
    }
    for (size_t i = 0; i < count; ++i) y[i] = table_[x[i]];
    return {};
  }

 private:
  std::array<uint8_t, 256> table_;
  bool flips_ = true;
  size_t count_ = 0;
};

}  // namespace

Considered Consider(const lowered::ByteMap&) { return Offer{.cost = 1.0, .in_place = true}; }

Created Create(const lowered::ByteMap& op, const ThreadPool&) {
  return std::make_unique<ByteMapKernel>(op);
}

}  // namespace insitu::kernels
