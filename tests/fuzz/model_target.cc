// Any bytes as a model file: inspected, loaded for the fast backends and for the reference, and run
// on small feeds. Invariant checked: a result or a typed error each, and no Buffer stays behind.
#include <memory>

#include "base/buffer.h"
#include "fuzz/load_and_run.h"
#include "fuzz/targets.h"
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

}  // namespace

void FuzzModel(FuzzBytes bytes) {
  const WithLimits limits(kSmall);
  static const std::unique_ptr<Runtime> runtime = *Runtime::Create(1);
  const int64_t before = LiveBufferBytes();
  LoadAndRun(bytes, *runtime);
  Require(LiveBufferBytes() == before, "a Buffer stays behind");
}

}  // namespace insitu::test
