// The linear layer with weights in blocks of 2, 4 and 8 bits against its formula in double: as near
// as float32 arithmetic is, for every size of block, for zero points whole and broken, in any order
// of the inputs, and with numbers that are not finite. Where inputs may become bytes, against that
// formula, exactly.
#include "kernel_fixture.h"

namespace insitu::test {
namespace {

using Op = lowered::BlockFullyConnected;

Op RandomLayer(Rng& rng, int64_t bits, int64_t block, int64_t depth, int64_t columns, bool whole) {
  Op op{depth, columns, bits, block, false, {}, {}, {}, {}, {}};
  op.weights = RandomBytes(rng, DType::kUint8, {columns, op.blocks(), block * bits / 8});
  op.scales = RandomFloats(rng, {columns, op.blocks()}, 0.01f, 0.1f);
  op.zero_points =
      RandomFloats(rng, {columns, op.blocks()}, 0, static_cast<float>((1 << bits) - 1));
  if (whole)
    for (float& zero : op.zero_points.As<float>()) zero = std::nearbyint(zero);
  op.bias = RandomFloats(rng, {columns});
  return op;
}

int WeightOf(const Op& op, int64_t n, int64_t place) {
  const int64_t bit = (n * op.blocks() * op.block_size + place) * op.bits;
  return std::to_integer<int>(op.weights.data()[bit / 8]) >> (bit % 8) & ((1 << op.bits) - 1);
}

// The formula, and the sum of magnitudes against which errors are judged: zero points are taken off
// sums of products.
std::pair<double, double> Formula(const Op& op, const float* x, int64_t n) {
  double sum = op.bias.As<float>()[static_cast<size_t>(n)], magnitude = std::abs(sum);
  const int64_t places = op.order.empty() ? op.depth : static_cast<int64_t>(op.order.size());
  for (int64_t place = 0; place < places; ++place) {
    const int64_t k = op.order.empty() ? place : op.order[static_cast<size_t>(place)];
    if (k < 0) continue;
    const int q = WeightOf(op, n, place);
    const auto b = static_cast<size_t>(n * op.blocks() + place / op.block_size);
    const double zero = op.zero_points.As<float>()[b], scale = op.scales.As<float>()[b];
    sum += static_cast<double>(x[k]) * (q - zero) * scale;
    magnitude += std::abs(static_cast<double>(x[k])) * (q + zero) * scale;
  }
  return {sum, magnitude};
}

void CheckLayer(const Op& op, const Tensor& x) {
  auto kernel = Accepted(Own(), op);
  const int64_t rows = x.elements() / op.depth;
  const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, {rows, op.columns});
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t n = 0; n < op.columns; ++n) {
      const float got = y.As<float>()[static_cast<size_t>(row * op.columns + n)];
      const auto [want, magnitude] = Formula(op, x.As<float>().data() + row * op.depth, n);
      if (std::isfinite(want)) {
        REQUIRE(std::abs(got - want) <= 4e-7 * magnitude);
      } else {
        REQUIRE((std::isnan(want) ? std::isnan(got) : static_cast<double>(got) == want));
      }
    }
}

TEST_CASE("weights in blocks: every width, block, depth and number of rows") {
  Rng rng(95);
  for (int64_t bits : {2, 4, 8})
    for (int64_t block : {16, 32, 64, 128, 256, 512})
      for (int64_t depth : {1, 40, 600})
        for (int64_t rows : {1, 3, 9, 37}) {
          const Op op = RandomLayer(rng, bits, block, depth, rows == 9 ? 5 : 29, rows == 3);
          CheckLayer(op, RandomFloats(rng, {rows, depth}, -3, 3));
        }
}

TEST_CASE("weights in blocks: magnitudes that differ, and none at all") {
  Rng rng(96);
  const Op op = RandomLayer(rng, 4, 32, 100, 7, false);
  Tensor x = RandomFloats(rng, {4, 100});
  for (size_t i = 0; i < 400; ++i) {
    const float factors[] = {1e-30f, 1e30f, 0.0f, 1.0f};
    x.As<float>()[i] *= factors[i / 100];
  }
  x.As<float>()[350] = 1e-44f;
  CheckLayer(op, x);
}

TEST_CASE("weights in blocks: infinities and NaN stay in their rows") {
  Rng rng(97);
  const Op op = RandomLayer(rng, 4, 32, 64, 3, true);
  Tensor x = RandomFloats(rng, {3, 64});
  x.As<float>()[5] = std::numeric_limits<float>::infinity();
  x.As<float>()[64 + 40] = std::numeric_limits<float>::quiet_NaN();
  CheckLayer(op, x);
}

// With inputs rounded to bytes, every step as block_byte_scheme.h has it.
float ByteFormula(const Op& op, const float* x, int64_t n) {
  volatile float total = op.bias.As<float>()[static_cast<size_t>(n)];
  for (int64_t b = 0; b < op.blocks(); ++b) {
    const auto element = [&](int64_t i) {
      const int64_t k = b * op.block_size + i;
      return k < op.depth ? x[k] : 0.0f;
    };
    float most = 0;
    for (int64_t i = 0; i < op.block_size; ++i) most = std::max(most, std::abs(element(i)));
    const float steps = most < 1e-30f ? 0.0f : 127.0f / most;
    int32_t sum = 0, products = 0;
    for (int64_t i = 0; i < op.block_size; ++i) {
      volatile float scaled = element(i) * steps;
      const auto number = static_cast<int32_t>(std::nearbyint(scaled));
      sum += number;
      products += number * WeightOf(op, n, b * op.block_size + i);
    }
    const auto at = static_cast<size_t>(n * op.blocks() + b);
    volatile float scale = op.scales.As<float>()[at] * (most < 1e-30f ? 0.0f : most / 127.0f);
    volatile float zeros = op.zero_points.As<float>()[at] * static_cast<float>(sum);
    volatile float centred = static_cast<float>(products) - zeros;
    volatile float share = centred * scale;
    total = total + share;
  }
  return total;
}

void CheckByteLayer(Op op, const Tensor& x) {
  op.byte_inputs = true;
  auto kernel = Accepted(Own(), op);
  const int64_t rows = x.elements() / op.depth;
  const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, {rows, op.columns});
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t n = 0; n < op.columns; ++n)
      REQUIRE(y.As<float>()[static_cast<size_t>(row * op.columns + n)] ==
              ByteFormula(op, x.As<float>().data() + row * op.depth, n));
}

TEST_CASE("weights in blocks: inputs that may be bytes give exactly what their formula does") {
  Rng rng(99);
  for (int64_t bits : {2, 4, 8})
    for (int64_t block : {16, 32, 64, 128, 256, 512})
      for (int64_t depth : {1, 40, 600})
        for (int64_t rows : {1, 3, 9, 37}) {
          const Op op = RandomLayer(rng, bits, block, depth, rows == 9 ? 5 : 29, rows == 3);
          CheckByteLayer(op, RandomFloats(rng, {rows, depth}, -3, 3));
        }
}

TEST_CASE("weights in blocks: the largest sums of bytes, magnitudes that differ, and none at all") {
  Rng rng(100);
  for (int64_t bits : {2, 4, 8})
    for (float sign : {-1.0f, 1.0f}) {
      Op op = RandomLayer(rng, bits, 512, 1024, 5, true);
      std::fill_n(op.weights.data(), op.weights.size_bytes(), std::byte{0xff});
      Tensor x = RandomFloats(rng, {4, 1024});
      for (size_t i = 0; i < 4096; ++i) {
        const float levels[] = {1e-30f, 1e30f, 1e-31f, 0.0f};
        x.As<float>()[i] = sign * levels[i / 1024];
      }
      CheckByteLayer(op, x);
    }
}

TEST_CASE("weights in blocks: rows that cannot become bytes are computed from floats") {
  Rng rng(101);
  Op op = RandomLayer(rng, 4, 32, 64, 3, true);
  op.byte_inputs = true;
  Tensor x = RandomFloats(rng, {3, 64});
  x.As<float>()[5] = std::numeric_limits<float>::infinity();
  x.As<float>()[64 + 40] = std::numeric_limits<float>::quiet_NaN();
  auto kernel = Accepted(Own(), op);
  const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, {3, 3});
  for (int64_t n = 0; n < 3; ++n) {
    const double want = Formula(op, x.As<float>().data(), n).first;
    const float got = y.As<float>()[static_cast<size_t>(n)];
    CHECK((std::isnan(want) ? std::isnan(got) : static_cast<double>(got) == want));
    CHECK(std::isnan(y.As<float>()[static_cast<size_t>(3 + n)]));
    CHECK(y.As<float>()[static_cast<size_t>(6 + n)] ==
          ByteFormula(op, x.As<float>().data() + 128, n));
  }
}

TEST_CASE("weights in blocks: inputs in another order, with gaps") {
  Rng rng(98);
  Op op = RandomLayer(rng, 4, 16, 40, 6, false);
  op.order.assign(48, -1);
  std::vector<int32_t> inputs(40);
  for (int32_t i = 0; i < 40; ++i) inputs[static_cast<size_t>(i)] = i;
  std::shuffle(inputs.begin(), inputs.end(), rng);
  std::ranges::copy(std::span(inputs).first(16), op.order.begin());
  std::ranges::copy(std::span(inputs).subspan(16, 10), op.order.begin() + 16);
  std::ranges::copy(std::span(inputs).subspan(26, 14), op.order.begin() + 32);
  CheckLayer(op, RandomFloats(rng, {2, 40}));
}

}  // namespace
}  // namespace insitu::test
