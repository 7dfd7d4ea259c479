// QLinearAdd, QLinearMul and FlipSign: equal to the float chain bit for bit.
#include "support/run_op.h"

namespace insitu::test {
namespace {

Tensor Byte(DType type, int64_t value) {
  Tensor tensor = Value(Tensor::Allocate(type, {}));
  StoreElements(&value, 1, tensor.View(), 0);
  return tensor;
}

Tensor Microsoft(const std::string& op, const std::vector<Tensor>& inputs,
                 Attributes attributes = {}) {
  return RunOpAll(op, inputs, {.attributes = std::move(attributes), .domain = "com.microsoft"})
      .front();
}

TEST_CASE("QLinearAdd and QLinearMul are DequantizeLinear, the operator and QuantizeLinear") {
  std::mt19937 random(23);
  const std::pair<Dims, Dims> shapes[] = {
      {{2, 3, 4}, {2, 3, 4}}, {{2, 3, 4}, {4}}, {{3, 1}, {1, 5}}, {{}, {2, 2}}, {{7}, {1}}};
  for (int round = 0; round < 60; ++round) {
    const DType type = round % 2 ? DType::kInt8 : DType::kUint8;
    const auto& [a_dims, b_dims] = shapes[static_cast<size_t>(round) % 5];
    const int64_t low = type == DType::kInt8 ? -128 : 0;
    const auto zero = [&] { return Byte(type, low + static_cast<int64_t>(random() % 256)); };
    const auto scale = [&] {
      return Floats({}, {0.001f + 0.05f * static_cast<float>(random() % 1000) / 1000});
    };
    const std::vector<Tensor> inputs = {RandomTensor(type, a_dims, random()),
                                        scale(),
                                        zero(),
                                        RandomTensor(type, b_dims, random()),
                                        scale(),
                                        zero(),
                                        scale(),
                                        zero()};
    for (const char* op : {"Add", "Mul"}) {
      const Tensor a = RunOp("DequantizeLinear", {inputs[0], inputs[1], inputs[2]});
      const Tensor b = RunOp("DequantizeLinear", {inputs[3], inputs[4], inputs[5]});
      const Tensor want = RunOp("QuantizeLinear", {RunOp(op, {a, b}), inputs[6], inputs[7]});
      CheckClose(Microsoft(std::string("QLinear") + op, inputs), want, 0);
    }
  }
}

TEST_CASE("QLinearAdd rounds halves to even, takes omitted zero points and clamps in steps") {
  const std::vector<Tensor> inputs = {Make<int8_t>({4}, {1, 3, -1, 120}),
                                      Floats({}, {1}),
                                      {},
                                      Make<int8_t>({1}, {0}),
                                      Floats({}, {1}),
                                      {},
                                      Floats({}, {2}),
                                      {}};
  CheckClose(Microsoft("QLinearAdd", inputs), Make<int8_t>({4}, {0, 2, 0, 60}));
  CheckClose(Microsoft("QLinearAdd", inputs, {{"activation_min", 1.0f}, {"activation_max", 9.0f}}),
             Make<int8_t>({4}, {1, 2, 1, 9}));
}

TEST_CASE("FlipSign moves between the two byte types and back") {
  const auto flip = [](const Tensor& x) {
    return RunOpAll("FlipSign", {x}, {.attributes = {}, .domain = "insitu"}).front();
  };
  const Tensor x = Make<uint8_t>({3}, {0, 128, 255});
  CheckClose(flip(x), Make<int8_t>({3}, {-128, 0, 127}));
  CheckClose(flip(flip(x)), x);
}

}  // namespace
}  // namespace insitu::test
