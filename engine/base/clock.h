// A monotonic clock in milliseconds; under WebAssembly its step is the browser's.
#pragma once

#include <chrono>

namespace insitu {

inline double NowMs() {
  using Milliseconds = std::chrono::duration<double, std::milli>;
  return Milliseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace insitu
