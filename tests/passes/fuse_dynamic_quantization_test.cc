// FuseDynamicQuantization: the chain that quantize_dynamic writes becomes one node with the same
// results, bit for bit; incomplete chains stay.
#include "ir/text.h"
#include "ir/verify.h"
#include "passes/passes.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

constexpr const char* kLayer = R"(graph g {
  input x: float32[n,3]
  const w: uint8[3,2] = [128,130,1,255,0,128]
  const sw: float32[] = [0.03]
  const zw: uint8[] = [128]
  const bias: float32[2] = [0.5,-1]
  q, s, z = DynamicQuantizeLinear(x) "dq"
  scales = Mul(s, sw) "scales"
  sums = MatMulInteger(q, w, z, zw) "product"
  real = Cast(sums) {to=1} "cast"
  scaled = Mul(real, scales) "mul"
  biased = Add(scaled, bias) "add"
  y = Relu(biased) "relu"
  output y
})";

std::pair<Graph, Graph> Fuse(const std::string& text, bool expected,
                             std::map<std::string, std::string>* absorbed = nullptr) {
  Graph before = Value(Parse(text));
  Check(InferShapes(before));
  Graph after = before;
  PassContext context;
  context.absorbed = absorbed;
  CHECK(Value(FuseDynamicQuantization(after, context)) == expected);
  Check(Verify(after));
  Check(InferShapes(after));
  for (uint32_t seed = 1; seed < 6; ++seed) {
    const Feeds feeds = RandomFeeds(before, seed);
    CheckClose(Value(Evaluate(after, feeds))[0], Value(Evaluate(before, feeds))[0], 0);
  }
  return {std::move(before), std::move(after)};
}

std::string Without(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

TEST_CASE("A dynamically quantized layer becomes one node") {
  std::map<std::string, std::string> absorbed;
  const auto [before, graph] = Fuse(kLayer, true, &absorbed);
  const auto order = graph.Order();
  REQUIRE(order.size() == 1);
  const Node& node = graph.node(order[0]);
  CHECK(node.Is("DynamicQuantizeMatMul", "com.microsoft"));
  CHECK(node.name == "product");
  CHECK(node.Attr<float>("activation_min", -1) == 0.0f);
  for (const char* name : {"dq", "scales", "cast", "mul", "add", "relu"})
    CHECK(absorbed.contains(name));
}

TEST_CASE("Bias, clamp and the order of factors are optional") {
  std::string text = Without(kLayer, "Add(scaled, bias)", "Identity(scaled)");
  CHECK(Fuse(text, true).second.Order().size() == 3);
  text = Without(kLayer, "Mul(real, scales)", "Mul(scales, real)");
  text = Without(text, "Mul(s, sw)", "Mul(sw, s)");
  CHECK(Fuse(text, true).second.Order().size() == 1);
}

TEST_CASE("Several layers share one DynamicQuantizeLinear") {
  const auto [before, graph] = Fuse(Without(kLayer, "output y", R"(
    sums2 = MatMulInteger(q, w, z, zw)
    real2 = Cast(sums2) {to=1}
    y2 = Mul(real2, scales)
    output y
    output y2)"),
                                    true);
  CHECK(graph.Order().size() == 2);
}

TEST_CASE("A chain that is read in between, or uses other scales, stays") {
  Fuse(Without(kLayer, "output y", "output y\n output sums"), false);
  Fuse(Without(kLayer, "Mul(s, sw)", "Mul(s, s)"), false);
  Fuse(Without(kLayer, "MatMulInteger(q, w, z, zw)", "MatMulInteger(q, w)"), false);
}

constexpr const char* kToFloat = R"(graph g {
  input x: float32[n,3]
  const w: int8[3,2] = [-128,13,1,127,0,12]
  const sw: float32[2] = [0.03,0.5]
  const zw: int8[2] = [3,-4]
  const bias: float32[2] = [0.5,-1]
  q, s, z = DynamicQuantizeLinear(x) "dq"
  y = com.microsoft.MatMulIntegerToFloat(q, w, s, sw, z, zw, bias) "product"
  output y
})";

TEST_CASE("MatMulIntegerToFloat behind DynamicQuantizeLinear is the same layer") {
  CHECK(Fuse(kToFloat, true).second.Order().size() == 1);
  std::string text = Without(kToFloat, "y = com", "real = com");
  CHECK(Fuse(Without(text, "output y", "y = Relu(real)\n output y"), true).second.Order().size() ==
        1);
  text = Without(text, ", bias)", ")");
  CHECK(Fuse(Without(text, "output y", "y = Add(real, bias)\n output y"), true)
            .second.Order()
            .size() == 1);
  Fuse(Without(kToFloat, "(q, w, s, sw, z, zw, bias)", "(q, w, s, sw, _, zw, bias)"), false);
}

}  // namespace
}  // namespace insitu::test
