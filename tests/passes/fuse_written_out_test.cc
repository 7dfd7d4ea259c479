// Gelu and LayerNormalization written out, in the forms that exporters write, and near misses.
#include "pass_check.h"

namespace insitu::test {
namespace {

const std::string kHead = R"(graph g {
  input x: float32[2,3,8]
  const half: float32[] = [0.5]
  const one: float32[1] = [1]
  const two: float32[] = [2]
  const three: float32[] = [3]
  const root: float32[] = [1.4142135]
  const inverse: float32[] = [0.70710677]
  const c: float32[] = [0.044715]
  const k: float32[] = [0.7978846]
  const eps: float32[] = [0.00001]
  const axes: int64[1] = [-1]
  const first: int64[1] = [0]
  const scale: float32[8] = random(3)
  const bias: float32[8] = random(4)
)";

Graph Fused(PassFn pass, const std::string& body) {
  return ApplyPass(pass, kHead + body + "\n output y\n}");
}

TEST_CASE("Gelu by erf, its factors in any order") {
  const char* const tails[] = {"m = Mul(x, s)\n y = Mul(m, half)",
                               "m = Mul(s, half)\n y = Mul(x, m)",
                               "h = Mul(half, x)\n y = Mul(h, s)"};
  for (const char* tail : tails)
    for (const char* head : {"d = Div(x, root)", "d = Mul(inverse, x)"}) {
      const std::string body = std::string(head) + "\n e = Erf(d)\n s = Add(one, e)\n" + tail;
      CAPTURE(body);
      CHECK(Ops(Fused(FuseGelu, body)) == "Gelu");
    }
}

TEST_CASE("Gelu by tanh") {
  const Graph graph = Fused(FuseGelu, R"(
    p = Pow(x, three)
    q = Mul(p, c)
    a = Add(x, q)
    b = Mul(a, k)
    t = Tanh(b)
    s = Add(t, one)
    h = Mul(x, half)
    y = Mul(h, s))");
  CHECK(Ops(graph) == "Gelu");
  CHECK(graph.node(graph.Order()[0]).Attr("approximate", std::string()) == "tanh");
}

TEST_CASE("a number of more axes than x makes more of the result") {
  CHECK(Ops(ApplyPass(FuseGelu, R"(graph g {
    input x: float32[4]
    const half: float32[] = [0.5]
    const one: float32[1,1,1] = [1]
    const root: float32[] = [1.4142135]
    d = Div(x, root)
    e = Erf(d)
    s = Add(one, e)
    m = Mul(x, s)
    y = Mul(m, half)
    output y
  })")) == "Div, Erf, Add, Mul, Mul");
  CHECK(Ops(ApplyPass(FuseLayerNorm, R"(graph g {
    input x: float32[2,4]
    const two: float32[] = [2]
    const eps: float32[1,1,1,1] = [0.001]
    const scale: float32[4] = random(3)
    m = ReduceMean(x) {axes=[-1], keepdims=1}
    d = Sub(x, m)
    p = Pow(d, two)
    v = ReduceMean(p) {axes=[-1], keepdims=1}
    w = Add(v, eps)
    r = Sqrt(w)
    n = Div(d, r)
    y = Mul(n, scale)
    output y
  })")) == "ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul");
}

TEST_CASE("what is nearly Gelu stays") {
  CHECK(Ops(Fused(
            FuseGelu,
            "d = Div(x, two)\n e = Erf(d)\n s = Add(e, one)\n m = Mul(x, s)\n y = Mul(m, half)")) ==
        "Div, Erf, Add, Mul, Mul");
  CHECK(
      Ops(Fused(
          FuseGelu,
          "d = Div(x, root)\n e = Erf(d)\n s = Add(e, one)\n m = Mul(d, s)\n y = Mul(m, half)")) ==
      "Div, Erf, Add, Mul, Mul");
  CHECK(Ops(ApplyPass(FuseGelu,
                      kHead + "d = Div(x, root)\n e = Erf(d)\n s = Add(e, one)\n m = Mul(x, s)\n"
                              "y = Mul(m, half)\n output y\n output e\n}")) ==
        "Div, Erf, Add, Mul, Mul");
}

const std::string kNorm = R"(
    m = ReduceMean(x, axes)
    d = Sub(x, m)
    q = Pow(d, two)
    v = ReduceMean(q, axes)
    e = Add(v, eps)
    s = Sqrt(e)
    n = Div(d, s)
    g = Mul(n, scale)
    y = Add(g, bias))";

std::string With(const std::string& from, const std::string& to) {
  std::string text = kNorm;
  return text.replace(text.find(from), from.size(), to);
}

TEST_CASE("layer normalization written out") {
  CHECK(Ops(Fused(FuseLayerNorm, kNorm)) == "LayerNormalization");
  CHECK(Ops(Fused(FuseLayerNorm, With("Pow(d, two)", "Mul(d, d)"))) == "LayerNormalization");
  CHECK(Ops(Fused(FuseLayerNorm, With("g = Mul(n, scale)\n    y = Add(g, bias)",
                                      "y = Mul(scale, n)"))) == "LayerNormalization");
}

TEST_CASE("what is nearly layer normalization stays") {
  for (const auto& [from, to] : std::initializer_list<std::pair<const char*, const char*>>{
           {"v = ReduceMean(q, axes)", "v = ReduceMean(q, first)"},
           {"Pow(d, two)", "Pow(d, three)"},
           {"Div(d, s)", "Div(x, s)"},
           {"y = Add(g, bias)", "z = Add(g, bias)\n y = Add(z, d)"}})
    CHECK(Ops(Fused(FuseLayerNorm, With(from, to))).find("LayerNormalization") ==
          std::string::npos);
}

}  // namespace
}  // namespace insitu::test
