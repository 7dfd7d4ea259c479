// FuseQdq: what every pattern becomes, as text, and that results stay what they were: bit for bit
// where the integer form is exact, within one step where float rounding stood in between.
#include "qdq_check.h"

namespace insitu::test {
namespace {

constexpr const char* kConv = R"(graph g {
  input x: uint8[1,2,4,4]
  const sx: float32[] = [0.5]
  const zx: uint8[] = [100]
  const w: int8[2,2,1,1] = [3,-4,5,127]
  const sw: float32[2] = [0.25,0.5]
  const zw: int8[2] = [0,0]
  const b: int32[2] = [40,-3]
  const sb: float32[2] = [0.125,0.25]
  const sy: float32[] = [2]
  const zy: uint8[] = [20]
  xf = DequantizeLinear(x, sx, zx) "dx"
  wf = DequantizeLinear(w, sw, zw) {axis=0} "dw"
  bf = DequantizeLinear(b, sb) {axis=0} "db"
  c = Conv(xf, wf, bf) {strides=[2,2]} "conv"
  r = Relu(c) "relu"
  y = QuantizeLinear(r, sy, zy) "q"
  output y
})";

TEST_CASE("A convolution with bias and Relu becomes one QLinearConv") {
  const Fused fused = Fuse(kConv);
  CHECK(fused.changed);
  REQUIRE(Ops(fused.after) == "QLinearConv");
  const Node& node = NodeOf(fused.after, "QLinearConv");
  CHECK(node.name == "conv");
  CHECK(node.Attr<float>("activation_min", 0) == 20.0f);
  CHECK(node.Attr<float>("activation_max", 0) == 255.0f);
  std::string inputs;
  for (ValueId id : node.inputs) inputs += fused.after.value(id).name + " ";
  CHECK(inputs == "x sx zx w sw zw sy zy b ");
  for (const char* name : {"dx", "dw", "db", "relu", "q"}) CHECK(fused.absorbed.contains(name));
  CHECK_FALSE(fused.absorbed.contains("conv"));
  CheckWithinSteps(fused, 0);  // scales are powers of two: the float chain is exact too
}

TEST_CASE("A float bias, or one in other steps, is rounded to accumulator steps") {
  std::string text = Replaced(kConv, "bf = DequantizeLinear(b, sb) {axis=0} \"db\"",
                              "const bf: float32[2] = [5.06, -0.9]");
  Fused fused = Fuse(text);
  REQUIRE(Ops(fused.after) == "QLinearConv");
  const Node& node = NodeOf(fused.after, "QLinearConv");
  CheckClose(*fused.after.Constant(node.inputs[8]), Make<int32_t>({2}, {40, -4}));
  CHECK(fused.absorbed["q"].find("rounded") != std::string::npos);

  fused = Fuse(Replaced(kConv, "sb: float32[2] = [0.125,0.25]", "sb: float32[2] = [1.0,2.0]"));
  REQUIRE(Ops(fused.after) == "QLinearConv");
  CheckClose(*fused.after.Constant(NodeOf(fused.after, "QLinearConv").inputs[8]),
             Make<int32_t>({2}, {320, -24}));
  CheckWithinSteps(fused, 0);
}

TEST_CASE("A convolution without an integer form stays float") {
  // A bias beyond int32, a result that something else reads, weights that are not constant.
  CHECK(Ops(Fuse(Replaced(kConv, "bf = DequantizeLinear(b, sb) {axis=0} \"db\"",
                          "const bf: float32[2] = [1e30, 0]"))
                .after)
            .find("QLinearConv") == std::string::npos);
  CHECK(Ops(Fuse(Replaced(kConv, "output y", "output y\n output c")).after).find("QLinearConv") ==
        std::string::npos);
  CHECK(Ops(Fuse(Replaced(kConv, "const w: int8[2,2,1,1] = [3,-4,5,127]", "input w: int8[2,2,1,1]"))
                .after)
            .find("QLinearConv") == std::string::npos);
  CHECK(
      Ops(Fuse(Replaced(kConv, "{axis=0} \"dw\"", "{axis=1} \"dw\"")).after).find("QLinearConv") ==
      std::string::npos);
}

TEST_CASE("A shared DequantizeLinear serves every reader and goes with the last") {
  const Fused fused = Fuse(Replaced(kConv, "output y", R"(
    e = Exp(xf)
    output y
    output e)"));
  CHECK(Ops(fused.after) == "DequantizeLinear, QLinearConv, Exp");
}

TEST_CASE("Relu6 as Clip becomes a clamp on both sides") {
  const Fused fused = Fuse(Replaced(kConv, "r = Relu(c) \"relu\"", R"(
    const low: float32[] = [0]
    const high: float32[] = [6]
    r = Clip(c, low, high))"));
  const Node& node = NodeOf(fused.after, "QLinearConv");
  CHECK(node.Attr<float>("activation_min", 0) == 20.0f);
  CHECK(node.Attr<float>("activation_max", 0) == 23.0f);
  CheckWithinSteps(fused, 0);
}

constexpr const char* kLinear = R"(graph g {
  input x: int8[3,4]
  const sx: float32[] = [0.5]
  const w: int8[4,2] = [1,2,3,4,-5,-6,7,100]
  const sw: float32[2] = [0.25,0.5]
  const b: float32[2] = [1.5,-2.25]
  const sy: float32[] = [4]
  const zy: int8[] = [-7]
  xf = DequantizeLinear(x, sx)
  wf = DequantizeLinear(w, sw) {axis=1}
  g = Gemm(xf, wf, b) "gemm"
  y = QuantizeLinear(g, sy, zy)
  output y
})";

TEST_CASE("Gemm becomes QGemm and MatMul QLinearMatMul") {
  Fused fused = Fuse(kLinear);
  REQUIRE(Ops(fused.after) == "QGemm");
  CHECK(NodeOf(fused.after, "QGemm").Attr<int64_t>("transB", 9) == 0);
  CheckWithinSteps(fused, 0);
  fused = Fuse(Replaced(kLinear, "Gemm(xf, wf, b)", "MatMul(xf, wf)"));
  REQUIRE(Ops(fused.after) == "QLinearMatMul");
  CheckWithinSteps(fused, 0);
  CHECK(
      Ops(Fuse(Replaced(kLinear, "b) \"gemm\"", "b) {alpha=0.5} \"gemm\"")).after).find("QGemm") ==
      std::string::npos);
}

TEST_CASE("Add, Mul and means become their quantized forms") {
  const std::string head = R"(graph g {
  input a: uint8[1,2,3,3]
  input b: uint8[1,2,3,3]
  const sa: float32[] = [0.11]
  const za: uint8[] = [7]
  const sb: float32[] = [0.23]
  const sy: float32[] = [0.37]
  const zy: uint8[] = [100]
  af = DequantizeLinear(a, sa, za)
  bf = DequantizeLinear(b, sb)
)";
  const auto graph = [&](const std::string& op) {
    const std::string tail = "\n r = Relu(v)\n y = QuantizeLinear(r, sy, zy)\n output y\n}";
    return Fuse(head + "v = " + op + tail);
  };
  Fused fused = graph("Add(af, bf)");
  REQUIRE(Ops(fused.after) == "QLinearAdd");
  CHECK(NodeOf(fused.after, "QLinearAdd").Attr<float>("activation_min", 0) == 100.0f);
  CheckWithinSteps(fused, 0);
  fused = graph("Mul(af, bf)");
  CHECK(Ops(fused.after) == "QLinearMul");
  CheckWithinSteps(fused, 0);
  fused = graph("Sub(af, bf)");
  CHECK(Ops(fused.after) == "QLinearSub");
  CheckWithinSteps(fused, 0);
  fused = graph("Div(af, bf)");
  CHECK(Ops(fused.after) == "QLinearDiv");
  CheckWithinSteps(fused, 0);
  fused = graph("GlobalAveragePool(af)");
  CHECK(Ops(fused.after) == "QLinearGlobalAveragePool");
  CheckWithinSteps(fused, 1);
  fused = graph("AveragePool(af) {kernel_shape=[2,2], pads=[1,0,0,1], count_include_pad=1}");
  CHECK(Ops(fused.after) == "QLinearAveragePool");
  CheckWithinSteps(fused, 1);
}

TEST_CASE("Movers run on the integers where the quantization is the same") {
  const std::string head = R"(graph g {
  input a: uint8[1,2,4,4]
  const s: float32[] = [0.5]
  const z: uint8[] = [7]
  const z1: uint8[1] = [7]
  const other: uint8[] = [8]
  const shape: int64[2] = [2,16]
  const low: float32[] = [1]
  const high: float32[] = [9]
  af = DequantizeLinear(a, s, z)
)";
  const auto graph = [&](const std::string& middle, const std::string& zero = "z1") {
    return Fuse(head + middle + "\n y = QuantizeLinear(v, s, " + zero + ") \"q\"\n output y\n}");
  };
  Fused fused = graph("v = Reshape(af, shape)");
  CHECK(Ops(fused.after) == "Reshape");
  CheckWithinSteps(fused, 0);
  fused = graph("v = MaxPool(af) {kernel_shape=[2,2], strides=[2,2], pads=[1,1,0,0]}");
  CHECK(Ops(fused.after) == "MaxPool");
  CheckWithinSteps(fused, 0);
  fused = graph("v = Concat(af, af) {axis=1}");
  CHECK(Ops(fused.after) == "Concat");
  CheckWithinSteps(fused, 0);
  fused = graph("t = Transpose(af) {perm=[0,2,3,1]}\n v = Clip(t, low, high)");
  CHECK(Ops(fused.after) == "Transpose, Clip");
  CheckWithinSteps(fused, 0);
  fused = graph("v = Relu(af)");
  CHECK(Ops(fused.after) == "Clip");
  CheckWithinSteps(fused, 0);
  fused = graph("v = Reshape(af, shape)", "other");
  CHECK(Ops(fused.after) == "Reshape, ByteMap");
  CheckWithinSteps(fused, 0);
}

TEST_CASE(
    "DequantizeLinear and QuantizeLinear with one quantization cancel, else they are a table") {
  const std::string text = R"(graph g {
  input a: uint8[4]
  const s: float32[] = [0.5]
  const z: uint8[] = [7]
  const s2: float32[] = [0.25]
  a1 = Identity(a)
  af = DequantizeLinear(a1, s, z)
  b = QuantizeLinear(af, s, z)
  y = Identity(b)
  output y
})";
  CHECK(Ops(Fuse(text).after) == "Identity, Identity");
  CheckWithinSteps(Fuse(text), 0);
  const Fused table = Fuse(Replaced(text, "QuantizeLinear(af, s, z)", "QuantizeLinear(af, s2, z)"));
  CHECK(Ops(table.after) == "Identity, ByteMap, Identity");
  CheckWithinSteps(table, 0);
}

}  // namespace
}  // namespace insitu::test
