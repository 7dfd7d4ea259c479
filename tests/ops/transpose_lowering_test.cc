// Transpose lowers to an alias when only extents of 1 change places, else to a Permute.
#include <catch2/catch_test_macros.hpp>

#include "ir/text.h"
#include "support/evaluate.h"

namespace insitu::test {
namespace {

bool IsAlias(const std::string& input) {
  Graph graph = Value(Parse("graph g {\n input x: " + input +
                            "\n y = Transpose(x) {perm=[0,2,3,1]}\n output y\n}"));
  Check(InferShapes(graph));
  const Node& node = graph.node(graph.Order()[0]);
  const Lowering lowering = FindOp("Transpose", "")->lower(LowerContext(graph, node));
  REQUIRE(lowering.has_value());
  return std::holds_alternative<lowered::Reshape>(lowering->op);
}

}  // namespace

TEST_CASE("a Transpose that moves no bytes is an alias", "[ops]") {
  CHECK(IsAlias("float32[n,8,1,1]"));
  CHECK(IsAlias("float32[n,1,4,5]"));
  CHECK(!IsAlias("float32[n,8,2,1]"));
  CHECK(!IsAlias("float32[1,8,h,1]"));
}

}  // namespace insitu::test
