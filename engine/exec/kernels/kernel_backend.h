// The backend of insitu's own kernels, for what quantized networks need and XNNPACK does not
// compute exactly: portable loops that the compiler turns into SIMD. Invariant: every integer
// result equals the formula of its operator's file, bit for bit.
#pragma once

#include <memory>

#include "plan/backend.h"

namespace insitu {

std::unique_ptr<Backend> CreateKernelBackend();

}  // namespace insitu
