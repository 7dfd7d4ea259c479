// The kernels on single bytes: look-up tables, Where, softmax, and Sub and Div, against plain
// loops.
#include "kernel_fixture.h"
#include "reference_formulas.h"

namespace insitu::test {
namespace {

constexpr DType kBytes[] = {DType::kInt8, DType::kUint8};

std::array<uint8_t, 256> RandomTable(Rng& rng) {
  std::array<uint8_t, 256> table;
  for (uint8_t& entry : table) entry = static_cast<uint8_t>(Pick(rng, 0, 255));
  return table;
}

uint8_t Bits(const Tensor& tensor, size_t i) { return std::to_integer<uint8_t>(tensor.data()[i]); }

TEST_CASE("ByteMap looks every byte up, a change of sign included") {
  Rng rng(91);
  lowered::ByteMap flip, random{RandomTable(rng)};
  for (size_t i = 0; i < 256; ++i) flip.table[i] = static_cast<uint8_t>(i ^ 0x80);
  for (const auto& map : {flip, random}) {
    auto kernel = Accepted(Own(), map);
    for (int64_t count : {0, 1, 7, 16, 1000}) {
      const Tensor x = RandomBytes(rng, DType::kUint8, {count});
      const Tensor y = RunKernel(*kernel, {x}, DType::kInt8, {count});
      for (size_t i = 0; i < static_cast<size_t>(count); ++i)
        REQUIRE(Bits(y, i) == map.table[Bits(x, i)]);
    }
  }
}

TEST_CASE("ByteSelect broadcasts its three operands") {
  Rng rng(92);
  const lowered::ByteSelect op{RandomTable(rng), RandomTable(rng)};
  auto kernel = Accepted(Own(), op);
  Tensor condition = Make(DType::kBool, {3, 1, 4});
  for (size_t i = 0; i < 12; ++i) condition.data()[i] = static_cast<std::byte>(Pick(rng, 0, 1));
  const Tensor x = RandomBytes(rng, DType::kUint8, {2, 1}),
               y = RandomBytes(rng, DType::kUint8, {4});
  const Tensor z = RunKernel(*kernel, {condition, x, y}, DType::kUint8, {3, 2, 4});
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 2; ++j)
      for (size_t k = 0; k < 4; ++k)
        REQUIRE(Bits(z, (i * 2 + j) * 4 + k) ==
                (Bits(condition, i * 4 + k) ? op.x[Bits(x, j)] : op.y[Bits(y, k)]));
  auto scalar = Accepted(Own(), op);
  const Tensor one =
      RunKernel(*scalar, {Make(DType::kBool, {}), x.Reshaped({1, 2}), y.Reshaped({4, 1})},
                DType::kUint8, {4, 2});
  CHECK(one.elements() == 8);
}

TEST_CASE("quantized softmax follows its formula along any axis") {
  Rng rng(93);
  for (int round = 0; round < 20; ++round) {
    const DType dtype = kBytes[round % 2];
    lowered::QuantizedSoftmax op;
    op.dtype = dtype;
    op.axis = round % 3;
    op.x = {PickFloat(rng, 0.01f, 0.3f), static_cast<int32_t>(Pick(rng, 0, 100))};
    op.y = {PickFloat(rng, 0.002f, 0.01f), static_cast<int32_t>(Pick(rng, 0, 100))};
    auto kernel = Accepted(Own(), op);
    const Dims dims = {Pick(rng, 1, 4), Pick(rng, 1, 40), Pick(rng, 1, 5)};
    const Tensor x = RandomBytes(rng, dtype, dims);
    const Tensor y = RunKernel(*kernel, {x}, dtype, dims);
    const auto at = [&](int64_t a, int64_t b, int64_t c) {
      return static_cast<size_t>((a * dims[1] + b) * dims[2] + c);
    };
    for (int64_t a = 0; a < dims[0]; ++a)
      for (int64_t b = 0; b < dims[1]; ++b)
        for (int64_t c = 0; c < dims[2]; ++c) {
          double sum = 0;
          int32_t largest = -1000;
          const auto along = [&](auto visit) {
            for (int64_t i = 0; i < dims[static_cast<size_t>(op.axis)]; ++i)
              visit(Load8(x, at(op.axis == 0 ? i : a, op.axis == 1 ? i : b, op.axis == 2 ? i : c)));
          };
          along([&](int32_t value) { largest = std::max(largest, value); });
          const auto power = [&](int32_t value) {
            return std::exp(-static_cast<double>(op.x.scale) * (largest - value));
          };
          along([&](int32_t value) { sum += power(value); });
          volatile float share = static_cast<float>(power(Load8(x, at(a, b, c))) / sum);
          volatile float steps = share / op.y.scale;
          REQUIRE(Load8(y, at(a, b, c)) == QuantizedStep(steps, op.y.zero_point, dtype, {}));
        }
  }
}

TEST_CASE("quantized Sub and Div: all 65536 pairs of operands") {
  Rng rng(94);
  for (DType dtype : kBytes)
    for (auto kind : {lowered::BinaryKind::kSub, lowered::BinaryKind::kDiv}) {
      lowered::Binary op;
      op.kind = kind;
      op.dtype = dtype;
      op.a = Quantization{0.05f, 3};
      op.b = Quantization{0.11f, -4};
      op.y = Quantization{0.02f, 9};
      auto kernel = Accepted(Own(), op);
      Tensor a = Make(dtype, {256, 1}), b = Make(dtype, {1, 256});
      for (size_t i = 0; i < 256; ++i) a.data()[i] = b.data()[i] = static_cast<std::byte>(i);
      const Tensor y = RunKernel(*kernel, {a, b}, dtype, {256, 256});
      for (size_t i = 0; i < 65536; ++i) {
        volatile float left = static_cast<float>(Load8(a, i / 256) - 3) * 0.05f;
        volatile float right = static_cast<float>(Load8(b, i % 256) + 4) * 0.11f;
        volatile float real = kind == lowered::BinaryKind::kSub ? left - right : left / right;
        volatile float steps = real / 0.02f;
        const int32_t lowest = dtype == DType::kInt8 ? -128 : 0;
        const int32_t expected =
            std::isnan(steps) ? lowest : QuantizedStep(steps, 9, dtype, op.clamp);
        REQUIRE(Load8(y, i) == expected);
      }
    }
}

}  // namespace
}  // namespace insitu::test
