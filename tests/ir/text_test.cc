// The text form: everything it can say reads back as the same text; errors name line and column.
#include "ir/text.h"

#include <catch2/catch_test_macros.hpp>
#include <random>

namespace insitu {
namespace {

constexpr std::string_view kEverything = R"(graph 'my net' {
  metadata "author" = "a \"b\" \\ c"
  input x: float32[batch,3,floor((h+1)/2),'odd, name']
  input 'x:0': int64
  input y
  const a: float32[2,2] = [0.5,-1.0,inf,1e-20]
  const b: int8[3] = splat(-128)
  const c: int4[3] = [-8,7,0]
  const d: float16[2] = [0x3c00,0xc000]
  const e: string[2] = ["p","q \"r\""]
  const f: bool[2] = [0,1]
  const g: uint64[1] = [18446744073709551615]
  const s: float64[] = [0.1]
  r: float32[?,4], _, 'input' = com.microsoft.Thing(x, _, a, b, c, d, e, f, g, s) {alpha=1.0, beta=nan, body=graph inner {
    input i: bool[]
    output i
  }, empty=[], flags=[1,-2], list=[0.5,2.0], mode="up", names=["u","v"], nof=floats[], nos=strings[], value=tensor(int64[2] = [1,2])} "the node"
  z = Relu('input')
  output z
  output y
}
)";

TEST_CASE("text reads back as the same text") {
  const auto graph = Parse(kEverything);
  REQUIRE((graph ? "" : ToString(graph.error())) == "");
  CHECK(Print(*graph) == kEverything);
  const Node& node = graph->node(0);
  CHECK(node.domain == "com.microsoft");
  CHECK(node.op == "Thing");
  CHECK(node.Attr<float>("alpha", 0) == 1.0f);
  CHECK(node.Attr<std::vector<int64_t>>("flags", {}) == std::vector<int64_t>{1, -2});
  CHECK(node.Attr<std::vector<float>>("nof", {7.f}).empty());
  CHECK(node.inputs[1] == kNoValue);
  CHECK(node.outputs[1] == kNoValue);
  const Tensor& nibbles = *graph->Constant(node.inputs[4]);
  CHECK(nibbles.bytes()[0] == std::byte{0x78});
}

TEST_CASE("types can be left out, long constants are elided, comments ignored") {
  const auto graph = Parse(R"(graph g { # a comment
    const w: float32[20] = random(1)
    y: float32[20] = Relu(w)   # another
    output y
  })");
  REQUIRE(graph);
  PrintOptions options;
  options.types = false;
  const std::string text = Print(*graph, options);
  CHECK(text.find("y = Relu(w)") != std::string::npos);
  CHECK(text.find("const w: float32[20] = ... ") != std::string::npos);
  const auto elided = Parse(text);
  REQUIRE_FALSE(elided);
  CHECK(elided.error().message.find("elided") != std::string::npos);
  options.max_constant_elements = 20;
  const std::string whole = Print(*graph, options);
  CHECK(Print(*Parse(whole), options) == whole);
}

TEST_CASE("random constants are the same each time and of their range") {
  const auto graph = Parse(R"(graph g {
    const a: float32[64] = random(5)
    const b: int32[64] = random(5)
    y = Op(a, b)
    output y
  })");
  REQUIRE(graph);
  bool negative = false, positive = false;
  for (float value : graph->Constant(graph->node(0).inputs[0])->As<float>()) {
    CHECK((value >= -1 && value < 1));
    negative |= value < -0.1f;
    positive |= value > 0.1f;
  }
  CHECK((negative && positive));
  for (int32_t value : graph->Constant(graph->node(0).inputs[1])->As<int32_t>())
    CHECK((value >= -1000 && value <= 1000));
}

TEST_CASE("errors say where") {
  const auto message = [](std::string_view text) {
    const auto graph = Parse(text);
    REQUIRE_FALSE(graph);
    CHECK(graph.error().code == ErrorCode::kInvalidArgument);
    return graph.error().message;
  };
  CHECK(message("graph g {\n  y = Relu(x)\n}") == "line 2, column 12: 'x' is not defined");
  CHECK(message("graph g {\n  input x\n  x = Relu(x)\n}") ==
        "line 3, column 3: 'x' is defined twice");
  CHECK(message("graph g {\n  input x: float99[2]\n}") ==
        "line 2, column 12: 'float99' is not an element type");
  CHECK(message("graph g {\n  const c: int8[1] = [128]\n}") ==
        "line 2, column 22: '128' is not an element of type int8");
  CHECK(message("graph g {") == "line 1, column 10: expected the name of a value");
  CHECK(message("graph g { } more") == "line 1, column 13: unexpected 'more' behind the graph");
}

TEST_CASE("deep nesting and damaged text end in errors") {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "graph g { y = A() {b=";
  CHECK_FALSE(Parse(deep));
  std::mt19937 random(11);
  for (size_t i = 0; i < kEverything.size(); ++i) {
    (void)Parse(kEverything.substr(0, i));
    std::string damaged(kEverything);
    damaged[i] = static_cast<char>(32 + random() % 95);
    (void)Parse(damaged);
  }
}

}  // namespace
}  // namespace insitu
