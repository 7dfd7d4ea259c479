// IntegerProducts in every way, on this processor: sums equal plain loops, modulo 2^32, for weights
// at the ends of their range, odd extents and groups. And the layout of weights whose pairs would
// saturate.
#include "exec/kernels/integer_products.h"

#include <catch2/generators/catch_generators.hpp>

#include "exec/kernels/byte_dot.h"
#include "exec/kernels/pair_spill.h"
#include "kernel_fixture.h"
#include "ops/requantize.h"
#include "reference_formulas.h"

namespace insitu::test {
namespace {

using kernels::ByteDot;
using kernels::IntegerProducts;
using kernels::LinearNumbers;
using kernels::ProductScheme;

// What LinearNumbers refers to.
struct Layer {
  Tensor weights, bias;
  std::vector<float> w_scale;
  std::vector<int32_t> w_zero_point;
  DType input = DType::kUint8;

  LinearNumbers numbers() const {
    return {input,        DType::kInt32, weights,      bias, std::nullopt,
            std::nullopt, w_scale,       w_zero_point, {}};
  }
};

Layer RandomLayer(Rng& rng, DType input, int64_t columns, int64_t depth, bool extreme) {
  Layer layer;
  layer.input = input;
  layer.weights = RandomBytes(rng, DType::kInt8, {columns, depth}, extreme);
  layer.bias = Make(DType::kInt32, {columns});
  for (int32_t& value : layer.bias.As<int32_t>())
    value = static_cast<int32_t>(
        Pick(rng, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));
  return layer;
}

// The sums of all rows with all columns, as the class computes them.
Tensor Sums(const IntegerProducts& products, size_t groups, const Tensor& x, int32_t zero_point) {
  const size_t rows = static_cast<size_t>(x.dims()[0]), depth = products.depth();
  Tensor y = Make(DType::kInt32, {x.dims()[0], static_cast<int64_t>(products.columns())});
  Buffer data = Buffer::Allocate(rows * products.row_bytes()).value();
  for (size_t i = 0; i < data.size(); ++i) data.data()[i] = std::byte{0x5a};
  std::vector<int32_t> starts(products.starts());
  products.Starts(zero_point, starts.data());
  for (size_t g = 0; g < groups; ++g) {
    products.Convert(x.data() + g * depth,
                     {.windows = rows, .window_step = groups * depth, .elements = depth},
                     zero_point, data.data());
    products.Run({data.data(), products.row_bytes(), rows},
                 {.group = g,
                  .first_block = 0,
                  .last_block = products.blocks_of_group(),
                  .starts = starts.data(),
                  .y = y.data() + g * products.columns_of_group() * sizeof(int32_t),
                  .y_step = products.columns() * sizeof(int32_t)});
  }
  return y;
}

// Plain loops stand in where there is no instruction; where there is a wrong one, nothing does.
bool Available(ProductScheme scheme) {
  if (scheme == ProductScheme::kWide) return true;
  return (scheme == ProductScheme::kQuad ? kernels::QuadDot() : kernels::PairDot()).available;
}

void CheckSums(const Layer& layer, size_t groups, const Tensor& x, int32_t zero_point,
               const Tensor& y) {
  const size_t columns = static_cast<size_t>(layer.weights.dims()[0]),
               depth = static_cast<size_t>(layer.weights.dims()[1]);
  for (size_t row = 0; row < static_cast<size_t>(x.dims()[0]); ++row)
    for (size_t c = 0; c < columns; ++c) {
      int32_t sum = layer.bias.As<int32_t>()[c];
      const size_t group = c / (columns / groups);
      for (size_t k = 0; k < depth; ++k)
        sum = WrappingAdd(sum, (Load8(x, (row * groups + group) * depth + k) - zero_point) *
                                   layer.numbers().column(c)[k]);
      REQUIRE(y.As<int32_t>()[row * columns + c] == sum);
    }
}

TEST_CASE("sums of products are exact in every way to compute them") {
  const auto scheme = GENERATE(ProductScheme::kWide, ProductScheme::kQuad, ProductScheme::kPair);
  const auto input = GENERATE(DType::kInt8, DType::kUint8);
  if (!Available(scheme)) {
    WARN("this processor does not add four products of bytes");
    return;
  }
  Rng rng(111);
  for (int round = 0; round < 40; ++round) {
    const size_t groups = round % 4 == 3 ? 3 : 1;
    const int64_t depth = Pick(rng, 1, round % 2 ? 300 : 20),
                  columns = static_cast<int64_t>(groups) * Pick(rng, 1, 21);
    const Layer layer = RandomLayer(rng, input, columns, depth, round % 5 == 0);
    const auto products = IntegerProducts::Pack(layer.numbers(), groups, scheme).value();
    CAPTURE(round, groups, depth, columns, products->extra_share());
    const Tensor x = RandomBytes(
        rng, input, {Pick(rng, 1, 9), static_cast<int64_t>(groups) * depth}, round % 3 == 0);
    const int32_t zero_point = static_cast<int32_t>(Pick(rng, 0, 255)) + Lowest(input);
    CheckSums(layer, groups, x, zero_point, Sums(*products, groups, x, zero_point));
  }
}

TEST_CASE("whatever way is chosen, weights with zero points are exact") {
  Rng rng(112);
  for (const DType weights : {DType::kInt8, DType::kUint8})
    for (const int64_t zero : {-128, -1, 0, 127, 128, 255}) {
      if (zero < 0 && weights == DType::kUint8) continue;
      if (zero > 127 && weights == DType::kInt8) continue;
      Layer layer = RandomLayer(rng, DType::kUint8, 11, 50, zero == 0);
      layer.weights = RandomBytes(rng, weights, {11, 50});
      layer.w_zero_point = {static_cast<int32_t>(zero)};
      const auto products = IntegerProducts::Pack(layer.numbers(), 1, PackedWeights()).value();
      const Tensor x = RandomBytes(rng, DType::kUint8, {5, 50}, true);
      CheckSums(layer, 1, x, 3, Sums(*products, 1, x, 3));
    }
}

TEST_CASE("memory that cannot be had is an error, at every step of packing") {
  Rng rng(113);
  const Layer layer = RandomLayer(rng, DType::kUint8, 20, 64, true);
  for (const auto scheme : {ProductScheme::kWide, ProductScheme::kQuad, ProductScheme::kPair}) {
    if (!Available(scheme)) continue;
    for (int64_t n = 0;; ++n) {
      FailBufferAllocationAfter(n);
      const auto products = IntegerProducts::Pack(layer.numbers(), 1, scheme);
      FailBufferAllocationAfter(-1);
      if (products) {
        CHECK(n > 1);
        break;
      }
      CHECK(products.error().code == ErrorCode::kOutOfMemory);
    }
  }
}

TEST_CASE("pairs beyond the limits are split, and the split adds up") {
  Rng rng(114);
  const kernels::PairLimits limits;
  for (int round = 0; round < 30; ++round) {
    const int64_t columns = Pick(rng, 1, 8), depth = Pick(rng, 1, 40);
    const Layer layer = RandomLayer(rng, DType::kUint8, columns, depth, round % 3 == 0);
    const size_t groups =
        (static_cast<size_t>(depth) + kernels::kPlacesOfGroup - 1) / kernels::kPlacesOfGroup;
    std::vector<int8_t> packed(groups * kernels::kBytesOfGroup);
    const kernels::SpilledBlock block(layer.numbers(), 0, static_cast<size_t>(columns), &limits,
                                      packed.data());
    const auto at_place = [&](size_t place) {
      std::array<int8_t, 8> weights;
      for (size_t c = 0; c < weights.size(); ++c) weights[c] = packed[kernels::ByteAt(place, c)];
      return weights;
    };
    std::vector<int32_t> total(static_cast<size_t>(depth * columns));
    const auto add = [&](size_t source, const int8_t* weights) {
      for (size_t c = 0; c < static_cast<size_t>(columns); ++c) {
        if (source < static_cast<size_t>(depth))
          total[c * static_cast<size_t>(depth) + source] += weights[c];
        else
          REQUIRE(weights[c] == 0);
      }
    };
    const auto check_pair = [&](const int8_t* first, const int8_t* second) {
      for (size_t c = 0; c < 8; ++c) {
        REQUIRE(255 * (std::max<int>(first[c], 0) + std::max<int>(second[c], 0)) <= 32767);
        REQUIRE(255 * (std::min<int>(first[c], 0) + std::min<int>(second[c], 0)) >= -32768);
      }
    };
    for (size_t place = 0; place < groups * kernels::kPlacesOfGroup; ++place) {
      add(place, at_place(place).data());
      if (place % 2) check_pair(at_place(place - 1).data(), at_place(place).data());
    }
    for (size_t i = 0; i < block.spills().size(); ++i) {
      add(block.spills()[i].source, block.spills()[i].weights);
      if (i % 2) check_pair(block.spills()[i - 1].weights, block.spills()[i].weights);
    }
    for (size_t i = 0; i < total.size(); ++i) REQUIRE(total[i] == Load8(layer.weights, i));
  }
}

TEST_CASE("weights within half of their range spill nothing") {
  Rng rng(115);
  Layer layer = RandomLayer(rng, DType::kUint8, 16, 100, false);
  for (size_t i = 0; i < layer.weights.size_bytes(); ++i)
    Store8(layer.weights, i, Load8(layer.weights, i) / 2);
  const auto products = IntegerProducts::Pack(layer.numbers(), 1, ProductScheme::kPair).value();
  CHECK(products->extra_share() == 0.0);
}

TEST_CASE("an instruction that is fast or exact is also available") {
  for (const ByteDot& dot : {kernels::QuadDot(), kernels::PairDot()})
    CHECK((dot.available || !(dot.fast || dot.exact)));
}

}  // namespace
}  // namespace insitu::test
