// Workers are not asked to yield after each loop: the pool is built with a short spin, which
// bridges the gap between two operators and ends soon after the last.
#include "exec/thread_pool.h"

#include <pthreadpool.h>

#include <string>

namespace insitu {

Result<std::unique_ptr<ThreadPool>> ThreadPool::Create(int threads) {
  if (threads < 1)
    return Fail(ErrorCode::kInvalidArgument,
                "threads must be at least 1, not " + std::to_string(threads));
  std::unique_ptr<ThreadPool> pool(new ThreadPool);
  if (threads == 1) return pool;
  pool->handle_ = pthreadpool_create(static_cast<size_t>(threads));
  if (!pool->handle_)
    return Fail(ErrorCode::kOutOfMemory, "cannot start " + std::to_string(threads) + " threads",
                "Ask for fewer threads.");
  pool->threads_ = pthreadpool_get_threads_count(pool->handle_);
  return pool;
}

ThreadPool::~ThreadPool() { pthreadpool_destroy(handle_); }

void ThreadPool::Parallelize(size_t tasks, Call call, void* context) const {
  pthreadpool_parallelize_1d_with_thread(handle_, call, context, tasks, 0);
}

}  // namespace insitu
