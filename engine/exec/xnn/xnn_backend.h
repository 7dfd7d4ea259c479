// The XNNPACK backend, seen from session: a factory, so that xnnpack.h stays inside this folder.
#pragma once

#include <memory>

#include "base/error.h"
#include "plan/backend.h"

namespace insitu {

// `threads` includes the caller; with more than 1 a pool lives as long as the backend. Internal
// when XNNPACK does not support this processor.
Result<std::unique_ptr<Backend>> CreateXnnBackend(int threads);

}  // namespace insitu
