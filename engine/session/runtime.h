// Runtime: what all sessions of one engine share: the thread pool and the backends.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "plan/backend.h"

namespace insitu {

class Runtime {
 public:
  // `threads` includes the caller; 1 needs no pool. Internal when XNNPACK cannot start.
  static Result<std::unique_ptr<Runtime>> Create(int threads);
  ~Runtime();

  int threads() const { return threads_; }
  std::span<Backend* const> backends() const { return backend_pointers_; }

 private:
  Runtime() = default;
  int threads_ = 1;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::vector<Backend*> backend_pointers_;
};

}  // namespace insitu
