// Sorting: stable where it can be, whole where it must be, honest about cycles.
#include "ir/sort.h"

#include <catch2/catch_test_macros.hpp>

#include "ir/text.h"
#include "ir/verify.h"

namespace insitu {
namespace {

TEST_CASE("nodes in any order are sorted, stably") {
  auto graph = Parse(R"(graph g {
    input x
    d = Add(b, c) "d"
    c = Relu(x) "c"
    b = Add(c, x) "b"
    a = Relu(x) "a"
    output d
    output a
  })");
  REQUIRE(graph);
  CHECK_FALSE(Verify(*graph));
  REQUIRE(SortTopologically(*graph));
  CHECK(Verify(*graph));
  std::string names;
  for (NodeId id : graph->Order()) names += graph->node(id).name;
  CHECK(names == "cbda");
  const std::string once = Print(*graph);
  REQUIRE(SortTopologically(*graph));
  CHECK(Print(*graph) == once);
}

TEST_CASE("a sorted graph stays as it is") {
  auto graph = Parse("graph g { input x a = A(x) b = B(x) c = C(a, b) output c }");
  REQUIRE(graph);
  const std::string before = Print(*graph);
  REQUIRE(SortTopologically(*graph));
  CHECK(Print(*graph) == before);
}

TEST_CASE("a cycle names a node in it, not one behind it") {
  auto graph = Parse(R"(graph g {
    input x
    after = Relu(q) "after"
    p = Add(x, q) "p"
    q = Relu(p) "q"
    output after
  })");
  REQUIRE(graph);
  const Status status = SortTopologically(*graph);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ErrorCode::kInvalidModel);
  CHECK((status.error().node == "p" || status.error().node == "q"));
}

}  // namespace
}  // namespace insitu
