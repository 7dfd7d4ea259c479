// Any bytes as a model file with the limits that users have, loaded and not run: what grows large
// although the file is small. How long a run takes is the model's affair; how long a load takes is
// not. What loads is written and read again. Invariant checked: a result or a typed error, what was
// written is written alike once it was read, and no Buffer stays behind.
#include <algorithm>
#include <memory>
#include <optional>

#include "base/buffer.h"
#include "fuzz/load_and_run.h"
#include "fuzz/targets.h"
#include "onnx/export.h"
#include "ops/op_def.h"

namespace insitu::test {
namespace {

ModelBytes Kept(Buffer buffer) {
  const auto owner = std::make_shared<Buffer>(std::move(buffer));
  return {{owner->data(), owner->size()}, owner};
}

// nullopt where the model cannot be imported, or not be written, for a reason that is typed.
std::optional<ModelBytes> Written(const ModelBytes& model) {
  auto imported = ImportModel(model, {});
  if (!imported || !InferShapes(imported->graph)) return std::nullopt;
  auto written = ExportModel(imported->graph);
  if (written) return Kept(*std::move(written));
  RequireTyped(written.error());
  return std::nullopt;
}

void WriteAndRead(const ModelBytes& model) {
  const auto once = Written(model);
  if (!once) return;
  const auto twice = Written(*once);
  Require(twice && std::ranges::equal(once->bytes, twice->bytes), "is written otherwise");
}

}  // namespace

void FuzzLoad(FuzzBytes bytes) {
  static const std::unique_ptr<Runtime> runtime = *Runtime::Create(1);
  const int64_t before = LiveBufferBytes();
  if (const auto model = ModelOf(bytes)) {
    const auto session = Session::Load(*model, {}, *runtime);
    if (!session) RequireTyped(session.error());
    WriteAndRead(*model);
  }
  Require(LiveBufferBytes() == before, "a Buffer stays behind");
}

}  // namespace insitu::test
