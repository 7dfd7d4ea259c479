// Any bytes as a model file with the limits that users have, loaded and not run: what grows large
// although the file is small. How long a run takes is the model's affair; how long a load takes is
// not. Invariant checked: a result or a typed error, and no Buffer stays behind.
#include <memory>

#include "base/buffer.h"
#include "fuzz/load_and_run.h"
#include "fuzz/targets.h"

namespace insitu::test {

void FuzzLoad(FuzzBytes bytes) {
  static const std::unique_ptr<Runtime> runtime = *Runtime::Create(1);
  const int64_t before = LiveBufferBytes();
  if (const auto model = ModelOf(bytes)) {
    const auto session = Session::Load(*model, {}, *runtime);
    if (!session) RequireTyped(session.error());
  }
  Require(LiveBufferBytes() == before, "a Buffer stays behind");
}

}  // namespace insitu::test
