// Applies one pass to a graph in text form, checks that it verifies and computes the same on random
// feeds, and compares what is left.
#pragma once

#include "ir/text.h"
#include "ir/verify.h"
#include "passes/passes.h"
#include "support/run_op.h"

namespace insitu::test {

// The operators left, in order: "Conv, Relu".
inline std::string Ops(const Graph& graph) {
  std::string ops;
  for (NodeId id : graph.Order()) ops += (ops.empty() ? "" : ", ") + graph.node(id).op;
  return ops;
}

// The graph after the pass, whose results on random feeds must be those of before.
inline Graph ApplyPass(PassFn pass, const std::string& text, PassContext context = {},
                       double tolerance = 1e-5) {
  const Graph before = [&] {
    Graph graph = Value(Parse(text));
    Check(InferShapes(graph));
    return graph;
  }();
  Graph after = before;
  const std::string printed = Print(before);
  const bool changed = Value(pass(after, context));
  Check(Verify(after));
  Check(InferShapes(after));
  CHECK(changed == (Print(after) != printed));
  INFO(Print(after));
  for (uint32_t seed = 1; seed < 4; ++seed) {
    const Feeds feeds = RandomFeeds(before, seed);
    const auto want = Value(Evaluate(before, feeds)), got = Value(Evaluate(after, feeds));
    REQUIRE(got.size() == want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      CheckClose(got[i], want[i], tolerance);
      CHECK(after.value(after.outputs[i]).name == before.value(before.outputs[i]).name);
    }
  }
  return after;
}

}  // namespace insitu::test
