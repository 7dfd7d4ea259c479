// The text form of graphs. Invariant checked: what parses prints, and what is printed in full
// parses into what prints the same.
#include <limits>

#include "fuzz/targets.h"
#include "ir/text.h"
#include "ir/verify.h"
#include "ops/op_def.h"
#include "support/with_limits.h"

namespace insitu::test {

void FuzzText(FuzzBytes bytes) {
  const WithLimits limits({.max_subgraph_depth = 8,
                           .max_elements = 1 << 16,
                           .max_tensor_bytes = 1 << 18,
                           .max_strings = 1 << 10});
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto graph = Parse(text);
  if (!graph) return RequireTyped(graph.error());
  (void)Verify(*graph);
  const PrintOptions whole{.max_constant_elements = std::numeric_limits<int>::max()};
  const std::string printed = Print(*graph, whole);
  (void)Print(*graph);
  const auto again = Parse(printed);
  Require(again.has_value(), again ? "" : ToString(again.error()) + "\n" + printed);
  Require(Print(*again, whole) == printed, "prints otherwise: " + printed);
  if (const auto inferred = InferShapes(*graph); !inferred) RequireTyped(inferred.error());
}

}  // namespace insitu::test
