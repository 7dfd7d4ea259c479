// Layers that compute with integers and give reals: dynamically quantized convolutions, and layers
// between DequantizeLinear and a result that nothing quantizes.
#include "pass_check.h"

namespace insitu::test {
namespace {

const std::string kDynamic = R"(graph g {
  input x: float32[1,2,4,4]
  const w: uint8[3,2,3,3] = random(3)
  const sw: float32[] = [0.03]
  const zw: uint8[] = [120]
  const bias: float32[1,3,1,1] = [0.5,-1,2]
  q, s, z = DynamicQuantizeLinear(x)
  scales = Mul(s, sw)
  sums = ConvInteger(q, w, z, zw) {pads=[1,1,1,1]} "conv"
  real = Cast(sums) {to=1}
  scaled = Mul(real, scales)
  y = Add(scaled, bias)
  output y
})";

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("ConvInteger with its scales and bias becomes one node") {
  const Graph graph = ApplyPass(FuseConvInteger, kDynamic, {}, 0);
  CHECK(Ops(graph) == "DynamicQuantizeLinear, ConvIntegerToFloat");
  const Node& node = graph.node(graph.Order()[1]);
  CHECK(node.name == "conv");
  CHECK(node.inputs.size() == 7);
  CHECK(node.Attr("pads", std::vector<int64_t>()).size() == 4);
  // Without a bias, and with one that is none.
  CHECK(Ops(ApplyPass(FuseConvInteger,
                      Replaced(kDynamic, "scaled = Mul(real, scales)\n  y = Add(scaled, bias)",
                               "y = Mul(real, scales)"),
                      {}, 0)) == "DynamicQuantizeLinear, ConvIntegerToFloat");
  CHECK(Ops(ApplyPass(
            FuseConvInteger,
            Replaced(kDynamic, "float32[1,3,1,1] = [0.5,-1,2]", "float32[1,1,1,4] = [0.5,-1,2,3]"),
            {}, 0)) == "DynamicQuantizeLinear, ConvIntegerToFloat, Add");
}

TEST_CASE("sums that something else reads stay sums") {
  CHECK(
      Ops(ApplyPass(FuseConvInteger, Replaced(kDynamic, "output y", "output y\n  output sums"))) ==
      "DynamicQuantizeLinear, Mul, ConvInteger, Cast, Mul, Add");
}

const std::string kStatic = R"(graph g {
  input x: int8[3,4]
  const sx: float32[] = [0.5]
  const zx: int8[] = [5]
  const w: int8[2,4] = [1,2,3,4,-5,-6,7,100]
  const sw: float32[2] = [0.25,0.5]
  const b: float32[2] = [1.5,-2.25]
  xf = DequantizeLinear(x, sx, zx)
  wf = DequantizeLinear(w, sw) {axis=0}
  y = Gemm(xf, wf, b) {transB=1} "layer"
  output y
})";

TEST_CASE("a layer whose result stays float computes with integers") {
  const Graph gemm = ApplyPass(FuseQdqToFloat, kStatic);
  CHECK(Ops(gemm) == "MatMulIntegerToFloat");
  CHECK(gemm.node(gemm.Order()[0]).name == "layer");
  const Graph conv = ApplyPass(FuseQdqToFloat, R"(graph g {
    input x: uint8[1,2,5,5]
    const sx: float32[] = [0.5]
    const zx: uint8[] = [100]
    const w: int8[4,1,3,3] = random(5)
    const sw: float32[] = [0.25]
    const b: int32[4] = [3,-9,1000,8]
    const sb: float32[] = [0.125]
    xf = DequantizeLinear(x, sx, zx)
    wf = DequantizeLinear(w, sw)
    bf = DequantizeLinear(b, sb)
    y = Conv(xf, wf, bf) {group=2, strides=[2,2]}
    output y
  })");
  CHECK(Ops(conv) == "ConvIntegerToFloat");
}

TEST_CASE("weights alone do not make a layer an integer one") {
  CHECK(Ops(ApplyPass(FuseQdqToFloat, Replaced(kStatic, "xf = DequantizeLinear(x, sx, zx)",
                                               "xf = Cast(x) {to=1}"))) ==
        "Cast, DequantizeLinear, Gemm");
  CHECK(Ops(ApplyPass(FuseQdqToFloat, Replaced(kStatic, "{transB=1}", "{transB=1, alpha=0.5}"))) ==
        "DequantizeLinear, DequantizeLinear, Gemm");
}

}  // namespace
}  // namespace insitu::test
