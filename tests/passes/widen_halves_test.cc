#include "pass_check.h"

namespace insitu::test {
namespace {

constexpr double kHalfStep = 4e-3;  // what 16 bits lose in a few operators

// The dtypes of what the nodes give.
std::vector<DType> Types(const Graph& graph) {
  std::vector<DType> types;
  for (NodeId id : graph.Order())
    types.push_back(graph.value(graph.node(id).outputs[0]).type.dtype);
  return types;
}

TEST_CASE("a chain of float16 becomes one of float32 between two casts") {
  PassContext context;
  Graph graph = ApplyPass(WidenHalves, R"(graph g {
    input x: float16[2,3]
    const w: float16[3,4] = random(1)
    const b: float16[4] = random(2)
    a = MatMul(x, w)
    c = Add(a, b)
    y = Relu(c)
    output y
  })",
                          {}, kHalfStep);
  Value(RemoveDeadCode(graph, context));
  CHECK(Ops(graph) == "Cast, MatMul, Add, Relu, Cast");
  CHECK(Types(graph) == std::vector<DType>{DType::kFloat32, DType::kFloat32, DType::kFloat32,
                                           DType::kFloat32, DType::kFloat16});
}

TEST_CASE("bfloat16 and values with readers of both kinds have both forms") {
  ApplyPass(WidenHalves, R"(graph g {
    input x: bfloat16[2,3]
    a = Exp(x)
    y = Neg(a)
    output y
    output a
  })",
            {}, 2e-2);
}

TEST_CASE("casts to and from 16 bits are seen through") {
  PassContext context;
  Graph graph = ApplyPass(WidenHalves, R"(graph g {
    input x: float32[4]
    input n: int32[4]
    h = Cast(x) {to=10}
    m = Cast(n) {to=10}
    a = Mul(h, m)
    y = Cast(a) {to=1}
    output y
  })",
                          {}, kHalfStep);
  Value(RemoveIdentities(graph, context));
  Value(RemoveDeadCode(graph, context));
  CHECK(Ops(graph) == "Cast, Mul");
}

TEST_CASE("tables stay as they are, rows are widened") {
  PassContext context;
  Graph graph = ApplyPass(WidenHalves, R"(graph g {
    const i: int64[3] = [4,0,2]
    const t: float16[5,8] = random(3)
    r = Gather(t, i)
    y = Abs(r)
    output y
  })",
                          {}, 0);
  Value(RemoveDeadCode(graph, context));
  CHECK(Ops(graph) == "Gather, Cast, Abs, Cast");
}

TEST_CASE("operators whose attributes say 16 bits stay as they are") {
  PassContext context;
  Graph graph = ApplyPass(WidenHalves, R"(graph g {
    input x: float16[2,2]
    e = EyeLike(x) {dtype=10}
    output e
  })",
                          {}, 0);
  Value(RemoveDeadCode(graph, context));
  CHECK(Ops(graph) == "EyeLike");
}

TEST_CASE("sequences keep the type of their elements") {
  Graph graph = Value(Parse(R"(graph g {
    input x: float16[2]
    s = SequenceConstruct(x, x)
    output s
  })"));
  Check(InferShapes(graph));
  PassContext context;
  CHECK_FALSE(Value(WidenHalves(graph, context)));
}

TEST_CASE("bodies stay as they are, and everything for the reference") {
  for (const char* text : {R"(graph g {
    input c: bool[]
    input x: float16[2]
    y = If(c, x) {
      then_branch=graph then { input v: float16[2] r = Abs(v) output r },
      else_branch=graph else { input v: float16[2] r = Neg(v) output r }, formal_inputs=1
    }
    output y
  })",
                           "graph g { input x: float16[2] y = Abs(x) output y }"}) {
    Graph graph = Value(Parse(text));
    Check(InferShapes(graph));
    PassContext context;
    context.widens_halves = graph.inputs.size() == 2;
    const std::string before = Print(graph);
    CHECK_FALSE(Value(WidenHalves(graph, context)));
    CHECK(Print(graph) == before);
  }
}

}  // namespace
}  // namespace insitu::test
