// The XNNPACK backend, seen from session: a factory, so that xnnpack.h stays inside this folder.
#pragma once

#include <memory>

#include "base/error.h"
#include "exec/thread_pool.h"
#include "plan/backend.h"

namespace insitu {

// The pool outlives the backend. Internal when XNNPACK does not support this processor.
Result<std::unique_ptr<Backend>> CreateXnnBackend(const ThreadPool& pool);

}  // namespace insitu
