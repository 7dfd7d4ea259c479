// A table look-up for every byte. A change of sign, which is such a table too, is recognised and
// costs one exclusive-or.
#include "exec/kernels/byte_look_up.h"
#include "exec/kernels/kernels.h"
#include "exec/thread_pool.h"

namespace insitu::kernels {
namespace {

class ByteMapKernel final : public Kernel {
 public:
  ByteMapKernel(const lowered::ByteMap& op, const ThreadPool& pool)
      : table_(op.table), pool_(pool) {
    for (size_t i = 0; i < table_.size(); ++i) flips_ = flips_ && table_[i] == (i ^ table_[0]);
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    count_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    return 0;
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    const auto* x = Cast<uint8_t>(inputs[0]);
    auto* y = Cast<uint8_t>(outputs[0]);
    pool_.ForEachRange(count_, [&](size_t first, size_t count) {
      flips_ ? Flip(x + first, count, y + first) : LookUp(table_, x + first, count, y + first);
    });
    return {};
  }

 private:
  void Flip(const uint8_t* x, size_t count, uint8_t* y) const {
    // A local, because a store to y might change members as far as the compiler knows.
    const uint8_t bits = table_[0];
    for (size_t i = 0; i < count; ++i) y[i] = x[i] ^ bits;
  }

  ByteResults table_;
  const ThreadPool& pool_;
  bool flips_ = true;
  size_t count_ = 0;
};

}  // namespace

Considered Consider(const lowered::ByteMap&) { return Offer{.cost = 1.0, .in_place = true}; }

Created Create(const lowered::ByteMap& op, const ThreadPool& pool, PackedWeights) {
  return std::make_unique<ByteMapKernel>(op, pool);
}

}  // namespace insitu::kernels
