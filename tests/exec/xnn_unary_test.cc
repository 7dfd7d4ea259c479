// XNNPACK's elementwise functions against double: exact where IEEE says so, else a few ulps.
#include <functional>

#include "kernel_fixture.h"
#include "reference_formulas.h"

namespace insitu::test {
namespace {

using lowered::UnaryKind;

struct Function {
  UnaryKind kind;
  std::function<double(double)> real;
  float low, high;
  double relative;          // of the result
  double absolute = 1e-30;  // near zeros of the function
  float alpha = 0.0f;
};

double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

lowered::Unary Op(UnaryKind kind, DType dtype = DType::kFloat32, Clamp clamp = {}) {
  return {.kind = kind, .dtype = dtype, .alpha = 0.0f, .clamp = clamp};
}

void Check(Backend& backend, const Function& f, const Clamp& clamp) {
  Rng rng(21);
  const lowered::Unary op{
      .kind = f.kind, .dtype = DType::kFloat32, .alpha = f.alpha, .clamp = clamp};
  auto kernel = Accepted(backend, op);
  for (int64_t count : {1, 7, 1000, 4099}) {
    const Tensor x = RandomFloats(rng, {count}, f.low, f.high);
    const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, {count});
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      const double in = x.As<float>()[i];
      double expected = f.real(in);
      expected = std::fmin(std::fmax(expected, clamp.min), clamp.max);
      CAPTURE(static_cast<int>(f.kind), in, expected);
      REQUIRE(std::fabs(y.As<float>()[i] - expected) <=
              f.relative * std::fabs(expected) + f.absolute);
    }
  }
}

constexpr double kExact = 6e-8, kUlps = 4e-7;

const Function kFunctions[] = {
    {UnaryKind::kAbs, [](double x) { return std::fabs(x); }, -9, 9, 0},
    {UnaryKind::kNeg, [](double x) { return -x; }, -9, 9, 0},
    {UnaryKind::kFloor, [](double x) { return std::floor(x); }, -9, 9, 0},
    {UnaryKind::kCeil, [](double x) { return std::ceil(x); }, -9, 9, 0},
    {UnaryKind::kRound, [](double x) { return std::nearbyint(x); }, -9, 9, 0},
    {UnaryKind::kSqrt, [](double x) { return std::sqrt(x); }, 0, 90, kUlps},
    {UnaryKind::kSquare, [](double x) { return x * x; }, -9, 9, kExact},
    {UnaryKind::kRelu, [](double x) { return std::fmax(x, 0); }, -9, 9, 0},
    {UnaryKind::kClamp, [](double x) { return x; }, -9, 9, 0},
    {UnaryKind::kLeakyRelu, [](double x) { return x < 0 ? x * double{0.3f} : x; }, -9, 9, kExact,
     1e-30, 0.3f},
    {UnaryKind::kSigmoid, Sigmoid, -20, 20, kUlps},
    {UnaryKind::kTanh, [](double x) { return std::tanh(x); }, -9, 9, kUlps},
    {UnaryKind::kElu, [](double x) { return x < 0 ? double{0.7f} * std::expm1(x) : x; }, -9, 9,
     kUlps, 1e-7, 0.7f},
    {UnaryKind::kHardSwish, [](double x) { return x * std::fmin(std::fmax(x / 6 + 0.5, 0), 1); },
     -9, 9, kUlps, 4e-7},
    {UnaryKind::kGelu, [](double x) { return x * 0.5 * (1 + std::erf(x * M_SQRT1_2)); }, -4, 9,
     kUlps, 4e-7},
    {UnaryKind::kGeluTanh,
     [](double x) {
       return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
     },
     -4, 9, 1e-6, 1e-6},
    {UnaryKind::kSigmoidGate, [](double x) { return x * Sigmoid(double{1.702f} * x); }, -9, 9, 2e-6,
     1e-6, 1.702f},
};

TEST_CASE("elementwise functions are within a few ulps of double") {
  for (const Function& f : kFunctions)
    for (int threads : {1, 2}) {
      Check(Xnn(threads), f, {});
      Check(Xnn(threads), f, {.min = 0.25f, .max = 1.5f});
    }
}

TEST_CASE("halves round to even and results may overwrite the operand") {
  const float values[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 1e9f};
  Tensor x = Tensor::From<float>({7}, values).value();
  auto kernel = Accepted(Xnn(1), Op(UnaryKind::kRound));
  const Dims dims[] = {{7}};
  REQUIRE(kernel->Reshape(dims, dims));
  const std::byte* in[] = {x.data()};
  std::byte* out[] = {x.data()};
  REQUIRE(kernel->Run(in, out, nullptr));
  const float expected[] = {0, 2, 2, 0, -2, -2, 1e9f};
  CHECK(std::ranges::equal(x.As<float>(), expected));
}

TEST_CASE("what XNNPACK computes one by one, or not at all, is refused") {
  for (UnaryKind kind :
       {UnaryKind::kExp, UnaryKind::kErf, UnaryKind::kRsqrt, UnaryKind::kCopy, UnaryKind::kLog})
    CHECK_FALSE(Xnn(1).Consider(Op(kind)));
  CHECK_FALSE(Xnn(1).Consider(Op(UnaryKind::kAbs, DType::kFloat64)));
  CHECK_FALSE(Xnn(1).Consider(Op(UnaryKind::kClamp, DType::kFloat32, {2.0f, 1.0f})));
}

TEST_CASE("no elements") {
  auto kernel = Accepted(Xnn(1), Op(UnaryKind::kTanh));
  RunKernel(*kernel, {Make(DType::kFloat32, {2, 0})}, DType::kFloat32, {2, 0});
}

}  // namespace
}  // namespace insitu::test
