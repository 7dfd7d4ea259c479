// PoolGeometry: the window of a pooling operation over one set of extents, in XNNPACK's numbers.
// Invariant: every window holds at least one element of the input, because XNNPACK stands in for
// padding by repeating the border (maximum) or by counting what is there (average).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/tensor.h"
#include "ops/lowering.h"
#include "ops/op_def.h"

namespace insitu::xnn {

struct PoolGeometry {
  size_t batch = 0, channels = 0;
  std::array<size_t, 2> input{}, output{};
  std::array<uint32_t, 2> kernel{}, stride{}, dilation{}, pad_begin{}, pad_end{};

  bool IsIdentity() const { return kernel[0] == 1 && kernel[1] == 1; }
};

// Whether the invariant holds for every input; the reason if not. Not for global pooling.
std::optional<Refusal> CheckWindow(const lowered::Pool& op);

// Extents are NHWC, NWC, or of any rank for global pooling; nullopt when they do not fit the
// window.
std::optional<PoolGeometry> ResolvePool(const lowered::Pool& op, const Dims& in, const Dims& out);

}  // namespace insitu::xnn
