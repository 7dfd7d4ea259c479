// Stages of a run: extents that fed or computed integers decide, and values that live between
// stages.
#include "exec/graph_runner.h"

#include "ir/text.h"
#include "kernel_fixture.h"
#include "support/evaluate.h"

namespace insitu::test {
namespace {

Graph GraphOf(std::string_view text) {
  Graph graph = Value(Parse(text));
  Check(InferShapes(graph));
  return graph;
}

GraphRunner RunnerOf(const Graph& graph) {
  Backend* const backends[] = {&Xnn(1), &Own()};
  return GraphRunner(Value(Program::Build(graph, backends)));
}

Tensor Longs(std::vector<int64_t> values) {
  return Value(Tensor::From<int64_t>({static_cast<int64_t>(values.size())}, values));
}

// The runner's outputs equal those of the reference, node by node.
void CheckRun(GraphRunner& runner, const Graph& graph, const Feeds& feeds) {
  std::vector<Tensor> inputs;
  for (ValueId id : graph.inputs) inputs.push_back(feeds.at(graph.value(id).name));
  const auto got = Value(runner.Run(inputs, {}));
  const auto want = Value(Evaluate(graph, feeds));
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < got.size(); ++i) CheckClose(got[i], want[i]);
}

TEST_CASE("extents that fed integers decide are planned for each of them") {
  const Graph graph = GraphOf(R"(graph g {
    input x: float32[n,12]
    input shape: int64[2]
    a = Relu(x)
    b = Reshape(a, shape)
    y = Softmax(b)
    output y
  })");
  GraphRunner runner = RunnerOf(graph);
  const Tensor x = RandomTensor(DType::kFloat32, {2, 12}, 1);
  for (const auto& shape : {std::vector<int64_t>{4, 6}, {3, -1}, {24, 1}, {4, 6}})
    CheckRun(runner, graph, {{"x", x}, {"shape", Longs(shape)}});
  const auto refused = runner.Run(std::vector{x, Longs({5, 5})}, {});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().op == "Reshape");
  CheckRun(runner, graph, {{"x", x}, {"shape", Longs({2, 12})}});
}

TEST_CASE("fed integers that decide no extent do not make a plan of their own") {
  const Graph graph = GraphOf(R"(graph g {
    input ids: int64[n]
    input shape: int64[2]
    const table: float32[9,4] = random(3)
    a = Gather(table, ids)
    y = Reshape(a, shape)
    output y
  })");
  GraphRunner runner = RunnerOf(graph);
  for (int64_t i = 0; i < 9; ++i)
    CheckRun(runner, graph, {{"ids", Longs({i, 8 - i})}, {"shape", Longs({4, 2})}});
  CHECK(runner.plan_count() == 1);
  CheckRun(runner, graph, {{"ids", Longs({1, 2})}, {"shape", Longs({2, 4})}});
  CHECK(runner.plan_count() == 2);
}

TEST_CASE("a run goes on in a second stage once computed integers are known") {
  const Graph graph = GraphOf(R"(graph g {
    input x: float32[n,12]
    input wide: float32[2]
    early = Exp(x)
    shape = Cast(wide) {to=7}
    a = Reshape(early, shape)
    b = Softmax(a)
    late = Reshape(early, shape)
    sum = Add(b, late)
    again = Neg(x)
    output sum
    output early
    output again
  })");
  GraphRunner runner = RunnerOf(graph);
  const Tensor x = RandomTensor(DType::kFloat32, {2, 12}, 2);
  for (const auto& [rows, columns] : {std::pair{4.f, 6.f}, {8.f, 3.f}, {4.f, 6.f}}) {
    const float wide[] = {rows, columns};
    CheckRun(runner, graph, {{"x", x}, {"wide", Value(Tensor::From<float>({2}, wide))}});
  }
}

TEST_CASE("a step whose extents only its data tell runs alone") {
  const Graph graph = GraphOf(R"(graph g {
    input start: float32[]
    input limit: float32[]
    input x: float32[n]
    const delta: float32[] = [0.5]
    r = Range(start, limit, delta)
    q = Relu(r)
    a = Neg(x)
    y = Concat(q, a) {axis=0}
    output y
    output r
  })");
  GraphRunner runner = RunnerOf(graph);
  for (const float limit : {2.f, -3.f, 0.75f}) {
    const float start = -1;
    CheckRun(runner, graph,
             {{"start", Value(Tensor::From<float>({}, std::span(&start, 1)))},
              {"limit", Value(Tensor::From<float>({}, std::span(&limit, 1)))},
              {"x", RandomTensor(DType::kFloat32, {3}, 4)}});
  }
}

TEST_CASE("outputs that are inputs or constants are copies") {
  const Graph graph = GraphOf(R"(graph g {
    input x: float32[2]
    const c: float32[2] = [1,2]
    y = Relu(x)
    output x
    output c
    output y
  })");
  GraphRunner runner = RunnerOf(graph);
  const Tensor x = RandomTensor(DType::kFloat32, {2}, 5);
  const auto outputs = Value(runner.Run(std::vector{x}, {}));
  CHECK(outputs[0].data() != x.data());
  CheckClose(outputs[0], x);
  CHECK(outputs[1].As<float>()[1] == 2);
}

TEST_CASE("more extents than are kept, and back") {
  const Graph graph = GraphOf(R"(graph g {
    input x: float32[n,4]
    const w: float32[4,3] = random(6)
    y = MatMul(x, w)
    output y
  })");
  GraphRunner runner = RunnerOf(graph);
  for (int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 10, 2, 0})
    CheckRun(runner, graph,
             {{"x", RandomTensor(DType::kFloat32, {n, 4}, static_cast<uint32_t>(n))}});
  CHECK(runner.plan_count() == 8);
}

}  // namespace
}  // namespace insitu::test
