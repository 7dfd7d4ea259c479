// StoreHalves: constants in half the bytes, within the rounding of float16, and the same layers
// once the passes are done; numbers that float16 does not have stay float32.
#include "quantize/half.h"

#include "quantized_check.h"

namespace insitu::test {
namespace {

constexpr const char* kModel = R"(graph g {
  input x: float32[n,64]
  const w: float32[64,96] = random(1)
  const bias: float32[96] = random(2)
  y = Gemm(x, w, bias) "layer"
  output y
})";

TEST_CASE("a layer is within the rounding of its constants, in half the bytes") {
  const Graph before = Read(kModel);
  const Graph after = Quantized(before, StoreHalves, {}, 1);
  CHECK(Ops(after) == "Cast, Cast, Gemm");
  const auto was = static_cast<double>(AsFile(before).bytes.size());
  CHECK(static_cast<double>(AsFile(after).bytes.size()) < 0.52 * was);
  const Feeds feeds = RandomFeeds(before, 3);
  const Tensor &w = *before.Constant(Named(before, "w")),
               &b = *before.Constant(Named(before, "bias"));
  Tensor bound = LinearBound(before, feeds, 0,
                             [&](size_t i) { return std::abs(w.As<float>()[i]) * 0x1p-11F; });
  bound = Mapped(bound,
                 [&](size_t i, float v) { return v + std::abs(b.As<float>()[i % 96]) * 0x1p-11F; });
  const Tensor want = Value(Evaluate(before, feeds))[0];
  CheckWithin(Value(Evaluate(after, feeds))[0], want, bound);
  CheckWithin(OnEngine(after, feeds), want, bound);
}

TEST_CASE("the passes widen the constants at load, however large they are") {
  PassContext context;
  context.max_folded_bytes = 0;
  CHECK(OpsAfterPasses(Quantized(Read(kModel), StoreHalves, {}, 1), context) == "Gemm");
}

TEST_CASE("one Cast serves all readers") {
  const Graph after = Quantized(Read(R"(graph g {
  input x: float32[8,8]
  const w: float32[8,8] = random(1)
  a = MatMul(x, w) "first"
  y = MatMul(a, w) "second"
  output y
})"),
                                StoreHalves, {}, 2);
  CHECK(Ops(after) == "Cast, MatMul, MatMul");
}

TEST_CASE("what is excluded keeps its constants") {
  QuantizeOptions options;
  options.exclude_nodes = {"layer"};
  Quantized(Read(kModel), StoreHalves, options, 0);
  options = {};
  options.exclude_ops = {"Gemm"};
  Quantized(Read(kModel), StoreHalves, options, 0);
}

// Whether the constant c[64], made of v, is stored as float16 for a reader.
bool IsStored(const std::string& reader, const std::function<float(size_t)>& v) {
  Graph graph = Read(R"(graph g {
  input x: float32[2,64]
  input q: uint8[64,2]
  const c: float32[64] = random(1)
  const zero: uint8[64] = splat(0)
  const ones: float32[64] = splat(1)
  y = )" + reader + "\n output y\n}");
  graph = WithMapped(graph, "c", [&](size_t i, float) { return v(i); });
  return Value(StoreHalves(graph, {})) == 1 && graph.Constant(Named(graph, "c")) == nullptr;
}

TEST_CASE("numbers that float16 does not have stay float32") {
  const auto among_ones = [](float odd) { return [odd](size_t i) { return i == 5 ? odd : 1.0F; }; };
  const std::string add = "Add(x, c)", divide = "Div(x, c)";
  CHECK(IsStored(add, among_ones(65504)));
  CHECK_FALSE(IsStored(add, among_ones(65520)));
  CHECK_FALSE(IsStored(add, among_ones(-3.4e38F)));
  CHECK(IsStored(add, among_ones(-std::numeric_limits<float>::infinity())));
  // Small ones among others: a sum does not notice, a quotient does.
  CHECK(IsStored(add, among_ones(1e-6F)));
  CHECK_FALSE(IsStored(divide, among_ones(1e-6F)));
  CHECK(IsStored(divide, among_ones(0x1p-14F)));
  CHECK(IsStored(divide, among_ones(0)));
  // Small ones alone have lost digits in any case.
  CHECK_FALSE(IsStored(add, [](size_t i) { return 1e-6F * static_cast<float>(i + 1) / 7; }));
}

TEST_CASE("scales of integers stay float32") {
  CHECK_FALSE(IsStored("DequantizeLinear(q, c, zero) {axis=0}", [](size_t) { return 0.5F; }));
  CHECK_FALSE(IsStored("QuantizeLinear(x, c, zero) {axis=1}", [](size_t) { return 0.5F; }));
}

TEST_CASE("few numbers, and those that are an output, stay float32") {
  Graph graph = Read(R"(graph g {
  input x: float32[64]
  const few: float32[63] = random(1)
  const given: float32[64] = random(2)
  a = Concat(x, few) {axis=0}
  y = Add(x, given)
  output a
  output y
  output given
})");
  CHECK(Value(StoreHalves(graph, {})) == 0);
}

}  // namespace
}  // namespace insitu::test
