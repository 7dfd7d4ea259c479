// Arithmetic with broadcasting: known values, every type, random comparison with a naive formula.
#include <cmath>
#include <limits>

#include "ops/activation.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

// The element of a broadcast operand at an index of the output.
double At(const Tensor& tensor, const Dims& output, int64_t flat) {
  int64_t offset = 0, step = 1;
  for (size_t back = 1; back <= output.size(); ++back) {
    const int64_t index = flat % output[output.size() - back];
    flat /= output[output.size() - back];
    if (back > tensor.dims().size()) continue;
    const int64_t extent = tensor.dims()[tensor.dims().size() - back];
    offset += extent == 1 ? 0 : index * step;
    step *= extent;
  }
  return LoadReal(tensor.View(), offset);
}

template <class F>
void CompareRandom(const std::string& op, DType dtype, F formula, bool positive = false) {
  const std::vector<std::pair<Dims, Dims>> cases = {
      {{2, 3, 4}, {2, 3, 4}}, {{2, 3, 4}, {4}},   {{2, 3, 4}, {3, 1}},
      {{1}, {5, 2}},          {{}, {3}},          {{}, {}},
      {{2, 1, 4}, {3, 1}},    {{7, 300}, {7, 1}}, {{0, 3}, {3}},
      {{3, 1, 2}, {1, 4, 1}}};
  uint32_t seed = 1;
  for (const auto& [a_dims, b_dims] : cases) {
    const Tensor a = RandomTensor(dtype, a_dims, seed++);
    Tensor b = RandomTensor(dtype, b_dims, seed++);
    if (positive)
      for (int64_t i = 0; i < b.elements(); ++i) {
        const double value = std::fabs(LoadReal(b.View(), i)) + 1;
        StoreElements(&value, 1, b.View(), i);
      }
    const Tensor y = RunOp(op, {a, b});
    for (int64_t i = 0; i < y.elements(); ++i) {
      const double want = formula(At(a, y.dims(), i), At(b, y.dims(), i));
      INFO(op << " " << Name(dtype) << " element " << i);
      REQUIRE(std::fabs(LoadReal(y.View(), i) - want) <= 1e-2 * std::fmax(1, std::fabs(want)));
    }
  }
}

}  // namespace

TEST_CASE("arithmetic agrees with the naive formula", "[ops]") {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBfloat16,
                      DType::kInt16, DType::kInt32, DType::kInt64}) {
    CompareRandom("Add", dtype, [](double a, double b) { return a + b; });
    CompareRandom("Sub", dtype, [](double a, double b) { return a - b; });
    CompareRandom("Mul", dtype, [](double a, double b) { return a * b; });
    CompareRandom("Max", dtype, [](double a, double b) { return std::fmax(a, b); });
    CompareRandom("Min", dtype, [](double a, double b) { return std::fmin(a, b); });
    const bool real = ArithmeticOf(dtype) == Arithmetic::kReal;
    CompareRandom(
        "Div", dtype, [real](double a, double b) { return real ? a / b : std::trunc(a / b); },
        true);
  }
}

TEST_CASE("float32 arithmetic rounds once", "[ops]") {
  const Tensor a = Floats({2}, {1.0f, 16777216.0f}), b = Floats({2}, {3.0f, 1.0f});
  CheckClose(RunOp("Div", {a, b}), Floats({2}, {1.0f / 3.0f, 16777216.0f}), 0);
  CheckClose(RunOp("Add", {a, b}), Floats({2}, {4.0f, 16777216.0f}), 0);
}

TEST_CASE("integers wrap and division truncates", "[ops]") {
  CheckClose(RunOp("Add", {Make<uint8_t>({1}, {250}), Make<uint8_t>({1}, {10})}),
             Make<uint8_t>({1}, {4}));
  CheckClose(RunOp("Mul", {Make<int32_t>({1}, {1 << 30}), Make<int32_t>({1}, {4})}),
             Make<int32_t>({1}, {0}));
  const int64_t least = std::numeric_limits<int64_t>::min();
  CheckClose(RunOp("Div", {Make<int64_t>({3}, {-7, 7, least}), Make<int64_t>({3}, {2, -2, -1})}),
             Make<int64_t>({3}, {-3, -3, least}));
  const uint64_t huge = std::numeric_limits<uint64_t>::max();
  CheckClose(RunOp("Div", {Make<uint64_t>({1}, {huge}), Make<uint64_t>({1}, {2})}),
             Make<uint64_t>({1}, {huge / 2}));
}

TEST_CASE("integer division by zero is refused", "[ops]") {
  CHECK(OpError("Div", {Make<int32_t>({2}, {1, 2}), Make<int32_t>({2}, {1, 0})}) ==
        ErrorCode::kInvalidArgument);
  const float infinity = std::numeric_limits<float>::infinity();
  CheckClose(RunOp("Div", {Floats({1}, {1}), Floats({1}, {0})}), Floats({1}, {infinity}));
}

TEST_CASE("operands must agree in type and extents", "[ops]") {
  CHECK(OpError("Add", {Floats({2}, {1, 2}), Floats({3}, {1, 2, 3})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("Add", {Floats({1}, {1}), Make<int32_t>({1}, {1})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("Add", {Bools({1}, {1}), Bools({1}, {1})}) == ErrorCode::kUnsupportedType);
  CHECK(OpError("Max", {Floats({2}, {1, 2}), Floats({1}, {0}), Floats({3}, {1, 2, 3})}) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("a fused activation clamps the result", "[ops]") {
  CheckClose(RunOp("Add", {Floats({3}, {-2, 1, 9}), Floats({1}, {0.5})},
                   {{std::string(kActivationMin), 0.0f}, {std::string(kActivationMax), 6.0f}}),
             Floats({3}, {0, 1.5, 6}));
}

TEST_CASE("variadic operators take any number of operands", "[ops]") {
  const Tensor a = Floats({3}, {3, 0, 2}), b = Floats({3}, {1, 3, 4}), c = Floats({1}, {2});
  CheckClose(RunOp("Sum", {a, b, c}), Floats({3}, {6, 5, 8}));
  CheckClose(RunOp("Mean", {a, b, c}), Floats({3}, {2, 5.0f / 3, 8.0f / 3}));
  CheckClose(RunOp("Max", {a, b, c}), Floats({3}, {3, 3, 4}));
  CheckClose(RunOp("Min", {a, b, c}), Floats({3}, {1, 0, 2}));
  CheckClose(RunOp("Mean", {a}), a);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CheckClose(RunOp("Max", {Floats({2}, {nan, 1}), Floats({2}, {1, nan})}), Floats({2}, {nan, nan}));
}

TEST_CASE("Pow keeps the type of the base", "[ops]") {
  CheckClose(RunOp("Pow", {Floats({3}, {1, 2, 3}), Floats({3}, {4, 5, 6})}),
             Floats({3}, {1, 32, 729}));
  CheckClose(RunOp("Pow", {Make<int32_t>({3}, {1, 2, 3}), Floats({3}, {4, 5, 6})}),
             Make<int32_t>({3}, {1, 32, 729}));
  CheckClose(
      RunOp("Pow", {Make<int64_t>({4}, {3, -1, 2, -1}), Make<int32_t>({4}, {39, 3, -1, -2})}),
      Make<int64_t>({4}, {4052555153018976267, -1, 0, 1}));
  CheckClose(RunOp("Pow", {Floats({2}, {4, 9}), Make<int64_t>({}, {2})}), Floats({2}, {16, 81}));
}

TEST_CASE("PRelu scales what is negative", "[ops]") {
  CheckClose(RunOp("PRelu", {Floats({2, 2}, {-1, 2, -3, 4}), Floats({2}, {0.5, 0.25})}),
             Floats({2, 2}, {-0.5, 2, -1.5, 4}));
  CHECK(OpError("PRelu", {Floats({1}, {-1}), Floats({2}, {1, 2})}) == ErrorCode::kShapeMismatch);
}

}  // namespace insitu::test
