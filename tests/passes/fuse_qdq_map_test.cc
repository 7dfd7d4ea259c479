// SinkDequantize and the tables of FuseQdqMap: chains of operators on single elements, written in
// one operator or in many, and operators that move elements in between.
#include "qdq_check.h"

namespace insitu::test {
namespace {

const std::string kHead = R"(graph g {
  input a: uint8[2,4,6]
  const s: float32[] = [0.05]
  const z: uint8[] = [120]
  const sy: float32[] = [0.03]
  const zy: int8[] = [-20]
  const zu: uint8[] = [3]
  const half: float32[] = [0.5]
  const one: float32[1] = [1]
  const root: float32[] = [1.41421356]
  const sizes: int64[2] = [1,3]
  af = DequantizeLinear(a, s, z) "da"
)";

Fused Chain(const std::string& middle, const std::string& zero = "zy") {
  return Fuse(kHead + middle + "\n y = QuantizeLinear(v, sy, " + zero + ")\n output y\n}");
}

TEST_CASE("One operator on elements becomes a table") {
  for (const char* op : {"Sigmoid(af)", "HardSwish(af)", "Exp(af)", "LeakyRelu(af) {alpha=0.2}",
                         "Pow(af, half)", "Div(one, af)", "Max(af, half)"}) {
    CAPTURE(op);
    const Fused fused = Chain(std::string("v = ") + op + " \"f\"");
    REQUIRE(Ops(fused.after) == "ByteMap");
    CHECK(NodeOf(fused.after, "ByteMap").name == "f");
    CHECK(fused.absorbed.contains("da"));
    CheckWithinSteps(fused, 0);
  }
}

TEST_CASE("Gelu and SiLU written out become one table each") {
  const Fused gelu = Chain(R"(
    d = Div(af, root)
    e = Erf(d)
    p = Add(e, one)
    m = Mul(af, p)
    v = Mul(m, half) "gelu")");
  CHECK(Ops(gelu.after) == "ByteMap");
  CheckWithinSteps(gelu, 0);
  // With a quantized value in between, which has its own rounding; also where a QLinearMul could do
  // it.
  for (const char* zero : {"zy", "zu"}) {
    const Fused silu = Chain(R"(
      g = Sigmoid(af)
      q = QuantizeLinear(g, sy, zu)
      r = DequantizeLinear(q, sy, zu)
      v = Mul(af, r))",
                             zero);
    CHECK(Ops(silu.after) == "ByteMap");
    CheckWithinSteps(silu, 0);
  }
}

TEST_CASE("A number of more axes than the data makes no table") {
  const Fused fused = Fuse(R"(graph g {
    input a: uint8
    const s: float32[] = [0.05]
    const z: uint8[] = [9]
    const one: float32[1] = [1]
    f = DequantizeLinear(a, s, z)
    v = Add(f, one)
    y = QuantizeLinear(v, s, z)
    output y
  })");
  CHECK(Ops(fused.after) != "ByteMap");
}

TEST_CASE("A table in between that something else reads stays by itself") {
  const Fused silu = Fuse(kHead + R"(
    g = Sigmoid(af)
    q = QuantizeLinear(g, sy, zu)
    r = DequantizeLinear(q, sy, zu)
    v = Mul(af, r)
    y = QuantizeLinear(v, sy, zy)
    output y
    output q
  })");
  CHECK(Ops(silu.after).find("Mul") != std::string::npos);
  CheckWithinSteps(silu, 0);
}

TEST_CASE("What has other readers, other operands or two sources is no table") {
  CHECK(Ops(Fuse(kHead + R"(
    g = Sigmoid(af)
    y = QuantizeLinear(g, sy, zy)
    output y
    output g
  })")
                .after) == "DequantizeLinear, Sigmoid, QuantizeLinear");
  CHECK(Ops(Fuse(kHead + R"(
    const w: float32[6] = [1,2,3,4,5,6]
    g = Mul(af, w)
    y = QuantizeLinear(g, sy, zy)
    output y
  })")
                .after) == "DequantizeLinear, Mul, QuantizeLinear");
  // The DequantizeLinear may have others: it stays for them.
  const Fused shared = Fuse(kHead + R"(
    g = Sigmoid(af)
    y = QuantizeLinear(g, sy, zy)
    s2 = Softmax(af)
    output y
    output s2
  })");
  CHECK(Ops(shared.after) == "DequantizeLinear, ByteMap, Softmax");
}

TEST_CASE("A long chain of operators is left alone instead of being followed without end") {
  std::string chain = "c0 = Neg(af)\n";
  for (int i = 1; i < 3000; ++i)
    chain += "c" + std::to_string(i) + " = Neg(c" + std::to_string(i - 1) + ")\n";
  CHECK_FALSE(Chain(chain + "v = Neg(c2999)").changed);
}

TEST_CASE("Integers pass through movers, with one output or several") {
  const Fused split = Fuse(kHead + R"(
    l, r = Split(af, sizes) {axis=1}
    t = Transpose(r) {perm=[2,0,1]}
    x = QuantizeLinear(l, s, z)
    y = QuantizeLinear(t, sy, zy)
    output x
    output y
  })");
  CHECK(Ops(split.after) == "Split, Transpose, ByteMap");
  CheckWithinSteps(split, 0);
  const Fused top = Fuse(kHead + R"(
    const k: int64[1] = [2]
    v, i = TopK(af, k)
    y = QuantizeLinear(v, s, z)
    n = ArgMax(af) {axis=1}
    output y
    output i
    output n
  })");
  CHECK(Ops(top.after) == "TopK, ArgMax");
  CheckWithinSteps(top, 0);
}

TEST_CASE("Padding with zeros is padding with the zero point") {
  const std::string pads = "const p: int64[6] = [0,1,0,0,0,2]\n";
  const Fused zeros =
      Fuse(kHead + pads + "v = Pad(af, p)\n y = QuantizeLinear(v, s, z)\n output y\n}");
  CHECK(Ops(zeros.after) == "Pad");
  CheckWithinSteps(zeros, 0);
  const Fused ones =
      Fuse(kHead + pads + "v = Pad(af, p, one)\n y = QuantizeLinear(v, s, z)\n output y\n}");
  CHECK(Ops(ones.after) == "DequantizeLinear, Pad, QuantizeLinear");
}

TEST_CASE("A table of weights is gathered as integers, and scales per channel follow a Transpose") {
  const Fused gather = Fuse(R"(graph g {
    input i: int64[3]
    const w: int8[4,2] = [1,2,3,4,-5,-6,7,100]
    const s: float32[] = [0.5]
    wf = DequantizeLinear(w, s)
    y = Gather(wf, i)
    output y
  })");
  CHECK(Ops(gather.after) == "Gather, DequantizeLinear");
  const Fused product = Fuse(R"(graph g {
    input x: int8[3,4]
    const sx: float32[] = [0.5]
    const w: int8[2,4] = [1,2,3,4,-5,-6,7,100]
    const sw: float32[2] = [0.25,0.5]
    const sy: float32[] = [4]
    xf = DequantizeLinear(x, sx)
    wf = DequantizeLinear(w, sw) {axis=0}
    t = Transpose(wf) {perm=[1,0]}
    m = MatMul(xf, t)
    y = QuantizeLinear(m, sy)
    output y
  })");
  CHECK(Ops(product.after) == "QLinearMatMul");
}

TEST_CASE("Parts of Concat are brought to the quantization of the whole") {
  const Fused fused = Fuse(kHead + R"(
    input b: uint8[2,4,6]
    bf = DequantizeLinear(b, sy, zu)
    v = Concat(af, bf) {axis=1}
    y = QuantizeLinear(v, s, z)
    output y
  })");
  CHECK(Ops(fused.after) == "ByteMap, Concat");
  CheckWithinSteps(fused, 0);
}

TEST_CASE("QLinearConcat is Concat once its parts are alike") {
  const Graph graph = ApplyPass(SplitQLinearConcat, R"(graph g {
    input a: uint8[2,3]
    input b: uint8[2,4]
    const s: float32[] = [0.05]
    const t: float32[] = [0.03]
    const z: uint8[] = [120]
    y = com.microsoft.QLinearConcat(s, z, a, s, z, b, t, z) {axis=1}
    output y
  })");
  CHECK(Ops(graph) == "ByteMap, Concat");
}

TEST_CASE("Softmax and Where become their quantized forms") {
  const Fused softmax = Chain("v = Softmax(af) {axis=1}", "zu");
  CHECK(Ops(softmax.after) == "QLinearSoftmax");
  CheckWithinSteps(softmax, 1);
  const Fused where = Fuse(kHead + R"(
    input c: bool[4,1]
    input b: uint8[6]
    bf = DequantizeLinear(b, sy, zu)
    v = Where(c, af, bf)
    y = QuantizeLinear(v, sy, zu)
    output y
  })");
  CHECK(Ops(where.after) == "QLinearWhere");
  CheckWithinSteps(where, 0);
}

}  // namespace
}  // namespace insitu::test
