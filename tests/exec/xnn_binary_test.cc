// XNNPACK's elementwise operations of two operands, over random broadcasts of up to seven
// dimensions.
#include "kernel_fixture.h"
#include "reference_formulas.h"

namespace insitu::test {
namespace {

using lowered::BinaryKind;

double Apply(BinaryKind kind, double a, double b) {
  switch (kind) {
    case BinaryKind::kAdd:
      return a + b;
    case BinaryKind::kSub:
      return a - b;
    case BinaryKind::kMul:
      return a * b;
    case BinaryKind::kDiv:
      return a / b;
    case BinaryKind::kMin:
      return std::fmin(a, b);
    case BinaryKind::kMax:
      return std::fmax(a, b);
    case BinaryKind::kSquaredDifference:
      return (a - b) * (a - b);
    case BinaryKind::kPow:
      return std::pow(a, b);
  }
  return 0.0;
}

constexpr BinaryKind kKinds[] = {BinaryKind::kAdd,
                                 BinaryKind::kSub,
                                 BinaryKind::kMul,
                                 BinaryKind::kDiv,
                                 BinaryKind::kMin,
                                 BinaryKind::kMax,
                                 BinaryKind::kSquaredDifference};

struct Shapes {
  Dims a, b, out;
};

Shapes RandomShapes(Rng& rng) {
  Shapes s;
  const int64_t rank = Pick(rng, 0, 7);
  for (int64_t i = 0; i < rank; ++i) {
    const int64_t size = Pick(rng, 1, 5);
    const int64_t kind = Pick(rng, 0, 3);
    s.a.push_back(kind == 0 ? 1 : size);
    s.b.push_back(kind == 1 ? 1 : size);
    s.out.push_back(std::max(s.a.back(), s.b.back()));
  }
  if (Pick(rng, 0, 2) == 0) {
    Dims& shorter = Pick(rng, 0, 1) ? s.a : s.b;
    while (!shorter.empty() && shorter.front() == 1) shorter.erase(shorter.begin());
  }
  return s;
}

size_t SourceIndex(const Dims& dims, const Dims& out, size_t index) {
  size_t source = 0, stride = 1;
  for (size_t i = 0; i < out.size(); ++i) {
    const auto size = static_cast<size_t>(out[out.size() - 1 - i]);
    const size_t at = index % size;
    index /= size;
    if (i >= dims.size()) continue;
    const auto own = static_cast<size_t>(dims[dims.size() - 1 - i]);
    if (own > 1) source += at * stride;
    stride *= own;
  }
  return source;
}

TEST_CASE("float32 elementwise operations broadcast like numpy") {
  Rng rng(31);
  for (BinaryKind kind : kKinds)
    for (int round = 0; round < 40; ++round) {
      lowered::Binary op;
      op.kind = kind;
      if (round % 4 == 0) op.clamp = {-0.5f, 0.75f};
      const bool squared = kind == BinaryKind::kSquaredDifference;
      for (int threads : {1, 2}) {
        auto kernel = Accepted(Xnn(threads), op);
        for (int repeat = 0; repeat < 2; ++repeat) {
          const Shapes s = RandomShapes(rng);
          CAPTURE(static_cast<int>(kind), s.a, s.b);
          const Tensor a = RandomFloats(rng, s.a), b = RandomFloats(rng, s.b, 0.5f, 2.0f);
          const Tensor y = RunKernel(*kernel, {a, b}, DType::kFloat32, s.out);
          for (size_t i = 0; i < static_cast<size_t>(y.elements()); ++i) {
            const double left = a.As<float>()[SourceIndex(s.a, s.out, i)];
            const double right = b.As<float>()[SourceIndex(s.b, s.out, i)];
            double expected = Apply(kind, left, right);
            const double slack =
                squared ? 2.5e-7 * std::fabs(expected) + 1e-7 : 6.1e-8 * std::fabs(expected);
            expected = std::fmin(std::fmax(expected, op.clamp.min), op.clamp.max);
            REQUIRE(std::fabs(y.As<float>()[i] - expected) <= slack);
          }
        }
      }
    }
}

TEST_CASE("quantized and unsupported elementwise operations are refused") {
  lowered::Binary op;
  op.dtype = DType::kInt8;
  op.a = op.b = op.y = Quantization{};
  const auto offer = Xnn(1).Consider(op);
  REQUIRE_FALSE(offer);
  CHECK(offer.error().why.find("fixed point") != std::string::npos);
  op = {};
  op.kind = BinaryKind::kPow;
  CHECK_FALSE(Xnn(1).Consider(op));
}

TEST_CASE("operands without elements") {
  auto kernel = Accepted(Xnn(1), lowered::Binary{});
  RunKernel(*kernel, {Make(DType::kFloat32, {0, 3}), Make(DType::kFloat32, {1, 3})},
            DType::kFloat32, {0, 3});
}

}  // namespace
}  // namespace insitu::test
