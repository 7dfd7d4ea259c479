// Operator: one xnn_operator_t with its lifetime, and the parts that every XNNPACK kernel shares.
// Invariant: a handle is deleted exactly once; an operator runs only after reshape and setup.
#pragma once

#include <xnnpack.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/tensor.h"
#include "exec/sizes.h"
#include "exec/xnn/xnn_status.h"
#include "ops/quantization.h"

namespace insitu::xnn {

class Operator {
 public:
  Operator() = default;
  Operator(Operator&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Operator& operator=(Operator&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  ~Operator() { Reset(); }

  xnn_operator_t get() const { return handle_; }
  explicit operator bool() const { return handle_ != nullptr; }
  // Where xnn_create_* writes; what was held is deleted first.
  xnn_operator_t* Receive() {
    Reset();
    return &handle_;
  }
  Status Run(pthreadpool_t pool, std::string_view what) const {
    return ToStatus(xnn_run_operator(handle_, pool), what);
  }

 private:
  void Reset() {
    if (handle_) xnn_delete_operator(std::exchange(handle_, nullptr));
  }
  xnn_operator_t handle_ = nullptr;
};

// Scales that XNNPACK accepts; zero, negative, subnormal and non-finite ones are refused.
inline bool IsUsableScale(float scale) { return scale > 0.0f && std::isnormal(scale); }

// How kernels report extents that they cannot process although lowering accepted the node.
inline std::unexpected<Error> CannotReshape(std::string_view what, const Dims& in,
                                            const Dims& out) {
  return Fail(ErrorCode::kUnsupportedOp,
              std::string(what) + " cannot map " + ToString(in) + " to " + ToString(out),
              "Load the model with backend 'reference'.");
}

// XNNPACK counts what it allocates for itself in size_t. LimitExceeded where 32 bits do not do.
inline Status CheckOwnMemory(std::string_view what, uint64_t bytes) {
  if (bytes <= kMostPackedBytes) return {};
  return Fail(ErrorCode::kLimitExceeded,
              std::string(what) + " needs " + std::to_string(bytes) + " bytes beside its tensors",
              "Use a smaller batch or input.");
}

// For the pointers of windows: so many output pixels of an image, of so many taps each.
inline Status CheckWindows(std::string_view what, uint64_t pixels, uint64_t taps) {
  constexpr uint64_t kTile = 32;  // pixels that are added at most, to fill one
  return CheckOwnMemory(what, SizeProduct({pixels + kTile, taps, sizeof(uint64_t)}));
}

}  // namespace insitu::xnn
