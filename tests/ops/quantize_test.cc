// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear: hand values, granularities, edges.
#include "ir/text.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST_CASE("QuantizeLinear rounds halves to even, saturates and survives what is not a number") {
  const Tensor x = Floats({9}, {1, 3, -1, 5, 1000, -1000, kInfinity, -kInfinity, NAN});
  CheckClose(RunOp("QuantizeLinear", {x, Floats({}, {2}), Make<uint8_t>({}, {10})}),
             Make<uint8_t>({9}, {10, 12, 10, 12, 255, 0, 255, 0, 0}));
  CheckClose(RunOp("QuantizeLinear", {x, Floats({1}, {2}), Make<int8_t>({1}, {-128})}),
             Make<int8_t>({9}, {-128, -126, -128, -126, 127, -128, 127, -128, -128}));
  CheckClose(RunOp("QuantizeLinear", {Floats({2}, {-7, 300}), Floats({}, {1})}),
             Make<uint8_t>({2}, {0, 255}));
}

TEST_CASE("QuantizeLinear divides instead of multiplying by a reciprocal") {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(0.001f, 1.0f);
  for (int round = 0; round < 200; ++round) {
    const float scale = uniform(random), x = scale * (0.5f + static_cast<float>(random() % 200));
    const Tensor q =
        RunOp("QuantizeLinear", {Floats({1}, {x}), Floats({}, {scale}), Make<uint8_t>({}, {0})});
    REQUIRE(q.As<uint8_t>()[0] == static_cast<uint8_t>(std::nearbyint(x / scale)));
  }
}

TEST_CASE("Scales per axis and in blocks") {
  const Tensor x = Floats({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor by_row = RunOp("QuantizeLinear", {x, Floats({2}, {1, 2}), Make<int8_t>({2}, {0, 1})},
                              {{"axis", int64_t{0}}});
  CheckClose(by_row, Make<int8_t>({2, 3}, {1, 2, 3, 3, 3, 4}));
  CheckClose(RunOp("DequantizeLinear", {by_row, Floats({2}, {1, 2}), Make<int8_t>({2}, {0, 1})},
                   {{"axis", int64_t{-2}}}),
             Floats({2, 3}, {1, 2, 3, 4, 4, 6}));
  CheckClose(RunOp("DequantizeLinear",
                   {Make<uint8_t>({2, 3}, {1, 2, 3, 4, 5, 6}), Floats({2, 2}, {1, 10, 100, 1000})},
                   {{"axis", int64_t{1}}, {"block_size", int64_t{2}}}),
             Floats({2, 3}, {1, 2, 30, 400, 500, 6000}));
}

TEST_CASE("DequantizeLinear reads every integer type") {
  CheckClose(
      RunOp("DequantizeLinear", {Make<int32_t>({2}, {-2147483647 - 1, 7}), Floats({}, {0.5f})}),
      Floats({2}, {-1073741824.0f, 3.5f}));
  CheckClose(RunOp("DequantizeLinear",
                   {Make<uint16_t>({2}, {0, 65535}), Floats({}, {1}), Make<uint16_t>({}, {1})}),
             Floats({2}, {-1, 65534}));
  const std::byte nibbles[] = {std::byte{0x8f}, std::byte{0x07}};
  const Tensor packed = Value(Tensor::FromBytes(DType::kInt4, {3}, nibbles));
  CheckClose(RunOp("DequantizeLinear", {packed, Floats({}, {1})}), Floats({3}, {-1, -8, 7}));
}

TEST_CASE("Quantization refuses operands that do not fit") {
  const Tensor x = Floats({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK(OpError("QuantizeLinear", {x, Floats({2}, {1, 1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("QuantizeLinear", {x, Floats({2}, {1, 1})}, {{"axis", int64_t{2}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("QuantizeLinear", {x, Floats({}, {1})}, {{"block_size", int64_t{-1}}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("QuantizeLinear", {x, Floats({}, {1}), Floats({}, {0})}) ==
        ErrorCode::kUnsupportedType);
  CHECK(OpError("DequantizeLinear", {Make<uint8_t>({1}, {1}), Floats({}, {1}),
                                     Make<int8_t>({}, {1})}) == ErrorCode::kInvalidModel);
}

TEST_CASE("DynamicQuantizeLinear follows the example of its specification") {
  const auto q = RunOpAll("DynamicQuantizeLinear", {Floats({6}, {0, 2, -3, -2.5f, 1.34f, 0.5f})},
                          {.attributes = {}, .outputs = 3, .domain = {}});
  CheckClose(q[0], Make<uint8_t>({6}, {153, 255, 0, 26, 221, 179}));
  CheckClose(q[1], Floats({}, {0.0196078438f}), 1e-7);
  CheckClose(q[2], Make<uint8_t>({}, {153}));
}

TEST_CASE("DynamicQuantizeLinear of nothing but zeros, or of infinities, stays defined") {
  const auto zeros = RunOpAll("DynamicQuantizeLinear", {Floats({2}, {0, 0})},
                              {.attributes = {}, .outputs = 3, .domain = {}});
  CheckClose(zeros[0], Make<uint8_t>({2}, {0, 0}));
  CheckClose(zeros[1], Floats({}, {1}));
  const auto wild = RunOpAll("DynamicQuantizeLinear", {Floats({3}, {kInfinity, -kInfinity, NAN})},
                             {.attributes = {}, .outputs = 3, .domain = {}});
  CHECK(std::isfinite(wild[1].As<float>()[0]));
  CHECK(wild[0].As<uint8_t>()[0] == 255);
  CHECK(wild[0].As<uint8_t>()[1] == 0);
}

TEST_CASE("DynamicQuantizeLinear is lowered where it gives all three") {
  Graph graph = Value(Parse(R"(graph g {
    input x: float32[2,3]
    y, scale, zero = DynamicQuantizeLinear(x)
    output y
  })"));
  Check(InferShapes(graph));
  const NodeId id = graph.Order()[0];
  const auto lowering = [&] {
    return FindOp("DynamicQuantizeLinear", "")->lower(LowerContext(graph, graph.node(id)));
  };
  CHECK(lowering().has_value());
  const std::vector<ValueId> all = graph.node(id).outputs;
  graph.Connect(id, std::vector<ValueId>(graph.node(id).inputs), {all[0], kNoValue, all[2]});
  CHECK_FALSE(lowering().has_value());
}

}  // namespace
}  // namespace insitu::test
