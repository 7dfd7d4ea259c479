// FoldBatchNorm, FuseBias and FuseActivations.
#include "ops/activation.h"
#include "passes/pass_check.h"

namespace insitu::test {
namespace {

const std::string kNorm = R"(
    const scale: float32[4] = [1,2,0.5,-1]
    const shift: float32[4] = [0,1,-1,3]
    const mean: float32[4] = [0.5,-0.5,1,0]
    const variance: float32[4] = [1,4,0.25,2]
)";

std::string WithNorm(const std::string& body) { return "graph g {" + kNorm + body + "}"; }

}  // namespace

TEST_CASE("BatchNormalization goes into the convolution in front", "[passes]") {
  for (const char* conv :
       {"Conv(x, w) {pads=[1,1,1,1]}", "Conv(x, w, b) {pads=[1,1,1,1]}", "Conv(x, w2) {group=2}"}) {
    const Graph graph = ApplyPass(FoldBatchNorm, WithNorm(R"(
    input x: float32[n,2,5,5]
    const w: float32[4,2,3,3] = random(3)
    const w2: float32[4,1,3,3] = random(4)
    const b: float32[4] = random(5)
    c = )" + std::string(conv) + R"(
    y = BatchNormalization(c, scale, shift, mean, variance) {epsilon=0.001}
    output y
  )"));
    CHECK(Ops(graph) == "Conv");
  }
}

TEST_CASE("BatchNormalization elsewhere becomes Mul and Add", "[passes]") {
  CHECK(Ops(ApplyPass(FoldBatchNorm, WithNorm(R"(
    input x: float32[n,4,5,5]
    y = BatchNormalization(x, scale, shift, mean, variance)
    output y
  )"))) == "Mul, Add");
  CHECK(Ops(ApplyPass(FoldBatchNorm, WithNorm(R"(
    input x: float32[n,4]
    y = BatchNormalization(x, scale, shift, mean, variance)
    output y
  )"))) == "Mul, Add");
}

TEST_CASE("a convolution that others read keeps its weights", "[passes]") {
  CHECK(Ops(ApplyPass(FoldBatchNorm, WithNorm(R"(
    input x: float32[n,2,5,5]
    const w: float32[4,2,3,3] = random(3)
    c = Conv(x, w)
    y = BatchNormalization(c, scale, shift, mean, variance)
    z = Relu(c)
    output y
    output z
  )"))) == "Conv, Mul, Add, Relu");
}

TEST_CASE("an addition per channel becomes the bias", "[passes]") {
  for (const char* add : {"Add(c, k)", "Add(k, c)", "Add(c, one)"})
    CHECK(Ops(ApplyPass(FuseBias, R"(graph g {
    input x: float32[n,2,5,5]
    const w: float32[4,2,3,3] = random(3)
    const k: float32[4,1,1] = [1,2,3,4]
    const one: float32[] = [0.5]
    c = Conv(x, w)
    y = )" + std::string(add) + R"(
    output y
  })")) == "Conv");
  CHECK(Ops(ApplyPass(FuseBias, R"(graph g {
    input x: float32[n,3]
    const w: float32[3,4] = random(3)
    const k: float32[4] = [1,2,3,4]
    m = MatMul(x, w)
    y = Add(k, m)
    output y
  })")) == "Gemm");
}

TEST_CASE("an addition along another axis stays", "[passes]") {
  CHECK(Ops(ApplyPass(FuseBias, R"(graph g {
    input x: float32[n,2,6,6]
    const w: float32[4,2,3,3] = random(3)
    const k: float32[4] = [1,2,3,4]
    c = Conv(x, w)
    y = Add(c, k)
    output y
  })")) == "Conv, Add");
  CHECK(Ops(ApplyPass(FuseBias, R"(graph g {
    input x: float32[3,3]
    const w: float32[3,4] = random(3)
    const k: float32[3,1] = [1,2,3]
    m = MatMul(x, w)
    y = Add(m, k)
    output y
  })")) == "MatMul, Add");
}

// The last axis of a product is that of its channels, whatever its rank.
TEST_CASE("an addition per column of a quantized product of three axes becomes its bias") {
  const auto fused = [](const std::string& constant) {
    return Ops(ApplyPass(FuseBias, R"(graph g {
      input x: uint8[2,4,3]
      const w: int8[3,4] = random(3)
      const s: float32[] = [0.5]
      const sw: float32[] = [0.25]
      const z: uint8[] = [7]
      const k: )" + constant + R"(
      m = com.microsoft.MatMulIntegerToFloat(x, w, s, sw, z)
      y = Add(m, k)
      output y
    })"));
  };
  CHECK(fused("float32[4] = [1,2,3,4]") == "MatMulIntegerToFloat");
  CHECK(fused("float32[1,1,4] = [1,2,3,4]") == "MatMulIntegerToFloat");
  CHECK(fused("float32[] = [2]") == "MatMulIntegerToFloat");
  CHECK(fused("float32[4,1] = [1,2,3,4]") == "MatMulIntegerToFloat, Add");
  CHECK(fused("float32[1,1,1,1] = [2]") == "MatMulIntegerToFloat, Add");
}

TEST_CASE("Relu and Clip become the activation of their producer", "[passes]") {
  const Graph graph = ApplyPass(FuseActivations, R"(graph g {
    input x: float32[n,2,5,5]
    const w: float32[4,2,3,3] = random(3)
    const low: float32[] = [0.25]
    const high: float32[] = [6]
    c = Conv(x, w)
    r = Relu(c)
    d = Clip(r, low, high)
    a = Add(d, d)
    y = Relu(a)
    output y
  })");
  CHECK(Ops(graph) == "Conv, Add");
  const Clamp clamp = ActivationOf(graph.node(graph.Order()[0]));
  CHECK(clamp.min == 0.25f);
  CHECK(clamp.max == 6.0f);
}

TEST_CASE("bounds of float64 stay what they are") {
  CHECK(Ops(ApplyPass(FuseActivations, R"(graph g {
    input x: float64[3]
    const low: float64[] = [-0.1]
    const high: float64[] = [0.1]
    a = Add(x, x)
    y = Clip(a, low, high)
    output y
  })",
                      {}, 0)) == "Add, Clip");
}

TEST_CASE("an activation stays where others read its input or it is an integer", "[passes]") {
  CHECK(Ops(ApplyPass(FuseActivations, R"(graph g {
    input x: float32[3]
    input n: int32[3]
    a = Add(x, x)
    y = Relu(a)
    z = Neg(a)
    b = Add(n, n)
    w = Relu(b)
    output y
    output z
    output w
  })")) == "Add, Relu, Neg, Add, Relu");
}

}  // namespace insitu::test
