// Runtime: what all sessions of one engine share: the thread pool and the backends.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "exec/thread_pool.h"
#include "plan/backend.h"

namespace insitu {

class Runtime {
 public:
  // `threads` includes the caller; 1 needs no pool. Internal when XNNPACK cannot start.
  static Result<std::unique_ptr<Runtime>> Create(int threads);
  ~Runtime();

  int threads() const { return static_cast<int>(pool_->threads()); }
  // What kept sessions depend on besides the build: equal for runtimes that may restore each
  // other's.
  std::string traits() const;
  std::span<Backend* const> backends() const { return backend_pointers_; }
  // What SessionOptions::without can name: optimisations of the graph, and backends.
  std::vector<std::string> Switches() const;

 private:
  Runtime() = default;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<std::unique_ptr<Backend>> backends_;
  std::vector<Backend*> backend_pointers_;
};

}  // namespace insitu
