// The wait of whoever has done its share for the other threads, in our build of pthreadpool. A
// worker that a browser has ended, or that trapped, neither answers nor is reported to a caller
// that blocks. So the wait is cut in looks: when no thread has taken or finished a part of the work
// from one look to the next, LOOKS_UNTIL_LOST times running, the process ends instead of waiting
// for ever. Invariant: a part of the work that takes less than a minute is always waited for. Where
// threads are the system's own, they do not vanish, and the wait is pthreadpool's.
#pragma once

#if defined(__EMSCRIPTEN__)

#define LOOK_MS 1000.0
#define LOOKS_UNTIL_LOST 60

static size_t work_left(struct pthreadpool* threadpool) {
  size_t left = pthreadpool_load_relaxed_size_t(&threadpool->active_threads);
  for (size_t i = 0; i < threadpool->threads_count.value; i++)
    left += pthreadpool_load_relaxed_size_t(&threadpool->threads[i].range_length);
  return left;
}

static void wait_or_end(struct pthreadpool* threadpool) {
  size_t before = work_left(threadpool);
  for (int looks = 0; looks < LOOKS_UNTIL_LOST; looks++) {
    emscripten_futex_wait((volatile void*)&threadpool->has_active_threads, 1, LOOK_MS);
    if (pthreadpool_load_acquire_uint32_t(&threadpool->has_active_threads) == 0) return;
    const size_t left = work_left(threadpool);
    if (left != before) looks = 0;
    before = left;
  }
  abort();
}

#else

static void wait_or_end(struct pthreadpool* threadpool) {
  futex_wait(&threadpool->has_active_threads, 1);
}

#endif
