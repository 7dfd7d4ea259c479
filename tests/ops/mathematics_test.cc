// Functions, bits, remainders, reductions with roots and logarithms, running sums, Einsum and
// matrices: what the conformance cases leave open.
#include <cmath>
#include <limits>

#include "ir/text.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Of float16 x, whose results need few digits.
void CheckFunction(const char* op, double x, double want, const Attributes& attributes = {}) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBfloat16}) {
    INFO(op << " " << Name(dtype));
    Tensor input = Value(Tensor::Allocate(dtype, {1}));
    StoreElements(&x, 1, input.View(), 0);
    const double got = LoadReal(RunOp(op, {input}, attributes).View(), 0);
    CHECK(std::fabs(got - want) <= (BitWidth(dtype) == 16 ? 1e-2 : 1e-6));
  }
}

}  // namespace

TEST_CASE("trigonometry and rare activations in every float type", "[ops]") {
  CheckFunction("Sin", 0.5, std::sin(0.5));
  CheckFunction("Cos", 0.5, std::cos(0.5));
  CheckFunction("Tan", 0.5, std::tan(0.5));
  CheckFunction("Asin", 0.5, std::asin(0.5));
  CheckFunction("Acos", 0.5, std::acos(0.5));
  CheckFunction("Atan", 0.5, std::atan(0.5));
  CheckFunction("Sinh", 0.5, std::sinh(0.5));
  CheckFunction("Cosh", 0.5, std::cosh(0.5));
  CheckFunction("Asinh", 0.5, std::asinh(0.5));
  CheckFunction("Acosh", 1.5, std::acosh(1.5));
  CheckFunction("Atanh", 0.5, std::atanh(0.5));
  CheckFunction("Celu", -0.5, 2 * (std::exp(-0.25) - 1), {{"alpha", 2.0f}});
  CheckFunction("Selu", -0.5, 1.0507009873 * 1.6732632423 * (std::exp(-0.5) - 1));
  CheckFunction("ThresholdedRelu", 0.5, 0);
  CheckFunction("Shrink", 2, 1.5, {{"bias", 0.5f}});
  CheckFunction("Softsign", -3, -0.75);
  CheckFunction("Mish", -0.5, -0.5 * std::tanh(std::log(1 + std::exp(-0.5))));
  CheckFunction("Mish", 60, 60);
  CHECK(OpError("Celu", {Floats({1}, {1})}, {{"alpha", 0.0f}}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Sin", {Longs({1})}) == ErrorCode::kUnsupportedType);
  CheckClose(RunOp("Shrink", {Make<int16_t>({3}, {-5, 0, 5})}, {{"lambd", 2.0f}, {"bias", 1.0f}}),
             Make<int16_t>({3}, {-4, 0, 4}));
  CheckClose(RunOp("IsInf", {Floats({4}, {kInf, -kInf, kNan, 1})}), Bools({4}, {1, 1, 0, 0}));
  CheckClose(RunOp("IsInf", {Floats({2}, {kInf, -kInf})}, {{"detect_negative", int64_t{0}}}),
             Bools({2}, {1, 0}));
  CheckClose(RunOp("IsNaN", {Floats({0, 2}, {})}), Bools({0, 2}, {}));
}

TEST_CASE("bits", "[ops]") {
  const auto bytes = [](std::initializer_list<uint8_t> v) {
    return Make<uint8_t>({static_cast<int64_t>(v.size())}, v);
  };
  const Attributes left = {{"direction", std::string("LEFT")}};
  const Attributes right = {{"direction", std::string("RIGHT")}};
  CheckClose(RunOp("BitShift", {bytes({255, 1, 3}), bytes({1, 8, 200})}, left), bytes({254, 0, 0}));
  const uint64_t top = uint64_t{1} << 63;
  CheckClose(
      RunOp("BitShift", {Make<uint64_t>({2}, {top, top}), Make<uint64_t>({2}, {63, 64})}, right),
      Make<uint64_t>({2}, {1, 0}));
  CheckClose(RunOp("BitwiseNot", {bytes({0, 255, 5})}), bytes({255, 0, 250}));
  CheckClose(RunOp("BitwiseNot", {Make<int32_t>({1}, {5})}), Make<int32_t>({1}, {-6}));
  CheckClose(RunOp("BitwiseXor", {Make<int8_t>({2}, {-1, 6}), Make<int8_t>({}, {3})}),
             Make<int8_t>({2}, {-4, 5}));
  CHECK(OpError("BitShift", {bytes({1}), bytes({1})}, {{"direction", std::string("UP")}}) ==
        ErrorCode::kInvalidModel);
  CHECK(OpError("BitShift", {Longs({1}), Longs({1})}, left) == ErrorCode::kUnsupportedType);
}

TEST_CASE("Mod has the sign of the divisor, fmod that of the dividend", "[ops]") {
  const Attributes fmod = {{"fmod", int64_t{1}}};
  const int64_t least = std::numeric_limits<int64_t>::min();
  CheckClose(RunOp("Mod", {Longs({7, -7, 7, -7, least}), Longs({3, 3, -3, -3, -1})}),
             Longs({1, 2, -2, -1, 0}));
  CheckClose(RunOp("Mod", {Longs({7, -7, 7, -7}), Longs({3, 3, -3, -3})}, fmod),
             Longs({1, -1, 1, -1}));
  CheckClose(RunOp("Mod", {Floats({2}, {-5.5, 5.5}), Floats({}, {2})}, fmod),
             Floats({2}, {-1.5, 1.5}));
  const uint64_t top = std::numeric_limits<uint64_t>::max();
  CheckClose(RunOp("Mod", {Make<uint64_t>({1}, {top}), Make<uint64_t>({1}, {10})}),
             Make<uint64_t>({1}, {5}));
  CHECK(OpError("Mod", {Longs({1}), Longs({0})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("Mod", {Floats({1}, {1}), Floats({1}, {1})}) == ErrorCode::kInvalidModel);
}

TEST_CASE("CastLike takes the type of its second input", "[ops]") {
  CheckClose(RunOp("CastLike", {Floats({2}, {1.5, -2}), Make<int8_t>({0}, {})}),
             Make<int8_t>({2}, {1, -2}));
}

TEST_CASE("Cast between strings and numbers", "[ops]") {
  const auto cast = [](const Tensor& x, DType to) {
    return RunOp("Cast", {x}, {{"to", static_cast<int64_t>(to)}});
  };
  CheckClose(
      cast(Floats({8}, {0.1f, -2.5f, 100000, 1e-4f, 1e20f, kInf, -kInf, kNan}), DType::kString),
      Strings({8}, {"0.1", "-2.5", "100000", "0.0001", "1e+20", "INF", "-INF", "NaN"}));
  CheckClose(cast(Make<double>({2}, {0.1, 1.0 / 3}), DType::kString),
             Strings({2}, {"0.1", "0.3333333333333333"}));
  CheckClose(cast(Bools({2}, {0, 1}), DType::kString), Strings({2}, {"0", "1"}));
  const uint64_t top = std::numeric_limits<uint64_t>::max();
  const Tensor largest = Make<uint64_t>({}, {top});
  CheckClose(cast(cast(largest, DType::kString), DType::kUint64), largest);
  CheckClose(cast(Strings({5}, {"1e3", "-0.5", "inf", "-INF", "nan"}), DType::kFloat32),
             Floats({5}, {1000, -0.5, kInf, -kInf, kNan}));
  CheckClose(cast(Strings({3}, {"-7", "100.5", "1e2"}), DType::kInt32),
             Make<int32_t>({3}, {-7, 100, 100}));
  for (const char* text : {"", "abc", "1x", "0x10", "1e400000"}) {
    INFO(text);
    const auto code = OpError("Cast", {Strings({1}, {text})}, {{"to", int64_t{7}}});
    CHECK(code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("reductions with roots and logarithms", "[ops]") {
  const Tensor x = Floats({2, 2}, {3, -4, 0, 1});
  const Attributes flat = {{"keepdims", int64_t{0}}};
  CheckClose(RunOp("ReduceL1", {x, Longs({1})}, flat), Floats({2}, {7, 1}));
  CheckClose(RunOp("ReduceL2", {x, Longs({-1})}, flat), Floats({2}, {5, 1}));
  CheckClose(RunOp("ReduceSumSquare", {x}, flat), Floats({}, {26}));
  CheckClose(RunOp("ReduceProd", {x, Longs({0})}, flat), Floats({2}, {0, -4}));
  CheckClose(RunOp("ReduceLogSum", {Floats({2}, {1, 3})}, flat), Floats({}, {std::log(4.0f)}));
  CheckClose(RunOp("ReduceLogSumExp", {Floats({2}, {1000, 1000})}, flat),
             Floats({}, {1000 + std::log(2.0f)}));
  CheckClose(RunOp("ReduceLogSumExp", {Floats({2}, {-kInf, -kInf})}, flat), Floats({}, {-kInf}));
  CheckClose(RunOp("ReduceLogSumExp", {Floats({2}, {kInf, 0})}, flat), Floats({}, {kInf}));
  CheckClose(RunOp("ReduceL2", {Make<int32_t>({2}, {3, 4})}, flat), Make<int32_t>({}, {5}));
  CheckClose(RunOp("ReduceL1", {Make<int64_t>({2}, {-3, 4})}, flat), Make<int64_t>({}, {7}));
  CheckClose(RunOp("ReduceProd", {Floats({0}, {})}, flat), Floats({}, {1}));
  CheckClose(RunOp("ReduceSumSquare", {x, Longs({})}, {{"noop_with_empty_axes", int64_t{1}}}),
             Floats({2, 2}, {9, 16, 0, 1}));
  Tensor longer = RandomTensor(DType::kFloat64, {3000}, 3);
  double sum = 0;
  for (double value : longer.As<double>()) sum += std::exp(value);
  CheckClose(RunOp("ReduceLogSumExp", {longer}, flat), Make<double>({}, {std::log(sum)}), 1e-12);
}

TEST_CASE("reductions, Mod, Min and Max of extents are known before a run", "[ops]") {
  Graph graph = Value(Parse(R"(graph g {
    input x: float32[n,4,6]
    const four: int64[1] = [4]
    const limits: int64[2] = [3,9]
    s = Shape(x)
    p = ReduceProd(s)
    rest = Shape(x) {start=1}
    low = Min(rest, limits)
    m = Mod(rest, four)
    most = ReduceMax(m)
    t = Concat(p, low, most) {axis=0}
    y = ConstantOfShape(t)
    output y
  })"));
  Check(InferShapes(graph));
  CHECK(ToString(graph.value(graph.outputs.at(0)).type.shape.value()) == "[24*n,3,6,2]");
  CHECK(!graph.value(graph.outputs.at(0)).constant);
  Graph unknown = Value(Parse(R"(graph g {
    input x: float32[n,4,6]
    input axes: int64[2]
    y = ReduceL2(x, axes) {keepdims=0}
    output y
  })"));
  Check(InferShapes(unknown));
  CHECK(ToString(unknown.value(unknown.outputs.at(0)).type.shape.value()) == "[?]");
}

TEST_CASE("CumSum in both directions", "[ops]") {
  const Tensor x = Make<int32_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor axis = Make<int32_t>({}, {-1});
  const Attributes both = {{"exclusive", int64_t{1}}, {"reverse", int64_t{1}}};
  CheckClose(RunOp("CumSum", {x, axis}), Make<int32_t>({2, 3}, {1, 3, 6, 4, 9, 15}));
  CheckClose(RunOp("CumSum", {x, axis}, both), Make<int32_t>({2, 3}, {5, 3, 0, 11, 6, 0}));
  CheckClose(RunOp("CumSum", {x, Longs({0})}, both), Make<int32_t>({2, 3}, {4, 5, 6, 0, 0, 0}));
  CheckClose(RunOp("CumSum", {Floats({0, 3}, {}), axis}), Floats({0, 3}, {}));
  Tensor ones = Value(Tensor::Allocate(DType::kFloat32, {1000}));
  for (float& value : ones.As<float>()) value = 1;
  const Tensor sums = RunOp("CumSum", {ones, axis}, {{"reverse", int64_t{1}}});
  CHECK(sums.As<float>()[0] == 1000);
  CHECK(sums.As<float>()[999] == 1);
  CHECK(OpError("CumSum", {x, Longs({2})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("CumSum", {x, Longs({0, 1})}) == ErrorCode::kInvalidArgument);
}

TEST_CASE("Einsum", "[ops]") {
  const auto einsum = [](const char* equation, const std::vector<Tensor>& inputs) {
    return RunOp("Einsum", inputs, {{"equation", std::string(equation)}});
  };
  const auto error = [](const char* equation, const std::vector<Tensor>& inputs) {
    return OpError("Einsum", inputs, {{"equation", std::string(equation)}});
  };
  const Tensor a = RandomTensor(DType::kFloat32, {2, 3, 4}, 1);
  const Tensor b = RandomTensor(DType::kFloat32, {2, 4, 5}, 2);
  const Tensor product = RunOp("MatMul", {a, b});
  CheckClose(einsum("bij,bjk->bik", {a, b}), product);
  CheckClose(einsum(" ...ij , ...jk ", {a, b}), product);
  CheckClose(einsum("...ij,...jk->...ki", {a, b}),
             RunOp("Transpose", {product}, {{"perm", std::vector<int64_t>{0, 2, 1}}}));
  // "..." of different rank broadcasts; so does an extent of 1.
  const Tensor single = RandomTensor(DType::kFloat32, {4, 5}, 3);
  CheckClose(einsum("...ij,...jk", {a, single}), RunOp("MatMul", {a, single}));
  const Tensor c = RandomTensor(DType::kFloat32, {5, 3}, 4);
  CheckClose(einsum("bij,bjk,kl->bil", {a, b, c}), RunOp("MatMul", {product, c}));
  CheckClose(einsum("bij,bjk,kl->", {a, b, c}),
             RunOp("ReduceSum", {RunOp("MatMul", {product, c})}, {{"keepdims", int64_t{0}}}), 1e-4);
  const Tensor square = Make<int64_t>({2, 2}, {1, 2, 3, 4});
  CheckClose(einsum("ii->i", {square}), Longs({1, 4}));
  CheckClose(einsum("ii", {square}), Make<int64_t>({}, {5}));
  CheckClose(einsum("ba", {square}), Make<int64_t>({2, 2}, {1, 3, 2, 4}));
  CheckClose(einsum("i,j->ij", {Longs({1, 2}), Longs({3, 4})}),
             Make<int64_t>({2, 2}, {3, 4, 6, 8}));
  CheckClose(einsum("ij,jk->ik", {Floats({2, 0}, {}), Floats({0, 1}, {})}), Floats({2, 1}, {0, 0}));
  CHECK(error("ij,jk->ik", {square}) == ErrorCode::kInvalidModel);
  CHECK(error("ij", {Longs({1})}) == ErrorCode::kInvalidModel);
  CHECK(error("i->j", {Longs({1})}) == ErrorCode::kInvalidModel);
  CHECK(error("i->ii", {Longs({1})}) == ErrorCode::kInvalidModel);
  CHECK(error("i.", {square}) == ErrorCode::kInvalidModel);
  CHECK(error("......", {square}) == ErrorCode::kInvalidModel);
  CHECK(error("", {square}) == ErrorCode::kInvalidModel);
  CHECK(error("i,i->", {Longs({1, 2}), Longs({1, 2, 3})}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("triangles, diagonals and determinants", "[ops]") {
  const Tensor names = Strings({2, 2}, {"a", "b", "c", "d"});
  CheckClose(RunOp("Trilu", {names}, {{"upper", int64_t{0}}}),
             Strings({2, 2}, {"a", "", "c", "d"}));
  const Tensor x = Make<uint8_t>({2, 2}, {1, 2, 3, 4});
  const int64_t far = std::numeric_limits<int64_t>::max();
  CheckClose(RunOp("Trilu", {x, Make<int64_t>({}, {far})}), Make<uint8_t>({2, 2}, {0, 0, 0, 0}));
  CheckClose(RunOp("Trilu", {x, Make<int64_t>({}, {-far})}), x);
  CHECK(OpError("Trilu", {Longs({1})}) == ErrorCode::kShapeMismatch);
  CheckClose(RunOp("EyeLike", {Floats({2, 3}, {9, 9, 9, 9, 9, 9})},
                   {{"k", int64_t{-1}}, {"dtype", int64_t{7}}}),
             Make<int64_t>({2, 3}, {0, 0, 0, 1, 0, 0}));
  CheckClose(RunOp("EyeLike", {x}, {{"k", far}}), Make<uint8_t>({2, 2}, {0, 0, 0, 0}));
  CHECK(OpError("EyeLike", {x}, {{"dtype", int64_t{8}}}) == ErrorCode::kUnsupportedType);
  CheckClose(RunOp("Det", {Floats({2, 2, 2}, {0, 2, 3, 4, 1, 2, 2, 4})}), Floats({2}, {-6, 0}));
  CheckClose(RunOp("Det", {Floats({3, 0, 0}, {})}), Floats({3}, {1, 1, 1}));
  CHECK(OpError("Det", {Floats({1, 2}, {1, 2})}) == ErrorCode::kShapeMismatch);
}

TEST_CASE("Hardmax takes the first largest", "[ops]") {
  CheckClose(RunOp("Hardmax", {Floats({2, 3}, {1, 3, 3, kNan, 9, 1})}),
             Floats({2, 3}, {0, 1, 0, 1, 0, 0}));
  CheckClose(RunOp("Hardmax", {Floats({2, 2}, {1, 3, 2, -kInf})}, {{"axis", int64_t{0}}}),
             Floats({2, 2}, {0, 1, 1, 0}));
  CheckClose(RunOp("Hardmax", {Floats({2, 0}, {})}), Floats({2, 0}, {}));
}

}  // namespace insitu::test
