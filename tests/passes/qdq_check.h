// What the tests of QDQ fusion share: a graph in text form through SinkDequantize and FuseQdq, what
// is left of it, and how far results are from those of before.
#pragma once

#include "pass_check.h"

namespace insitu::test {

struct Fused {
  Graph before, after;
  std::map<std::string, std::string> absorbed;
  bool changed = false;
};

inline Fused Fuse(const std::string& text) {
  Fused fused;
  fused.before = Value(Parse(text));
  Check(InferShapes(fused.before));
  fused.after = fused.before;
  PassContext context;
  context.absorbed = &fused.absorbed;
  for (PassFn pass : {SinkDequantize, FoldConstants, FuseQdq}) {
    fused.changed = Value(pass(fused.after, context)) || fused.changed;
    Check(InferShapes(fused.after));
  }
  Check(Verify(fused.after));
  Check(InferShapes(fused.after));
  return fused;
}

inline const Node& NodeOf(const Graph& graph, std::string_view op) {
  for (NodeId id : graph.Order())
    if (graph.node(id).op == op) return graph.node(id);
  FAIL("no " << op << " in:\n" << Print(graph));
  return graph.node(0);
}

// Largest difference of an output in steps of the quantization.
inline void CheckWithinSteps(const Fused& fused, int64_t steps) {
  for (uint32_t seed = 1; seed < 6; ++seed) {
    const Feeds feeds = RandomFeeds(fused.before, seed);
    const auto want = Value(Evaluate(fused.before, feeds));
    const auto got = Value(Evaluate(fused.after, feeds));
    REQUIRE(got.size() == want.size());
    for (size_t k = 0; k < want.size(); ++k) {
      REQUIRE(got[k].dtype() == want[k].dtype());
      REQUIRE(got[k].dims() == want[k].dims());
      for (int64_t i = 0; i < want[k].elements(); ++i)
        REQUIRE(std::abs(LoadInteger(got[k].View(), i) - LoadInteger(want[k].View(), i)) <= steps);
    }
  }
}

inline std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace insitu::test
