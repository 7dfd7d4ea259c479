// Backend and Kernel: what plan asks of the backends, which exec implements and session hands in.
// Invariant: an accepted offer is exact in the sense of "Numbers that must be right"; Create after
// an accepted offer fails only for want of memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/tensor.h"
#include "ops/lowering.h"
#include "ops/op_def.h"
#include "plan/packed_weights.h"

namespace insitu {

// One lowered operator with its weights packed. Shape-free until Reshape; used by one thread.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Adapts to operand extents; called before the first Run and whenever another plan becomes
  // active. Gives the bytes of scratch that Run needs (64-byte aligned, padded like a Buffer), also
  // where size_t does not hold them: Run is not called then.
  virtual Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) = 0;
  // Operands are 64-byte aligned with Buffer's padding around them.
  virtual Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
                     std::byte* scratch) = 0;
  // What it has made of its weights; nullptr where it needs them as they are.
  virtual PackedWeights* packed() { return nullptr; }
  // Of weights, in the kernel's own order.
  virtual size_t packed_bytes() { return packed() ? packed()->bytes() : 0; }
};

struct Offer {
  double cost = 1.0;                 // relative: the reference costs 100
  bool wants_channels_last = false;  // accepted only once the layout pass has put the data so
  bool in_place = false;             // output 0 may share memory with operand 0
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;  // "xnnpack", "kernel"
  // A Refusal says why in words for explain(), for example "only the last axis".
  virtual std::expected<Offer, Refusal> Consider(const LoweredOp& op) const = 0;
  // `packed` is empty, or restored from what Kernel::packed gave for the same operation; then the
  // weights that ForgetWeights drops are not there.
  virtual Result<std::unique_ptr<Kernel>> Create(const LoweredOp& op, PackedWeights packed) = 0;
  // What packed weights depend on besides the program: what this processor can.
  virtual std::string traits() const { return {}; }
  // Whether linear operators of 8-bit data are to be offered in int8 where the model has uint8.
  virtual bool wants_signed_data() const { return false; }
};

}  // namespace insitu
