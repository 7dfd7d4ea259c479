// Elementwise functions of one input, Clip, Softmax and Cast.
#include <cmath>
#include <limits>

#include "support/run_op.h"

namespace insitu::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Compares with the formula on random values for all float types.
void CompareRandom(const std::string& op, double (*formula)(double), bool positive = false,
                   Attributes attributes = {}) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBfloat16}) {
    Tensor x = RandomTensor(dtype, {3, 211}, 7);
    if (positive)
      for (int64_t i = 0; i < x.elements(); ++i) {
        const double value = std::fabs(LoadReal(x.View(), i)) + 0.5;
        StoreElements(&value, 1, x.View(), i);
      }
    const Tensor y = RunOp(op, {x}, attributes);
    const double tolerance = dtype == DType::kBfloat16  ? 4e-3
                             : dtype == DType::kFloat16 ? 5e-4
                                                        : 1e-7;
    for (int64_t i = 0; i < x.elements(); ++i) {
      const double want = formula(LoadReal(x.View(), i));
      INFO(op << " of " << LoadReal(x.View(), i));
      REQUIRE(std::fabs(LoadReal(y.View(), i) - want) <= tolerance * std::fmax(1, std::fabs(want)));
    }
  }
}

}  // namespace

TEST_CASE("functions agree with their formula", "[ops]") {
  CompareRandom("Abs", [](double v) { return v < 0 ? -v : v; });
  CompareRandom("Neg", [](double v) { return -v; });
  CompareRandom("Floor", [](double v) { return std::floor(v); });
  CompareRandom("Ceil", [](double v) { return std::ceil(v); });
  CompareRandom("Sqrt", [](double v) { return std::sqrt(v); }, true);
  CompareRandom("Reciprocal", [](double v) { return 1 / v; }, true);
  CompareRandom("Log", [](double v) { return std::log(v); }, true);
  CompareRandom("Exp", [](double v) { return std::exp(v); });
  CompareRandom("Erf", [](double v) { return std::erf(v); });
  CompareRandom("Tanh", [](double v) { return std::tanh(v); });
  CompareRandom("Sigmoid", [](double v) { return 1 / (1 + std::exp(-v)); });
  CompareRandom("Relu", [](double v) { return v > 0 ? v : 0; });
  CompareRandom("Softplus", [](double v) { return std::log(1 + std::exp(v)); });
  CompareRandom("LeakyRelu", [](double v) { return v < 0 ? 0.25 * v : v; }, false,
                {{"alpha", 0.25f}});
  CompareRandom("Elu", [](double v) { return v < 0 ? std::exp(v) - 1 : v; });
  CompareRandom("HardSigmoid", [](double v) { return std::fmax(0, std::fmin(1, 0.5 * v + 0.25)); },
                false, {{"alpha", 0.5f}, {"beta", 0.25f}});
  CompareRandom("HardSwish", [](double v) { return v * std::fmax(0, std::fmin(1, v / 6 + 0.5)); });
  CompareRandom("Gelu", [](double v) { return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))); });
  CompareRandom(
      "Gelu",
      [](double v) {
        return 0.5 * v *
               (1 + std::tanh(std::sqrt(2 / std::acos(-1.0)) * (v + 0.044715 * v * v * v)));
      },
      false, {{"approximate", std::string("tanh")}});
}

TEST_CASE("defaults of the standard", "[ops]") {
  CheckClose(RunOp("LeakyRelu", {Floats({1}, {-1})}), Floats({1}, {-0.01f}));
  CheckClose(RunOp("HardSigmoid", {Floats({3}, {-9, 0.5, 9})}), Floats({3}, {0, 0.6f, 1}));
  CHECK(OpError("Gelu", {Floats({1}, {1})}, {{"approximate", std::string("fast")}}) ==
        ErrorCode::kInvalidModel);
}

TEST_CASE("Round goes to even on ties, Sign keeps NaN", "[ops]") {
  CheckClose(RunOp("Round", {Floats({7}, {0.5, 1.5, 2.5, -0.5, -1.5, 2.4f, -2.6f})}),
             Floats({7}, {0, 2, 2, 0, -2, 2, -3}));
  CheckClose(RunOp("Sign", {Floats({4}, {-3, 0, 2, kNan})}), Floats({4}, {-1, 0, 1, kNan}));
}

TEST_CASE("integers have functions too", "[ops]") {
  CheckClose(RunOp("Abs", {Make<int8_t>({3}, {-128, -3, 4})}), Make<int8_t>({3}, {-128, 3, 4}));
  CheckClose(RunOp("Neg", {Make<int32_t>({2}, {3, -4})}), Make<int32_t>({2}, {-3, 4}));
  CheckClose(RunOp("Relu", {Make<int16_t>({2}, {-3, 4})}), Make<int16_t>({2}, {0, 4}));
  const uint64_t top = std::numeric_limits<uint64_t>::max();
  CheckClose(RunOp("Abs", {Make<uint64_t>({1}, {top})}), Make<uint64_t>({1}, {top}));
  CheckClose(RunOp("Sign", {Make<uint64_t>({2}, {top, 0})}), Make<uint64_t>({2}, {1, 0}));
  CHECK(OpError("Exp", {Make<int32_t>({1}, {1})}) == ErrorCode::kUnsupportedType);
  CHECK(OpError("Neg", {Make<uint8_t>({1}, {1})}) == ErrorCode::kUnsupportedType);
}

TEST_CASE("Clip", "[ops]") {
  const Tensor x = Floats({4}, {-2, 0.5, 3, kNan}), low = Floats({}, {-1}), high = Floats({}, {1});
  CheckClose(RunOp("Clip", {x, low, high}), Floats({4}, {-1, 0.5, 1, kNan}));
  CheckClose(RunOp("Clip", {x, Tensor(), high}), Floats({4}, {-2, 0.5, 1, kNan}));
  CheckClose(RunOp("Clip", {x, low}), Floats({4}, {-1, 0.5, 3, kNan}));
  CheckClose(RunOp("Clip", {Floats({3}, {-2, 0, 6}), Floats({}, {2}), Floats({}, {1})}),
             Floats({3}, {1, 1, 1}));
  CheckClose(RunOp("Clip", {Make<int64_t>({2}, {int64_t{1} << 60, 3}), Make<int64_t>({}, {5})}),
             Make<int64_t>({2}, {int64_t{1} << 60, 5}));
  CHECK(OpError("Clip", {x, Floats({2}, {1, 2})}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("Softmax and LogSoftmax sum to one along any axis", "[ops]") {
  CheckClose(RunOp("Softmax", {Floats({1, 3}, {-1, 0, 1})}),
             Floats({1, 3}, {0.09003058f, 0.24472848f, 0.66524094f}));
  CheckClose(RunOp("LogSoftmax", {Floats({1, 3}, {-1, 0, 1})}),
             Floats({1, 3}, {-2.407606f, -1.407606f, -0.407606f}));
  CheckClose(RunOp("Softmax", {Floats({1, 2}, {10000, 10001})}),
             Floats({1, 2}, {0.26894143f, 0.7310586f}));
  const Tensor x = RandomTensor(DType::kFloat32, {3, 300, 4}, 5);
  for (int64_t axis : {0, 1, 2, -1, -2}) {
    const Tensor y = RunOp("Softmax", {x}, {{"axis", axis}});
    const Tensor sum = RunOp("ReduceSum", {y, Longs({axis})}, {{"keepdims", int64_t{0}}});
    for (float value : sum.As<float>()) CHECK(std::fabs(value - 1) < 1e-5);
    CheckClose(RunOp("Log", {y}), RunOp("LogSoftmax", {x}, {{"axis", axis}}), 1e-4);
  }
  CHECK(OpError("Softmax", {x}, {{"axis", int64_t{3}}}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Softmax", {Make<int32_t>({1}, {1})}) == ErrorCode::kUnsupportedType);
}

TEST_CASE("Cast between all kinds of numbers", "[ops]") {
  const auto cast = [](const Tensor& x, DType to, int64_t saturate = 1) {
    return RunOp("Cast", {x}, {{"to", static_cast<int64_t>(to)}, {"saturate", saturate}});
  };
  CheckClose(cast(Floats({5}, {-1.7f, 1.7f, 300, kNan, kInf}), DType::kUint8),
             Make<uint8_t>({5}, {0, 1, 255, 0, 255}));
  CheckClose(cast(Make<int32_t>({2}, {-1, 300}), DType::kUint8), Make<uint8_t>({2}, {255, 44}));
  CheckClose(cast(Floats({3}, {0, 0.5, kNan}), DType::kBool), Bools({3}, {0, 1, 1}));
  CheckClose(cast(Bools({2}, {0, 1}), DType::kFloat32), Floats({2}, {0, 1}));
  const Tensor half =
      cast(Floats({6}, {1, 65504, 65520, 6.1035e-5f, 5.9605e-8f, -0.0f}), DType::kFloat16);
  const std::vector<uint16_t> want = {0x3c00, 0x7bff, 0x7c00, 0x0400, 0x0001, 0x8000};
  for (size_t i = 0; i < want.size(); ++i) {
    CHECK(reinterpret_cast<const uint16_t*>(half.data())[i] == want[i]);
  }
  const Tensor bfloat = cast(Floats({2}, {1.0f, 3.1415927f}), DType::kBfloat16);
  CHECK(reinterpret_cast<const uint16_t*>(bfloat.data())[0] == 0x3f80);
  CHECK(reinterpret_cast<const uint16_t*>(bfloat.data())[1] == 0x4049);
  const Tensor eight =
      cast(Floats({5}, {448, 1000, -1000, kNan, 0.0019531f}), DType::kFloat8E4M3FN);
  const uint8_t bytes[] = {0x7e, 0x7e, 0xfe, 0x7f, 0x01};
  for (size_t i = 0; i < 5; ++i) CHECK(static_cast<uint8_t>(eight.data()[i]) == bytes[i]);
  const Tensor not_saturated = cast(Floats({1}, {1000}), DType::kFloat8E4M3FN, 0);
  CHECK(static_cast<uint8_t>(not_saturated.data()[0]) == 0x7f);
  const Tensor nibbles = cast(Make<int8_t>({3}, {-8, 7, -1}), DType::kInt4);
  CHECK(static_cast<uint8_t>(nibbles.data()[0]) == 0x78);
  CheckClose(cast(nibbles, DType::kInt8), Make<int8_t>({3}, {-8, 7, -1}));
  CheckClose(cast(cast(Floats({4}, {-9, 15, 0, 7}), DType::kInt4), DType::kInt8),
             Make<int8_t>({4}, {-8, 7, 0, 7}));
  CheckClose(cast(cast(Floats({3}, {-1, 16, 15}), DType::kUint4), DType::kInt8),
             Make<int8_t>({3}, {0, 15, 15}));
  const Tensor not_a_number = cast(Floats({1}, {kNan}), DType::kFloat16);
  CHECK(*reinterpret_cast<const uint16_t*>(not_a_number.data()) == 0x7e00);
  CHECK(OpError("Cast", {Floats({1}, {1})}, {{"to", int64_t{99}}}) == ErrorCode::kUnsupportedType);
}

TEST_CASE("small floats survive the way to double and back", "[ops]") {
  for (DType dtype : {DType::kFloat16, DType::kBfloat16, DType::kFloat8E4M3FN,
                      DType::kFloat8E4M3FNUZ, DType::kFloat8E5M2, DType::kFloat8E5M2FNUZ}) {
    const SmallFloat format = SmallFloatOf(dtype);
    for (uint32_t bits = 0; bits < 1u << BitWidth(dtype); ++bits) {
      const double value = DecodeSmallFloat(format, bits);
      const uint32_t back = EncodeSmallFloat(format, value, OnOverflow::kInfinity);
      INFO(Name(dtype) << " " << bits);
      if (std::isnan(value))
        REQUIRE(std::isnan(DecodeSmallFloat(format, back)));
      else
        REQUIRE(back == bits);
    }
  }
}

}  // namespace insitu::test
