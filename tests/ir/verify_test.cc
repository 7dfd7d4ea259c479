// Verify finds each structural fault and names the place.
#include "ir/verify.h"

#include <catch2/catch_test_macros.hpp>

#include "ir/text.h"

namespace insitu {
namespace {

Error Fault(const Graph& graph) {
  const Status status = Verify(graph);
  REQUIRE_FALSE(status);
  CHECK(status.error().code == ErrorCode::kInvalidModel);
  CHECK_FALSE(status.error().hint.empty());
  return status.error();
}

Graph Make(std::string_view text) {
  auto graph = Parse(text);
  if (!graph) FAIL(ToString(graph.error()));
  return *std::move(graph);
}

TEST_CASE("a sound graph passes, inputs and constants may be outputs") {
  CHECK(Verify(
      Make("graph g { input x const c: int8[1] = [1] y = Add(x, c) output y output x output c }")));
  CHECK(Verify(Graph()));
}

TEST_CASE("reading ahead and cycles") {
  const Error ahead =
      Fault(Make("graph g { input x a = Add(x, b) \"first\" b = Relu(x) output a }"));
  CHECK(ahead.node == "first");
  CHECK(ahead.op == "Add");
  CHECK(ahead.message.find("'b'") != std::string::npos);
  CHECK(Fault(Make("graph g { a = Relu(a) \"self\" output a }")).node == "self");
}

TEST_CASE("missing sources") {
  Graph graph = Make("graph g { input x y = Relu(x) output y }");
  Value value;
  value.name = "nowhere";
  const ValueId nowhere = graph.AddValue(std::move(value));
  Graph reads = graph;
  reads.SetInput(0, 0, nowhere);
  CHECK(Fault(reads).message.find("'nowhere'") != std::string::npos);
  graph.outputs = {nowhere};
  CHECK(Fault(graph).message.find("'nowhere'") != std::string::npos);
}

TEST_CASE("two producers, writing inputs and constants, doubled inputs") {
  Graph graph = Make(
      "graph g { input x const c: int8[1] = [1] y = Relu(x) \"a\" z = Relu(c) \"b\" output y "
      "output z }");
  const Node& first = graph.node(0);
  const ValueId x = first.inputs[0], y = first.outputs[0], c = graph.node(1).inputs[0];
  for (ValueId target : {y, x, c}) {
    Graph broken = graph;
    broken.Connect(1, {x}, {target});
    CHECK_FALSE(Fault(broken).node.empty());
  }
  graph.inputs.push_back(x);
  CHECK(Fault(graph).message.find("twice") != std::string::npos);
}

TEST_CASE("indices out of range and doubled names") {
  const Graph graph = Make("graph g { input x y = Relu(x) output y }");
  for (ValueId bad : {ValueId{99}, ValueId{-7}}) {
    Graph broken = graph;
    broken.outputs = {bad};
    Fault(broken);
    broken = graph;
    broken.inputs = {bad};
    Fault(broken);
    broken = graph;
    broken.node(0).inputs = {bad};
    CHECK(Fault(broken).op == "Relu");
  }
  Graph doubled = graph;
  doubled.value(doubled.outputs[0]).name = "x";
  CHECK(Fault(doubled).message.find("'x'") != std::string::npos);
}

}  // namespace
}  // namespace insitu
