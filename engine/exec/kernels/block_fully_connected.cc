// The linear layer with weights of 2, 4 or 8 bits in blocks. Weights stay packed and meet the input
// as integers: each block of a row of x becomes 30-bit fixed point, x = v * 2^-e with |v| < 2^29,
// in two halves of 16 bits, v = high * 2^15 + low, so that both sums of products are exact in
// int32:
//   y[n] = bias[n] + sum over blocks of scale * 2^-e * (sum v * (q - Z) - (zero_point - Z) * sum
//   v),
// Z = zero_point rounded. Only the sum over blocks rounds (in double), which is closer to the
// formula than float32 arithmetic on dequantized weights. Blocks with infinities or NaN are
// computed element by element. The bytes of a block unpack into all first numbers, all second ones,
// ...; x is stored likewise.
#include <algorithm>
#include <cmath>
#include <vector>

#include "exec/kernels/dot.h"
#include "exec/kernels/kernels.h"

namespace insitu::kernels {
namespace {

using Op = lowered::BlockFullyConnected;

constexpr int64_t kLargestBlock = 256;  // 2^14 * 255 * 256 < 2^31
constexpr int64_t kRows = 8;            // of x that share one unpacking of the weights
constexpr int kHalfBits = 15, kMagnitudeBits = 29;

// A block of one row of x.
struct BlockOfX {
  double scale = 0;  // 2^-e
  double sum = 0;    // of v
  bool finite = true;
};

class BlockFullyConnectedKernel final : public Kernel {
 public:
  explicit BlockFullyConnectedKernel(const Op& op) : op_(op) {
    // A larger block is several smaller ones with one scale: the weights lie the same way.
    const int64_t parts = std::max<int64_t>(1, op.block_size / kLargestBlock);
    block_ = op.block_size / parts;
    blocks_ = op.blocks() * parts;
    blob_ = block_ * op.bits / 8;
    const auto scales = op_.scales.As<float>(), zeros = op_.zero_points.As<float>();
    for (size_t i = 0; i < scales.size(); ++i)
      for (int64_t part = 0; part < parts; ++part)
        parameters_.push_back(
            {scales[i], std::nearbyint(zeros[i]), zeros[i] - std::nearbyint(zeros[i])});
    op_.scales = {};
    op_.zero_points = {};
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    if (inputs[0].empty() || inputs[0].back() != op_.depth)
      return Fail(ErrorCode::kShapeMismatch, "a layer of " + std::to_string(op_.depth) +
                                                 " inputs was given " + ToString(inputs[0]));
    rows_ = ElementsUnchecked(inputs[0]) / op_.depth;
    const auto tile = static_cast<size_t>(std::min(rows_, kRows));
    halves_ = tile * static_cast<size_t>(blocks_ * block_) * sizeof(int16_t);
    return 2 * halves_ + tile * static_cast<size_t>(blocks_) * sizeof(BlockOfX);
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const auto* x = Cast<float>(inputs[0]);
    auto* y = Cast<float>(outputs[0]);
    Tile tile{Cast<int16_t>(scratch), Cast<int16_t>(scratch + halves_),
              Cast<BlockOfX>(scratch + 2 * halves_)};
    for (int64_t row = 0; row < rows_; row += kRows) {
      tile.rows = std::min(kRows, rows_ - row);
      tile.x = x + row * op_.depth;
      for (int64_t r = 0; r < tile.rows; ++r)
        for (int64_t b = 0; b < blocks_; ++b) QuantizeBlock(tile, r, b);
      for (int64_t n = 0; n < op_.columns; ++n) RunColumn(tile, n, y + row * op_.columns + n);
    }
    return {};
  }

  size_t packed_bytes() const override {
    return op_.weights.size_bytes() + parameters_.size() * sizeof(Parameters);
  }

 private:
  struct Parameters {
    float scale, zero, fraction;  // fraction: of the zero point, beyond `zero`
  };
  struct Tile {
    int16_t* high;
    int16_t* low;
    BlockOfX* blocks;
    int64_t rows = 0;
    const float* x = nullptr;
  };

  // The element of x at this place of a row; 0 behind its end.
  float ElementAt(const float* row, int64_t place) const {
    int64_t k = place;
    if (!op_.order.empty()) k = op_.order[static_cast<size_t>(place)];
    return k >= 0 && k < op_.depth ? row[k] : 0.0f;
  }

  void QuantizeBlock(const Tile& tile, int64_t row, int64_t block) const {
    const float* x = tile.x + row * op_.depth;
    const int64_t index = row * blocks_ + block;
    BlockOfX& info = tile.blocks[index];
    info = {};
    float elements[kLargestBlock], largest = 0;
    for (int64_t i = 0; i < block_; ++i) {
      elements[i] = ElementAt(x, block * block_ + i);
      info.finite = info.finite && std::isfinite(elements[i]);
      largest = std::max(largest, std::abs(elements[i]));
    }
    int exponent = 0;
    if (info.finite && largest > 0) exponent = kMagnitudeBits - 1 - std::ilogb(largest);
    const double factor = info.finite ? std::ldexp(1.0, exponent) : 0.0;
    info.scale = std::ldexp(1.0, -exponent);
    const int64_t numbers = 8 / op_.bits;  // of a byte
    int16_t *high = tile.high + index * block_, *low = tile.low + index * block_;
    for (int64_t i = 0; i < block_; ++i) {
      const auto v = info.finite ? static_cast<int32_t>(std::nearbyint(elements[i] * factor)) : 0;
      const int64_t at = i % numbers * blob_ + i / numbers;
      const int32_t upper = (v + (1 << (kHalfBits - 1))) >> kHalfBits;
      high[at] = static_cast<int16_t>(upper);
      low[at] = static_cast<int16_t>(v - upper * (1 << kHalfBits));
      info.sum += v;
    }
  }

  // q - zero for the numbers of a block, in the order of QuantizeBlock.
  void Unpack(const uint8_t* bytes, int zero, int16_t* weights) const {
    const auto bits = static_cast<int>(op_.bits);
    const int mask = (1 << bits) - 1;
    for (int shift = 0; shift < 8; shift += bits) {
      for (int64_t j = 0; j < blob_; ++j)
        weights[j] = static_cast<int16_t>((bytes[j] >> shift & mask) - zero);
      weights += blob_;
    }
  }

  double SlowSum(const Tile& tile, int64_t row, int64_t block, const int16_t* weights,
                 float fraction) const {
    const int64_t numbers = 8 / op_.bits;
    double sum = 0;
    for (int64_t i = 0; i < block_; ++i)
      sum += static_cast<double>(ElementAt(tile.x + row * op_.depth, block * block_ + i)) *
             (weights[i % numbers * blob_ + i / numbers] - fraction);
    return sum;
  }

  void RunColumn(const Tile& tile, int64_t n, float* y) const {
    double sums[kRows];
    std::fill_n(sums, tile.rows,
                op_.bias.empty() ? 0.0 : op_.bias.As<float>()[static_cast<size_t>(n)]);
    alignas(16) int16_t weights[kLargestBlock];
    const uint8_t* bytes = Cast<uint8_t>(op_.weights.data()) + n * blocks_ * blob_;
    const Parameters* parameters = parameters_.data() + n * blocks_;
    for (int64_t b = 0; b < blocks_; ++b) {
      const Parameters& p = parameters[b];
      Unpack(bytes + b * blob_, static_cast<int>(p.zero), weights);
      for (int64_t r = 0; r < tile.rows; ++r) {
        const int64_t index = r * blocks_ + b;
        const BlockOfX& info = tile.blocks[index];
        if (!info.finite) {
          sums[r] += static_cast<double>(p.scale) * SlowSum(tile, r, b, weights, p.fraction);
          continue;
        }
        const auto [high, low] = DotTwo(tile.high + index * block_, tile.low + index * block_,
                                        weights, static_cast<size_t>(block_));
        const double sum = static_cast<double>(high) * (1 << kHalfBits) + low -
                           static_cast<double>(p.fraction) * info.sum;
        sums[r] += static_cast<double>(p.scale) * info.scale * sum;
      }
    }
    for (int64_t r = 0; r < tile.rows; ++r) y[r * op_.columns] = static_cast<float>(sums[r]);
  }

  Op op_;
  int64_t block_ = 0, blocks_ = 0, blob_ = 0;
  std::vector<Parameters> parameters_;
  int64_t rows_ = 0;
  size_t halves_ = 0;
};

}  // namespace

Considered Consider(const Op& op) {
  if (op.bits * op.block_size % 8 != 0 || op.block_size % 16 != 0)
    return Refuse("blocks of " + std::to_string(op.block_size) + " numbers");
  const auto zeros = op.zero_points.As<float>();
  if (!std::ranges::all_of(zeros, [](float zero) { return std::abs(zero) <= 255; }))
    return Refuse("a zero point is out of range");
  return Offer{.cost = 4.0};
}

Created Create(const Op& op, const ThreadPool&) {
  return std::make_unique<BlockFullyConnectedKernel>(op);
}

}  // namespace insitu::kernels
