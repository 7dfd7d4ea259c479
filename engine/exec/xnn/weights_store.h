// WeightsStore: where an XNNPACK operator packs its weights: into PackedWeights, through XNNPACK's
// interface for caches of weights. Restored ones are found, so that nothing is packed.
// Invariant: stays where it is while the operator lives. Not for operators that pack without
// looking for what is there: depthwise convolutions (operators/convolution-nhwc.c).
#pragma once

#include <xnnpack.h>

#include <cstdint>
#include <utility>

#include "plan/packed_weights.h"

namespace insitu::xnn {

class WeightsStore {
 public:
  explicit WeightsStore(PackedWeights packed)
      : packed_(std::move(packed)),
        provider_{this, LookUp, Reserve, Insert, Always, ToAddress, nullptr} {}
  WeightsStore(const WeightsStore&) = delete;
  WeightsStore& operator=(const WeightsStore&) = delete;

  xnn_weights_cache_t provider() { return &provider_; }
  PackedWeights& packed() { return packed_; }

 private:
  using Key = xnn_weights_cache_look_up_key;

  // Offsets are addresses.
  size_t Take(const Result<PackedWeights::Piece>& piece) {
    at_ = piece ? reinterpret_cast<uintptr_t>(piece->data()) : SIZE_MAX;
    return at_;
  }
  static size_t LookUp(void* store, const Key*) {
    auto& self = *static_cast<WeightsStore*>(store);
    if (!self.packed_.restored()) return SIZE_MAX;
    return self.Take(self.packed_.Next([]() -> Result<Buffer> { return Buffer(); }));
  }
  static void* Reserve(void* store, size_t bytes) {
    auto& self = *static_cast<WeightsStore*>(store);
    const size_t at = self.Take(self.packed_.Next([&] { return Buffer::Allocate(bytes); }));
    return at == SIZE_MAX ? nullptr : reinterpret_cast<void*>(at);
  }
  static size_t Insert(void* store, const Key*, void*, size_t) {
    return static_cast<WeightsStore*>(store)->at_;
  }
  static bool Always(void*) { return true; }
  static void* ToAddress(void*, size_t at) { return reinterpret_cast<void*>(at); }

  PackedWeights packed_;
  size_t at_ = SIZE_MAX;  // of what was packed or found last
  xnn_weights_cache_provider provider_;
};

}  // namespace insitu::xnn
