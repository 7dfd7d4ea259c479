// Quantized operators of com.microsoft: each against DequantizeLinear, the float operator and
// QuantizeLinear, or against its formula in plain loops.
#include <algorithm>

#include "support/run_op.h"

namespace insitu::test {
namespace {

Tensor Contrib(const std::string& op, const std::vector<Tensor>& inputs,
               Attributes attributes = {}) {
  return RunOpAll(op, inputs, {.attributes = std::move(attributes), .domain = "com.microsoft"})
      .front();
}

ErrorCode ContribError(const std::string& op, const std::vector<Tensor>& inputs,
                       Attributes attributes = {}) {
  auto result = TryOp(op, inputs, {.attributes = std::move(attributes), .domain = "com.microsoft"});
  REQUIRE(!result.has_value());
  return result.error().code;
}

// All 256 values.
Tensor AllBytes(DType dtype) {
  Tensor x = Value(Tensor::Allocate(dtype, {256}));
  for (int i = 0; i < 256; ++i) x.data()[i] = static_cast<std::byte>(i);
  return x;
}

Tensor Zero(DType dtype, int64_t value) {
  Tensor zero = Value(Tensor::Allocate(dtype, {}));
  StoreElements(&value, 1, zero.View(), 0);
  return zero;
}

TEST_CASE("QLinearSigmoid, QLinearLeakyRelu and QLinearSoftmax are their float forms, quantized") {
  for (DType dtype : {DType::kUint8, DType::kInt8}) {
    const Tensor x = AllBytes(dtype), sx = Floats({}, {0.05f}), sy = Floats({}, {0.004f});
    const Tensor zx = Zero(dtype, 17), zy = Zero(dtype, -0);
    const Tensor real = RunOp("DequantizeLinear", {x, sx, zx});
    const auto quantized = [&](const Tensor& y) { return RunOp("QuantizeLinear", {y, sy, zy}); };
    CheckClose(Contrib("QLinearSigmoid", {x, sx, zx, sy, zy}), quantized(RunOp("Sigmoid", {real})));
    CheckClose(Contrib("QLinearLeakyRelu", {x, sx, zx, sy, zy}, {{"alpha", 0.3f}}),
               quantized(RunOp("LeakyRelu", {real}, {{"alpha", 0.3f}})));
    const Tensor square = x.Reshaped({4, 8, 8}), real_square = real.Reshaped({4, 8, 8});
    CheckClose(Contrib("QLinearSoftmax", {square, sx, zx, sy, zy},
                       {{"axis", int64_t{1}}, {"opset", int64_t{13}}}),
               quantized(RunOp("Softmax", {real_square}, {{"axis", int64_t{1}}})));
    CheckClose(Contrib("QLinearSoftmax", {square, sx, zx, sy, zy},
                       {{"axis", int64_t{1}}, {"opset", int64_t{12}}}),
               quantized(RunOp("Softmax", {real.Reshaped({4, 64})})).Reshaped({4, 8, 8}));
  }
  const Tensor real = Floats({1}, {1}), scale = Floats({}, {1}), byte = Make<uint8_t>({1}, {4});
  CHECK(ContribError("QLinearSigmoid", {real, scale, Tensor(), scale}) ==
        ErrorCode::kUnsupportedType);
  CHECK(ContribError("QLinearSigmoid", {byte, scale}) == ErrorCode::kInvalidModel);
  CheckClose(Contrib("QLinearLeakyRelu", {byte, scale, Tensor(), scale}), byte);
}

TEST_CASE("QLinearConcat and QLinearWhere requantize what they move") {
  const Tensor a = Make<uint8_t>({2, 1}, {10, 250}), b = Make<uint8_t>({2, 2}, {1, 2, 3, 4});
  const Tensor sa = Floats({}, {0.5f}), sb = Floats({}, {2}), sy = Floats({}, {1});
  const Tensor za = Make<uint8_t>({}, {8}), zb = Make<uint8_t>({}, {0}),
               zy = Make<uint8_t>({}, {5});
  CheckClose(Contrib("QLinearConcat", {sy, zy, a, sa, za, b, sb, zb}, {{"axis", int64_t{-1}}}),
             Make<uint8_t>({2, 3}, {6, 7, 9, 126, 11, 13}));
  CHECK(ContribError("QLinearConcat", {sy, zy, a, sa, za, b, sb, zb}, {{"axis", int64_t{0}}}) ==
        ErrorCode::kShapeMismatch);
  CheckClose(Contrib("QLinearWhere", {Bools({2, 1}, {1, 0}), a, sa, za, b, sb, zb, sy, zy}),
             Make<uint8_t>({2, 2}, {6, 6, 11, 13}));
}

TEST_CASE("MatMulIntegerToFloat scales the exact product by column and adds a bias") {
  const Tensor a = RandomTensor(DType::kUint8, {2, 3, 5}, 1);
  const Tensor b = RandomTensor(DType::kInt8, {5, 4}, 2);
  const Tensor za = Make<uint8_t>({}, {100}), zb = Make<int8_t>({4}, {1, -2, 3, -4});
  const Tensor sa = Floats({}, {0.25f}), sb = Floats({4}, {1, 2, 4, 8});
  const Tensor bias = Floats({4}, {1, 2, 3, 4});
  const Tensor product =
      RunOp("Cast", {RunOp("MatMulInteger", {a, b, za, zb})}, {{"to", int64_t{1}}});
  const Tensor want = RunOp("Add", {RunOp("Mul", {product, RunOp("Mul", {sa, sb})}), bias});
  CheckClose(Contrib("MatMulIntegerToFloat", {a, b, sa, sb, za, zb, bias}), want, 1e-6);
  const auto half = [](const Tensor& t) { return RunOp("Cast", {t}, {{"to", int64_t{10}}}); };
  CHECK(Contrib("MatMulIntegerToFloat", {a, b, half(sa), half(sb), za, zb}).dtype() ==
        DType::kFloat16);
}

// Packs numbers below 2^bits, the first in the lowest bits.
Tensor Packed(const std::vector<int>& numbers, int bits, Dims dims) {
  Tensor packed = Value(Tensor::Allocate(DType::kUint8, std::move(dims)));
  std::ranges::fill(packed.As<uint8_t>(), 0);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const size_t bit = i * static_cast<size_t>(bits);
    packed.As<uint8_t>()[bit / 8] |= static_cast<uint8_t>(numbers[i] << bit % 8);
  }
  return packed;
}

TEST_CASE("MatMulNBits multiplies with weights of 2, 4 and 8 bits") {
  std::mt19937 random(5);
  for (int bits : {2, 4, 8}) {
    const int64_t depth = 40, columns = 3, block = 16, blocks = 3, rows = 2;
    std::vector<int> stored(static_cast<size_t>(columns * blocks * block));
    for (int& number : stored) number = static_cast<int>(random() % (1u << bits));
    const int64_t blob = block * bits / 8, zero_bytes = (blocks * bits + 7) / 8;
    const Tensor b = Packed(stored, bits, {columns, blocks, blob});
    const Tensor a = RandomTensor(DType::kFloat32, {1, rows, depth}, 3);
    const Tensor scales = RandomTensor(DType::kFloat32, {columns, blocks}, 4);
    const Tensor zeros = RandomTensor(DType::kUint8, {columns, zero_bytes}, 6);
    const Tensor bias = RandomTensor(DType::kFloat32, {columns}, 7);
    Tensor groups = Value(Tensor::Allocate(DType::kInt32, {depth}));
    for (int32_t& group : groups.As<int32_t>()) group = static_cast<int32_t>(random() % blocks);
    const Attributes attributes = {
        {"K", depth}, {"N", columns}, {"bits", int64_t{bits}}, {"block_size", block}};

    const auto want = [&](auto zero_of, bool grouped, bool with_bias) {
      Tensor y = Value(Tensor::Allocate(DType::kFloat32, {1, rows, columns}));
      for (int64_t m = 0; m < rows; ++m)
        for (int64_t n = 0; n < columns; ++n) {
          double sum = with_bias ? LoadReal(bias.View(), n) : 0;
          for (int64_t k = 0; k < depth; ++k) {
            const int64_t group = grouped ? LoadInteger(groups.View(), k) : k / block;
            const int q = stored[static_cast<size_t>(n * blocks * block + k)];
            sum += LoadReal(a.View(), m * depth + k) * (q - zero_of(n, group)) *
                   LoadReal(scales.View(), n * blocks + group);
          }
          StoreElements(&sum, 1, y.View(), m * columns + n);
        }
      return y;
    };
    const auto middle = [&](int64_t, int64_t) { return static_cast<double>(1 << (bits - 1)); };
    const auto packed_zero = [&](int64_t n, int64_t group) {
      const int64_t bit = group * bits;
      const int byte = static_cast<int>(LoadInteger(zeros.View(), n * zero_bytes + bit / 8));
      return static_cast<double>(byte >> bit % 8 & ((1 << bits) - 1));
    };
    const auto real_zero = [&](int64_t n, int64_t group) {
      return LoadReal(scales.View(), n * blocks + group);
    };
    CheckClose(Contrib("MatMulNBits", {a, b, scales}, attributes), want(middle, false, false));
    CheckClose(Contrib("MatMulNBits", {a, b, scales, zeros, Tensor(), bias}, attributes),
               want(packed_zero, false, true));
    CheckClose(Contrib("MatMulNBits", {a, b, scales, scales, groups}, attributes),
               want(real_zero, true, false));
  }
}

TEST_CASE("MatMulNBits refuses operands that do not fit") {
  const Tensor a = Floats({1, 2}, {1, 2}), scales = Floats({1, 1}, {1});
  const Tensor b = Value(Tensor::Allocate(DType::kUint8, {1, 1, 8}));
  const auto error = [&](std::vector<Tensor> inputs, int64_t depth, int64_t block) {
    return ContribError("MatMulNBits", inputs,
                        {{"K", depth}, {"N", int64_t{1}}, {"block_size", block}});
  };
  CHECK(error({a, b, scales}, 3, 16) == ErrorCode::kShapeMismatch);
  CHECK(error({a, b, scales}, 2, 32) == ErrorCode::kShapeMismatch);
  CHECK(error({a, b, scales}, 2, 24) == ErrorCode::kInvalidModel);
  CHECK(error({a, b, scales, Tensor(), Make<int32_t>({2}, {0, 1})}, 2, 16) ==
        ErrorCode::kInvalidArgument);
}

TEST_CASE("GatherBlockQuantized gathers rows of 4 bits and of float8") {
  std::vector<int> stored;
  for (int i = 0; i < 3 * 20; ++i) stored.push_back(i * 7 % 16);
  const Tensor scales = Floats({3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor indices = Make<int64_t>({2}, {2, -3});
  const auto want = [&](int zero) {
    Tensor y = Value(Tensor::Allocate(DType::kFloat32, {2, 20}));
    for (int64_t i = 0; i < 40; ++i) {
      const int64_t row = i < 20 ? 2 : 0, column = i % 20;
      y.As<float>()[static_cast<size_t>(i)] =
          static_cast<float>(stored[static_cast<size_t>(row * 20 + column)] - zero) *
          scales.As<float>()[static_cast<size_t>(row * 2 + column / 16)];
    }
    return y;
  };
  const Attributes attributes = {{"bits", int64_t{4}}, {"block_size", int64_t{16}}};
  CheckClose(
      Contrib("GatherBlockQuantized", {Packed(stored, 4, {3, 10}), indices, scales}, attributes),
      want(8));
  const Tensor nibbles =
      Value(Tensor::FromBytes(DType::kUint4, {3, 20}, Packed(stored, 4, {30}).bytes()));
  CheckClose(Contrib("GatherBlockQuantized", {nibbles, indices, scales}, attributes), want(0));
  const Tensor zeros = Packed({1, 1, 1, 1, 1, 1}, 4, {3, 1});
  CheckClose(Contrib("GatherBlockQuantized", {Packed(stored, 4, {3, 10}), indices, scales, zeros},
                     attributes),
             want(1));
  const Tensor small = RunOp("Cast", {Floats({2, 2}, {1, 2, 3, 4})}, {{"to", int64_t{17}}});
  CheckClose(Contrib("GatherBlockQuantized", {small, Make<int32_t>({}, {7}), Floats({1, 1}, {2})},
                     {{"block_size", int64_t{0}}}),
             Floats({2}, {0, 0}));
  CheckClose(Contrib("GatherBlockQuantized", {small, Make<int32_t>({}, {1}), Floats({1, 1}, {2})},
                     {{"block_size", int64_t{0}}}),
             Floats({2}, {6, 8}));
}

TEST_CASE("QEmbedLayerNormalization adds, normalizes and counts its mask") {
  const Tensor ids = Make<int32_t>({1, 2}, {1, 0}), mask = Make<int32_t>({1, 2}, {1, 0});
  const Tensor word = Make<uint8_t>({2, 2}, {1, 3, 5, 9}),
               position = Make<uint8_t>({2, 2}, {0, 0, 1, 1});
  const Tensor ones = Make<uint8_t>({2}, {1, 1}), scale = Floats({}, {1}),
               zero = Make<uint8_t>({}, {0});
  const Tensor none;
  const auto y = RunOpAll("QEmbedLayerNormalization",
                          {ids, none, word, position, none, ones, ones, mask, scale, scale, none,
                           scale, scale, zero, zero, none, zero, zero},
                          {.attributes = {}, .outputs = 2, .domain = "com.microsoft"});
  CheckClose(y[0], Floats({1, 2, 2}, {0, 2, 0, 2}));
  CheckClose(y[1], Make<int32_t>({1}, {1}));
}

TEST_CASE("QuantizeLinear and DequantizeLinear of float8, of 16-bit scales and of odd four bits") {
  const auto cast = [](const Tensor& t, DType to) {
    return RunOp("Cast", {t}, {{"to", static_cast<int64_t>(to)}});
  };
  const Tensor x = Floats({3}, {3, -1000, 1e9f}), scale = Floats({}, {2});
  for (DType type :
       {DType::kFloat8E4M3FN, DType::kFloat8E4M3FNUZ, DType::kFloat8E5M2, DType::kFloat8E5M2FNUZ}) {
    const Tensor zero = cast(Floats({}, {0}), type);
    const Tensor q = RunOp("QuantizeLinear", {x, scale, zero});
    CHECK(q.dtype() == type);
    CheckClose(RunOp("DequantizeLinear", {q, scale, zero}),
               RunOp("Mul", {cast(cast(RunOp("Div", {x, scale}), type), DType::kFloat32), scale}));
    CHECK(OpError("QuantizeLinear", {x, scale, cast(Floats({}, {1}), type)}) ==
          ErrorCode::kInvalidModel);
  }
  // 201.47 in float16 is 201.5, which rounds to 202.
  const Tensor half = cast(Floats({1}, {201.47f}), DType::kFloat16);
  const Tensor one = cast(Floats({}, {1}), DType::kFloat16);
  CheckClose(RunOp("QuantizeLinear", {half, one}), Make<uint8_t>({1}, {202}));
  CheckClose(RunOp("DequantizeLinear", {Make<int8_t>({1}, {-3}), one}),
             cast(Floats({1}, {-3}), DType::kFloat16));
  CHECK(RunOp("DequantizeLinear", {Make<int8_t>({1}, {-3}), scale}, {{"output_dtype", int64_t{16}}})
            .dtype() == DType::kBfloat16);
  const Tensor odd = RunOp("QuantizeLinear", {x, scale}, {{"output_dtype", int64_t{22}}});
  CHECK(odd.dtype() == DType::kInt4);
  CHECK((odd.bytes().back() >> 4) == std::byte{0});
}

}  // namespace
}  // namespace insitu::test
