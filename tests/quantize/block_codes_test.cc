// EncodeBlocks against rounding to nearest, over weights of many kinds: what the operator makes of
// the codes is never farther from the weights, and for usual weights much nearer.
#include "quantize/block_codes.h"

#include <random>

#include "ops/packed_bits.h"
#include "support/run_op.h"

namespace insitu::test {
namespace {

constexpr int64_t kDepth = 100, kColumns = 24, kBlock = 32;

// The weights that MatMulNBits computes with, [K, N]: its product with the identity.
Tensor Decoded(const BlockCodes& codes, int bits) {
  Tensor identity = Value(Tensor::Allocate(DType::kFloat32, {kDepth, kDepth}));
  std::ranges::fill(identity.As<float>(), 0.0F);
  for (size_t i = 0; i < kDepth; ++i) identity.As<float>()[i * (kDepth + 1)] = 1;
  return RunOpAll("MatMulNBits", {identity, codes.codes, codes.scales, codes.zero_points},
                  {.attributes = {{"K", kDepth},
                                  {"N", kColumns},
                                  {"bits", static_cast<int64_t>(bits)},
                                  {"block_size", kBlock}},
                   .domain = "com.microsoft"})
      .front();
}

// The squared error of one block rounded to nearest over its range.
double Nearest(std::span<const float> w, int bits, bool free_zero) {
  const double top = (1 << bits) - 1, middle = 1 << (bits - 1);
  double low = 0, high = 0;
  for (double v : w) low = std::min(low, v), high = std::max(high, v);
  const double largest = -low > high ? low : high;
  const double scale = free_zero ? (high - low) / top : -largest / middle;
  if (scale == 0) return 0;
  const double zero = free_zero ? std::nearbyint(-low / scale) : middle;
  double error = 0;
  for (double v : w) {
    const double code = std::clamp(std::nearbyint(v / scale) + zero, 0.0, top);
    error += (v - (code - zero) * scale) * (v - (code - zero) * scale);
  }
  return error;
}

struct Comparison {
  double found = 0, fixed = 0, free = 0, rounding = 0;
};

Comparison Compare(const Tensor& weights, int bits) {
  const BlockCodes codes = Value(EncodeBlocks(weights, false, bits, kBlock));
  const Tensor decoded = Decoded(codes, bits);
  Comparison all;
  for (size_t n = 0; n < kColumns; ++n)
    for (size_t first = 0; first < kDepth; first += kBlock) {
      std::vector<float> block;
      double found = 0, power = 0;
      for (size_t k = first; k < std::min<size_t>(first + kBlock, kDepth); ++k) {
        block.push_back(weights.As<float>()[k * kColumns + n]);
        const double off = decoded.As<float>()[k * kColumns + n] - double{block.back()};
        found += off * off;
        power += double{block.back()} * block.back();
      }
      const double fixed = Nearest(block, bits, false), free = Nearest(block, bits, true);
      // What is decoded is a product in float32, at most 2^-24 of each weight away.
      const double rounding = std::sqrt(found * power) * 0x1p-22 + power * 0x1p-46;
      CHECK(found <= fixed * (1 + 1e-6) + rounding);
      if (!codes.zero_points.empty()) CHECK(found <= free * (1 + 1e-6) + rounding);
      all = {all.found + found, all.fixed + fixed, all.free + free, all.rounding + rounding};
    }
  CHECK(std::abs(codes.squared_error - all.found) <= 1e-4 * all.found + all.rounding);
  return all;
}

template <class Draw>
Tensor Drawn(Draw draw) {
  Tensor weights = Value(Tensor::Allocate(DType::kFloat32, {kDepth, kColumns}));
  for (float& w : weights.As<float>()) w = static_cast<float>(draw());
  return weights;
}

std::mt19937& Random() {
  static std::mt19937 random(12);
  return random;
}

TEST_CASE("usual weights come out nearer than rounded to nearest") {
  std::normal_distribution<double> normal(0, 0.02);
  std::student_t_distribution<double> heavy(3);
  const Tensor gaussian = Drawn([&] { return normal(Random()); });
  const Tensor tailed = Drawn([&] { return 0.02 * heavy(Random()); });
  for (const Tensor& weights : {gaussian, tailed})
    for (const int bits : {4, 8}) {
      const Comparison errors = Compare(weights, bits);
      UNSCOPED_INFO(bits << " bits: " << errors.found / errors.fixed << " of fixed, "
                         << errors.found / errors.free << " of free zero points");
      CHECK(errors.found < 0.85 * errors.fixed);
      CHECK(errors.found < 0.96 * errors.free);
    }
}

TEST_CASE("no kind of weights comes out farther than rounded to nearest") {
  std::uniform_real_distribution<double> uniform(-1, 1), positive(0, 1), far(5, 5.1);
  std::cauchy_distribution<double> cauchy;
  std::bernoulli_distribution rare(0.02), coin;
  for (const int bits : {4, 8}) {
    Compare(Drawn([&] { return uniform(Random()); }), bits);
    Compare(Drawn([&] { return positive(Random()); }), bits);
    Compare(Drawn([&] { return -far(Random()); }), bits);
    Compare(Drawn([&] { return cauchy(Random()); }), bits);
    Compare(Drawn([&] { return rare(Random()) ? 1.0 : 0.0; }), bits);
    Compare(Drawn([&] { return coin(Random()) ? 0.3 : -0.3; }), bits);
    Compare(Drawn([&] { return 0.0; }), bits);
    Compare(Drawn([&] { return 3e38 * uniform(Random()); }), bits);
    Compare(Drawn([&] { return 1e-34 * uniform(Random()); }), bits);
  }
}

TEST_CASE("weights that are codes come out as they are, without zero points") {
  std::uniform_int_distribution<int> code(-8, 7);
  Tensor weights = Drawn([&] { return 0.25 * code(Random()); });
  // Each block has the largest magnitude, so that its scale is known.
  for (size_t i = 0; i < weights.As<float>().size(); ++i)
    if (i / kColumns % kBlock == 0) weights.As<float>()[i] = -2;
  const BlockCodes codes = Value(EncodeBlocks(weights, false, 4, kBlock));
  CHECK(codes.zero_points.empty());
  CHECK(codes.squared_error == 0);
  CheckClose(Decoded(codes, 4), weights, 0);
}

TEST_CASE("weights below the normal numbers become zeros") {
  const Tensor weights = Drawn([] { return 1e-44; });
  const BlockCodes codes = Value(EncodeBlocks(weights, false, 4, kBlock));
  CheckClose(Decoded(codes, 4), Drawn([] { return 0.0; }), 0);
}

TEST_CASE("codes behind the last weight stand for zero") {
  const Tensor weights = Drawn([] { return std::normal_distribution<double>(1)(Random()); });
  for (const int bits : {4, 8}) {
    const BlockCodes codes = Value(EncodeBlocks(weights, false, bits, kBlock));
    const int64_t blocks = codes.scales.dims()[1], row = codes.codes.dims()[2];
    REQUIRE(codes.zero_points.dims()[0] == kColumns);
    for (int64_t n = 0; n < kColumns; ++n)
      for (int64_t k = kDepth; k < blocks * kBlock; ++k)
        CHECK(ReadPacked(codes.codes.data() + n * blocks * row, k, bits) ==
              ReadPacked(codes.zero_points.data() + n * codes.zero_points.dims()[1], blocks - 1,
                         bits));
  }
}

TEST_CASE("transposed weights give the same codes") {
  const Tensor weights = Drawn([&] { return std::normal_distribution<double>()(Random()); });
  Tensor transposed = Value(Tensor::Allocate(DType::kFloat32, {kColumns, kDepth}));
  for (size_t k = 0; k < kDepth; ++k)
    for (size_t n = 0; n < kColumns; ++n)
      transposed.As<float>()[n * kDepth + k] = weights.As<float>()[k * kColumns + n];
  const BlockCodes one = Value(EncodeBlocks(weights, false, 4, kBlock));
  const BlockCodes other = Value(EncodeBlocks(transposed, true, 4, kBlock));
  CheckClose(other.codes, one.codes);
  CheckClose(other.scales, one.scales, 0);
  CheckClose(other.zero_points, one.zero_points);
}

}  // namespace
}  // namespace insitu::test
