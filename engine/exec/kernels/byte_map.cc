// A table look-up for every byte. A change of sign, which is such a table too, is recognised and
// costs one exclusive-or. With relaxed SIMD the table is sixteen vectors: the low four bits of a
// byte look up a candidate in each, and the high four bits halve the candidates until one is left.
#include <algorithm>

#include "exec/kernels/kernels.h"
#include "exec/thread_pool.h"

#ifdef __wasm_relaxed_simd__
#include <wasm_simd128.h>
#endif

namespace insitu::kernels {
namespace {

using Table = std::array<uint8_t, 256>;

#ifdef __wasm_relaxed_simd__
// What 2^kLevel vectors of the table hold for the bytes: index is their low bits, bits[i] tells for
// each byte whether bit 4 + i is set.
template <int kLevel>
[[gnu::always_inline]] inline v128_t LookUp(const uint8_t* table, v128_t index,
                                            const v128_t (&bits)[4]) {
  if constexpr (kLevel == 0) {
    return wasm_i8x16_relaxed_swizzle(wasm_v128_load(table), index);
  } else {
    constexpr size_t kHalf = sizeof(v128_t) << (kLevel - 1);
    const v128_t clear = LookUp<kLevel - 1>(table, index, bits);
    const v128_t set = LookUp<kLevel - 1>(table + kHalf, index, bits);
    return wasm_i8x16_relaxed_laneselect(set, clear, bits[kLevel - 1]);
  }
}

size_t LookUpVectors(const Table& table, const uint8_t* x, size_t count, uint8_t* y) {
  const v128_t zero = wasm_i8x16_splat(0);
  size_t i = 0;
  for (; i + sizeof(v128_t) <= count; i += sizeof(v128_t)) {
    const v128_t bytes = wasm_v128_load(x + i);
    v128_t bits[4];
    for (uint32_t bit = 0; bit < 4; ++bit)
      bits[bit] = wasm_i8x16_lt(wasm_i16x8_shl(bytes, 3 - bit), zero);
    const v128_t index = wasm_v128_and(bytes, wasm_i8x16_splat(15));
    wasm_v128_store(y + i, LookUp<4>(table.data(), index, bits));
  }
  return i;
}
#else
size_t LookUpVectors(const Table&, const uint8_t*, size_t, uint8_t*) { return 0; }
#endif

class ByteMapKernel final : public Kernel {
 public:
  ByteMapKernel(const lowered::ByteMap& op, const ThreadPool& pool)
      : table_(op.table), pool_(pool) {
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
    pool_.ForEachRange(count_, [&](size_t first, size_t count) {
      flips_ ? Flip(x + first, count, y + first) : LookUpAll(x + first, count, y + first);
    });
    return {};
  }

 private:
  void Flip(const uint8_t* x, size_t count, uint8_t* y) const {
    // A local, because a store to y might change members as far as the compiler knows.
    const uint8_t bits = table_[0];
    for (size_t i = 0; i < count; ++i) y[i] = x[i] ^ bits;
  }
  void LookUpAll(const uint8_t* x, size_t count, uint8_t* y) const {
    for (size_t i = LookUpVectors(table_, x, count, y); i < count; ++i) y[i] = table_[x[i]];
  }

  Table table_;
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
