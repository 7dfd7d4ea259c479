// Graph: producers and consumers stay true under every way of rewiring.
#include "ir/graph.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "ir/text.h"
#include "ir/verify.h"

namespace insitu {
namespace {

Graph Make(std::string_view text) {
  auto graph = Parse(text);
  if (!graph) FAIL(ToString(graph.error()));
  return *std::move(graph);
}

ValueId Find(const Graph& graph, std::string_view name) {
  for (size_t i = 0; i < graph.value_count(); ++i)
    if (graph.value(static_cast<ValueId>(i)).name == name) return static_cast<ValueId>(i);
  return kNoValue;
}

// Producer and Consumers against a plain scan of the live nodes.
void CheckLinks(const Graph& graph) {
  const std::vector<NodeId> order = graph.Order();
  for (size_t v = 0; v < graph.value_count(); ++v) {
    const auto id = static_cast<ValueId>(v);
    std::vector<NodeId> readers;
    NodeId producer = kNoNode;
    for (NodeId n : order) {
      if (std::ranges::count(graph.node(n).inputs, id)) readers.push_back(n);
      if (std::ranges::count(graph.node(n).outputs, id)) producer = n;
    }
    REQUIRE(graph.Consumers(id) == readers);
    REQUIRE(graph.Producer(id) == producer);
  }
}

constexpr std::string_view kChain = R"(graph g {
  input x: float32[n]
  a: float32[n] = Relu(x)
  b: float32[n] = Add(a, a)
  c: float32[n] = Mul(b, a)
  output c
})";

TEST_CASE("a node that reads a value twice is one consumer") {
  Graph graph = Make(kChain);
  CHECK(graph.Consumers(Find(graph, "a")) == std::vector<NodeId>{1, 2});
  CHECK(graph.Producer(Find(graph, "x")) == kNoNode);
  graph.SetInput(1, 0, Find(graph, "x"));
  CheckLinks(graph);
  CHECK(graph.Consumers(Find(graph, "a")) == std::vector<NodeId>{1, 2});
  graph.SetInput(1, 1, Find(graph, "x"));
  CheckLinks(graph);
  CHECK(graph.Consumers(Find(graph, "a")) == std::vector<NodeId>{2});
}

TEST_CASE("an output keeps its name when its source is replaced") {
  Graph graph = Make(kChain);
  const ValueId b = Find(graph, "b"), c = Find(graph, "c");
  graph.ReplaceUses(c, b);
  graph.Remove(2);
  CHECK(graph.outputs == std::vector<ValueId>{b});
  CHECK(graph.value(b).name == "c");
  CHECK(graph.value(c).name != "c");
  CheckLinks(graph);
  CHECK(Verify(graph));
}

TEST_CASE("an output whose source would be an input gets an Identity") {
  Graph graph = Make(kChain);
  const ValueId x = Find(graph, "x"), c = Find(graph, "c");
  CHECK(graph.NeedsIdentity(c, x));
  CHECK_FALSE(graph.NeedsIdentity(Find(graph, "a"), x));
  graph.ReplaceUses(c, x);
  graph.Remove(2);
  graph.Remove(1);
  graph.Remove(0);
  CHECK(Print(graph) ==
        "graph g {\n  input x: float32[n]\n  c: float32[n] = Identity(x) \"c_identity\"\n"
        "  output c\n}\n");
  CHECK(Verify(graph));
}

TEST_CASE("the producer of the replacement may go on reading what it replaces") {
  Graph graph = Make(kChain);
  const ValueId a = Find(graph, "a");
  Value value;
  value.name = "negated";
  const ValueId negated = graph.AddValue(std::move(value));
  graph.AddNode({"neg", "", "Neg", {a}, {negated}, {}, false}, 1);
  graph.ReplaceUses(a, negated);
  CheckLinks(graph);
  CHECK(graph.Consumers(a) == std::vector<NodeId>{3});
  CHECK(graph.Consumers(negated) == std::vector<NodeId>{1, 2});
  CHECK(graph.Order() == std::vector<NodeId>{0, 3, 1, 2});
  CHECK(Verify(graph));
}

TEST_CASE("fresh names are free and constants carry their type") {
  Graph graph = Make(kChain);
  CHECK(graph.FreshName("new") == "new");
  CHECK(graph.FreshName("a") != "a");
  const float one = 1;
  const ValueId id = graph.AddConstant("a", *Tensor::From<float>({1}, std::span(&one, 1)));
  CHECK(graph.value(id).name != "a");
  CHECK(graph.value(id).type.dtype == DType::kFloat32);
  CHECK(ToString(*graph.value(id).type.shape) == "[1]");
}

TEST_CASE("links stay true under random rewiring") {
  std::mt19937 random(3);
  Graph graph = Make(kChain);
  auto below = [&](size_t n) { return static_cast<int32_t>(random() % n); };
  for (int step = 0; step < 400; ++step) {
    const std::vector<NodeId> order = graph.Order();
    const auto any_value = [&] { return below(graph.value_count()); };
    if (order.size() < 4 || below(3) == 0) {
      Value value;
      value.name = graph.FreshName("v");
      const ValueId output = graph.AddValue(std::move(value));
      const NodeId before =
          order.empty() || below(2) ? kNoNode : order[static_cast<size_t>(below(order.size()))];
      graph.AddNode(
          {"n" + std::to_string(step), "", "Add", {any_value(), any_value()}, {output}, {}, false},
          before);
    } else if (const NodeId id = order[static_cast<size_t>(below(order.size()))]; below(4) == 0) {
      graph.Remove(id);
    } else if (below(2) == 0) {
      graph.SetInput(id, static_cast<size_t>(below(graph.node(id).inputs.size())),
                     below(6) ? any_value() : kNoValue);
    } else {
      graph.ReplaceUses(any_value(), any_value());
    }
    CheckLinks(graph);
  }
}

TEST_CASE("many insertions at one place keep their order") {
  Graph graph = Make(kChain);
  for (int i = 0; i < 200; ++i) graph.AddNode({"", "", "Nop", {0}, {}, {}, false}, 2);
  CheckLinks(graph);
  CHECK(graph.Order().back() == 2);
  std::vector<NodeId> reversed = graph.Order();
  std::ranges::reverse(reversed);
  graph.SetOrder(reversed);
  CHECK(graph.Order() == reversed);
  CheckLinks(graph);
}

}  // namespace
}  // namespace insitu
