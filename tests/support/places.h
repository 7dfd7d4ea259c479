// Where tests find files, and what the build can do. The paths are known to one file alone, so that
// a compiler cache serves every checkout.
#pragma once

#include <string>

namespace insitu::test {

/// The checkout, without a slash at its end.
std::string ProjectDir();

/// The models beside the checkout: $INSITU_SHARED/models, or ../shared/models. May not exist.
std::string SharedModelsDir();

/// Whether this build can start threads: the single-threaded WebAssembly flavours cannot.
#if defined(__EMSCRIPTEN__) && !defined(__EMSCRIPTEN_PTHREADS__)
inline constexpr bool kHasThreads = false;
#else
inline constexpr bool kHasThreads = true;
#endif

}  // namespace insitu::test
