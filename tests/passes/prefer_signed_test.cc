// PreferSigned: whole regions turn from uint8 to int8 with the same results, bit for bit, and
// convert exactly at their edges.
#include "ir/text.h"
#include "ir/verify.h"
#include "passes/passes.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

Graph Turn(const std::string& text, bool expected = true) {
  Graph before = Value(Parse(text));
  Check(InferShapes(before));
  Graph after = before;
  PassContext context;
  CHECK(Value(PreferSigned(after, context)) == expected);
  Check(Verify(after));
  Check(InferShapes(after));
  for (uint32_t seed = 1; seed < 6; ++seed) {
    const Feeds feeds = RandomFeeds(before, seed);
    const auto want = Value(Evaluate(before, feeds)), got = Value(Evaluate(after, feeds));
    REQUIRE(got.size() == want.size());
    for (size_t i = 0; i < want.size(); ++i) CheckClose(got[i], want[i], 0);
  }
  CHECK_FALSE(Value(PreferSigned(after, context)));
  return after;
}

std::string Ops(const Graph& graph) {
  std::string ops;
  for (NodeId id : graph.Order()) ops += (ops.empty() ? "" : ", ") + graph.node(id).op;
  return ops;
}

// Parameters of every quantized step of these graphs.
const std::string kHead = R"(graph g {
  const s: float32[] = [0.05]
  const z: uint8[] = [114]
  const w: int8[2,2,1,1] = [3,-4,5,127]
  const w128: uint8[2,2,1,1] = [130,100,0,255]
  const z128: uint8[] = [128]
  const z127: uint8[] = [127]
  const zw: int8[] = [0]
  const low: uint8[] = [100]
)";

TEST_CASE("From QuantizeLinear to DequantizeLinear everything turns, clamps too") {
  const Graph graph = Turn(kHead + R"(
    input x: float32[1,2,3,3]
    q = QuantizeLinear(x, s, z)
    c = QLinearConv(q, s, z, w, s, zw, s, z) {activation_min=114.0, activation_max=200.0}
    m = MaxPool(c) {kernel_shape=[2,2], pads=[1,1,1,1]}
    k = Clip(m, low)
    a = com.microsoft.QLinearAdd(k, s, z, k, s, z, s, z)
    p = com.microsoft.QLinearGlobalAveragePool(a, s, z, s, z)
    y = DequantizeLinear(p, s, z)
    output y
  })");
  CHECK(Ops(graph) ==
        "QuantizeLinear, QLinearConv, MaxPool, Clip, QLinearAdd, "
        "QLinearGlobalAveragePool, DequantizeLinear");
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    if (node.op != "DequantizeLinear")
      CHECK(Name(graph.value(node.outputs[0]).type.dtype) == "int8");
    if (node.op != "QLinearConv") continue;
    CHECK(node.Attr<float>("activation_min", 0) == -14.0f);
    CHECK(node.Attr<float>("activation_max", 0) == 72.0f);
    CheckClose(*graph.Constant(node.inputs[2]), Make<int8_t>({}, {-14}));
  }
}

TEST_CASE("Graph inputs, outputs and foreign readers keep uint8 behind a FlipSign") {
  const Graph graph = Turn(kHead + R"(
    input q: uint8[1,2,3,3]
    c = QLinearConv(q, s, z, w, s, zw, s, z)
    d = QLinearConv(c, s, z, w, s, zw, s, z)
    f = Cast(c) {to=1}
    output d
    output f
  })");
  CHECK(Ops(graph) == "FlipSign, QLinearConv, QLinearConv, FlipSign, Cast, FlipSign");
  CHECK(graph.value(graph.outputs[0]).name == "d");
}

TEST_CASE("Weights with zero point 128 turn with their region, constants and omitted zeros too") {
  const Graph graph = Turn(kHead + R"(
    input x: float32[1,2,3,3]
    const k: uint8[2,1,1] = [5,250]
    q = QuantizeLinear(x, s)
    c = QLinearConv(q, s, z, w128, s, z128, s, z)
    a = com.microsoft.QLinearMul(c, s, z, k, s, z, s, z)
    y = DequantizeLinear(a, s)
    output y
  })");
  CHECK(Ops(graph).find("FlipSign") == std::string::npos);
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    if (node.op != "QLinearConv") continue;
    CheckClose(*graph.Constant(node.inputs[3]), Make<int8_t>({2, 2, 1, 1}, {2, -28, -128, 127}));
    CheckClose(*graph.Constant(node.inputs[5]), Make<int8_t>({}, {0}));
  }
}

TEST_CASE("A region whose weights are asymmetric stays unsigned") {
  Turn(kHead + R"(
    input x: float32[1,2,3,3]
    q = QuantizeLinear(x, s, z)
    c = QLinearConv(q, s, z, w128, s, z127, s, z)
    y = DequantizeLinear(c, s, z)
    output y
  })",
       false);
}

}  // namespace
}  // namespace insitu::test
