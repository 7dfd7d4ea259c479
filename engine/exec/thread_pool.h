// ThreadPool: the threads that XNNPACK's operators and insitu's own kernels share.
// Invariant: one loop at a time, begun by the thread that owns the pool; a loop returns when all of
// its tasks are done.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/error.h"

struct pthreadpool;

namespace insitu {

class ThreadPool {
 public:
  // `threads` includes the caller; with one, tasks run in place. InvalidArgument below 1,
  // OutOfMemory where threads cannot be started.
  static Result<std::unique_ptr<ThreadPool>> Create(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t threads() const { return threads_; }
  pthreadpool* handle() const { return handle_; }  // nullptr: the calling thread alone

  // Whether so many multiplications are done sooner than a second thread wakes.
  bool IsSmall(uint64_t work) const { return threads_ == 1 || work < kSmallWork; }

  // task(index, thread) for every index below `tasks`, in any order; thread is below threads() and
  // no two tasks of one thread run at once. `work`: multiplications of all tasks, about.
  template <class Task>
  void ForEach(size_t tasks, uint64_t work, const Task& task) const {
    if (tasks < 2 || IsSmall(work)) {
      for (size_t index = 0; index < tasks; ++index) task(index, size_t{0});
      return;
    }
    const auto call = [](void* context, size_t thread, size_t index) {
      (*static_cast<const Task*>(context))(index, thread);
    };
    Parallelize(tasks, call, const_cast<Task*>(&task));
  }

  // run(first, count) for ranges that together are `elements`, each of which takes little work.
  template <class Run>
  void ForEachRange(size_t elements, const Run& run) const {
    const size_t ranges = IsSmall(elements) ? 1 : 2 * threads_;
    const size_t each = (elements / ranges + kRangeStep) / kRangeStep * kRangeStep;
    ForEach((elements + each - 1) / each, elements, [&](size_t index, size_t) {
      run(index * each, std::min(each, elements - index * each));
    });
  }

 private:
  static constexpr uint64_t kSmallWork = 64 * 1024;
  static constexpr size_t kRangeStep = 64;  // elements, so that no two ranges share a cache line

  using Call = void (*)(void* context, size_t thread, size_t index);

  ThreadPool() = default;
  void Parallelize(size_t tasks, Call call, void* context) const;

  size_t threads_ = 1;
  pthreadpool* handle_ = nullptr;
};

}  // namespace insitu
