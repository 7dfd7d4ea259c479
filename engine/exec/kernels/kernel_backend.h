// The backend of insitu's own kernels: for quantized networks, where they are faster than XNNPACK's
// or XNNPACK does not compute them exactly. Invariant: every integer result equals the formula of
// its operator's file, bit for bit, for every flavour and number of threads. The pool outlives it.
#pragma once

#include <memory>

#include "exec/thread_pool.h"
#include "plan/backend.h"

namespace insitu {

std::unique_ptr<Backend> CreateKernelBackend(const ThreadPool& pool);

}  // namespace insitu
