// What must end well whatever the bytes are: a model is inspected, loaded and run on small feeds.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "fuzz/targets.h"
#include "session/session.h"
#include "support/ones.h"

namespace insitu::test {

// Ones for every input; extents that are open are 2.
inline Result<std::vector<NamedTensor>> SmallFeeds(const Session& session) {
  std::vector<NamedTensor> feeds;
  for (const TensorInfo& input : session.inputs()) {
    if (!HasBytes(input.type.dtype))
      return Fail(ErrorCode::kUnsupportedType, "only tensors are fed here");
    Dims dims;
    for (const Dim& dim : input.type.shape.value_or(Shape{}))
      dims.push_back(dim.IsKnown() ? dim.value() : 2);
    INSITU_ASSIGN(Tensor tensor, Ones(input.type.dtype, std::move(dims)));
    feeds.push_back({input.name, std::move(tensor)});
  }
  return feeds;
}

// A result or a typed error; anything else ends the process.
inline void LoadAndRun(const ModelBytes& model, bool reference_only, Runtime& runtime) {
  SessionOptions options;
  options.reference_only = reference_only;
  auto session = Session::Load(model, options, runtime);
  if (!session) return RequireTyped(session.error());
  const auto feeds = SmallFeeds(**session);
  if (!feeds) return;
  for (int run = 0; run < 2; ++run) {
    const auto results = (*session)->Run(*feeds);
    if (!results) RequireTyped(results.error());
  }
}

// The bytes as a model file that could be inspected; nullopt where that failed well.
inline std::optional<ModelBytes> ModelOf(FuzzBytes bytes) {
  auto buffer = Buffer::Copy(bytes.data(), bytes.size());
  Require(buffer.has_value(), "there is no memory for an input");
  const auto owner = std::make_shared<Buffer>(*std::move(buffer));
  ModelBytes model{{owner->data(), owner->size()}, owner};
  if (const auto inspected = InspectModel(model, {}); !inspected) {
    RequireTyped(inspected.error());
    return std::nullopt;
  }
  return model;
}

// By the fast backends and by the reference.
inline void LoadAndRun(FuzzBytes bytes, Runtime& runtime) {
  if (const auto model = ModelOf(bytes))
    for (const bool reference_only : {false, true}) LoadAndRun(*model, reference_only, runtime);
}

}  // namespace insitu::test
