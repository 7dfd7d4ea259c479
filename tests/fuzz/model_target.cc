// Any bytes as a model file: inspected, loaded for the fast backends and for the reference, and run
// on small feeds. Invariant checked: a result or a typed error each, and no Buffer stays behind.
#include <algorithm>
#include <memory>

#include "base/buffer.h"
#include "fuzz/targets.h"
#include "session/session.h"
#include "support/with_limits.h"

namespace insitu::test {
namespace {

// So little that an input takes milliseconds.
constexpr Limits kSmall{.max_model_bytes = 1 << 20,
                        .max_initializer_bytes = 16 << 20,
                        .max_nodes = 500,
                        .max_values = 2'000,
                        .max_graph_ends = 64,
                        .max_subgraph_depth = 4,
                        .max_loop_trips = 8,
                        .max_rank = 8,
                        .max_elements = 1 << 12,
                        .max_tensor_bytes = 1 << 16,
                        .max_arena_bytes = 1 << 22,
                        .max_string_bytes = 1 << 16,
                        .max_strings = 1 << 10};

Result<std::vector<NamedTensor>> SmallFeeds(const Session& session) {
  std::vector<NamedTensor> feeds;
  for (const TensorInfo& input : session.inputs()) {
    if (!HasBytes(input.type.dtype))
      return Fail(ErrorCode::kUnsupportedType, "only tensors are fed here");
    Dims dims;
    for (const Dim& dim : input.type.shape.value_or(Shape{}))
      dims.push_back(dim.IsKnown() ? dim.value() : 2);
    INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(input.type.dtype, std::move(dims)));
    std::ranges::fill(std::span(tensor.data(), tensor.size_bytes()), std::byte{1});
    feeds.push_back({input.name, std::move(tensor)});
  }
  return feeds;
}

void LoadAndRun(const ModelBytes& model, bool reference_only, Runtime& runtime) {
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

}  // namespace

void FuzzModel(FuzzBytes bytes) {
  const WithLimits limits(kSmall);
  static const std::unique_ptr<Runtime> runtime = *Runtime::Create(1);
  const int64_t before = LiveBufferBytes();
  if (auto buffer = Buffer::Copy(bytes.data(), bytes.size())) {
    const auto owner = std::make_shared<Buffer>(*std::move(buffer));
    const ModelBytes model{{owner->data(), owner->size()}, owner};
    if (const auto inspected = InspectModel(model, {}); !inspected) RequireTyped(inspected.error());
    LoadAndRun(model, false, *runtime);
    LoadAndRun(model, true, *runtime);
  }
  Require(LiveBufferBytes() == before, "a Buffer stays behind");
}

}  // namespace insitu::test
