// The linear layer with weights of 2, 4 or 8 bits in blocks, which stay packed until they are in
// registers. How they are multiplied is up to a scheme (block_scheme.h): with floats, or with bytes
// where the model allows that. Rows with infinities or NaN are computed element by element.
#include <algorithm>
#include <cstring>

#include "exec/kernels/block_byte_scheme.h"
#include "exec/kernels/block_float_scheme.h"
#include "exec/kernels/block_scheme.h"
#include "exec/kernels/byte_dot.h"
#include "exec/kernels/kernels.h"
#include "exec/sizes.h"
#include "exec/thread_pool.h"

namespace insitu::kernels {
namespace {

using Op = lowered::BlockFullyConnected;

constexpr int64_t kLargestByteBlock = 64 * 1024;  // sums of 127 * 255 fit 32 bits
constexpr size_t kTileRows = 32;                  // prepared at once

class BlockFullyConnectedKernel final : public Kernel {
 public:
  BlockFullyConnectedKernel(const Op& op, const BlockScheme& scheme, const ThreadPool& pool,
                            PackedWeights packed)
      : op_(op),
        scheme_(scheme),
        pool_(pool),
        counts_{static_cast<size_t>(op.blocks()),
                static_cast<size_t>(op.block_size * op.bits) / kBlockWordBits},
        columns_(static_cast<size_t>(op.columns)),
        groups_((columns_ + kBlockColumns - 1) / kBlockColumns),
        packed_(std::move(packed)) {
    op_.weights = {};
    op_.scales = {};
    op_.zero_points = {};
    op_.bias = {};
  }

  Status Pack(const Op& op) {
    INSITU_ASSIGN(
        weights_, packed_.Next(groups_ * GroupWords() * sizeof(uint32_t), [&](std::byte* to) {
          for (size_t n = 0; n < columns_; ++n)
            for (size_t b = 0; b < counts_.blocks; ++b)
              for (size_t w = 0; w < counts_.words; ++w)
                std::memcpy(to + WordAt(n, b, w) * sizeof(uint32_t),
                            op.weights.data() +
                                ((n * counts_.blocks + b) * counts_.words + w) * sizeof(uint32_t),
                            sizeof(uint32_t));
        }));
    INSITU_ASSIGN(scales_, PackParameters(op.scales));
    INSITU_ASSIGN(zeros_, PackParameters(op.zero_points));
    INSITU_ASSIGN(bias_, Buffer::Zeroed(groups_ * kBlockColumns * sizeof(float)));
    if (!op.bias.empty()) std::ranges::copy(op.bias.As<float>(), Cast<float>(bias_.data()));
    return {};
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    if (inputs[0].empty() || inputs[0].back() != op_.depth)
      return Fail(ErrorCode::kShapeMismatch, "a layer of " + std::to_string(op_.depth) +
                                                 " inputs was given " + ToString(inputs[0]));
    rows_ = static_cast<size_t>(ElementsUnchecked(inputs[0]) / op_.depth);
    return SizeProduct(
        {std::min(rows_, kTileRows), uint64_t{RowBytes()} + Places() * sizeof(float)});
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const auto* x = Cast<float>(inputs[0]);
    auto* y = Cast<float>(outputs[0]);
    const BlockRows prepared{scratch, RowBytes()};
    auto* ordered = Cast<float>(scratch + std::min(rows_, kTileRows) * RowBytes());
    for (size_t first = 0; first < rows_; first += kTileRows) {
      const size_t rows = std::min(kTileRows, rows_ - first);
      const float* from = x + first * Depth();
      pool_.ForEach(rows, uint64_t{rows} * Places(), [&](size_t r, size_t) {
        float* elements = ordered + r * Places();
        for (size_t place = 0; place < Places(); ++place)
          elements[place] = ElementAt(from + r * Depth(), place);
        scheme_.prepare(elements, counts_, scratch + r * RowBytes());
      });
      float* to = y + first * columns_;
      pool_.ForEach(groups_, uint64_t{rows} * columns_ * Depth(),
                    [&](size_t group, size_t) { RunGroup(prepared, rows, group, to); });
      for (size_t r = 0; r < rows; ++r)
        if (!scheme_.is_finite(prepared[r], counts_))
          RunSlowly(from + r * Depth(), to + r * columns_);
    }
    return {};
  }

  PackedWeights* packed() override { return &packed_; }

 private:
  // Of one number per column and block.
  Result<PackedWeights::Piece> PackParameters(const Tensor& parameters) {
    return packed_.Next(
        groups_ * counts_.blocks * kBlockColumns * sizeof(float), [&](std::byte* to) {
          for (size_t n = 0; n < columns_; ++n)
            for (size_t b = 0; b < counts_.blocks; ++b)
              Cast<float>(to)[ParameterAt(n, b)] = parameters.As<float>()[n * counts_.blocks + b];
        });
  }

  size_t Depth() const { return static_cast<size_t>(op_.depth); }
  size_t Places() const { return counts_.blocks * BlockSize(); }
  size_t BlockSize() const { return static_cast<size_t>(op_.block_size); }
  size_t RowBytes() const { return scheme_.row_bytes(counts_); }
  size_t GroupWords() const { return counts_.blocks * counts_.words * kBlockColumns; }
  size_t ParameterAt(size_t n, size_t block) const {
    return (n / kBlockColumns * counts_.blocks + block) * kBlockColumns + n % kBlockColumns;
  }
  size_t WordAt(size_t n, size_t block, size_t word) const {
    return n / kBlockColumns * GroupWords() + (block * counts_.words + word) * kBlockColumns +
           n % kBlockColumns;
  }
  // The element of x that meets weight `place`; 0 behind the end.
  float ElementAt(const float* x, size_t place) const {
    const auto k = op_.order.empty() ? static_cast<int64_t>(place) : op_.order[place];
    return k >= 0 && k < op_.depth ? x[k] : 0.0f;
  }

  // Single rows are done by all vectors of a group at once, several rows by half of them.
  void RunGroup(BlockRows rows, size_t count, size_t group, float* y) const {
    size_t row = 0;
    for (; row + kBlockTileRows <= count; row += kBlockTileRows)
      for (size_t vector = 0; vector < kBlockVectors; vector += kBlockVectors / 2)
        RunPart(scheme_.add_rows, rows, row, group, vector, y);
    for (; row < count; ++row) RunPart(scheme_.add_row, rows, row, group, 0, y);
  }

  template <size_t kRows, size_t kWide>
  void RunPart(void (*add)(BlockRows, const BlockGroup&, BlockCounts, BlockTotals<kRows, kWide>&),
               BlockRows rows, size_t row, size_t group, size_t vector, float* y) const {
    const size_t column = vector * FourFloats::kCount, first = group * kBlockColumns + column;
    if (first >= columns_) return;
    const size_t parameters = group * counts_.blocks * kBlockColumns + column;
    const BlockGroup part{Cast<uint32_t>(weights_.data()) + group * GroupWords() + column,
                          Cast<float>(scales_.data()) + parameters,
                          Cast<float>(zeros_.data()) + parameters};
    BlockTotals<kRows, kWide> totals;
    for (size_t r = 0; r < kRows; ++r)
      for (size_t v = 0; v < kWide; ++v)
        totals[r][v] = FourFloats::Load(Cast<float>(bias_.data()) + first + v * FourFloats::kCount);
    add(BlockRows{rows[row], rows.step}, part, counts_, totals);
    const size_t count = std::min(columns_ - first, kWide * FourFloats::kCount);
    for (size_t r = 0; r < kRows; ++r) {
      float results[kWide * FourFloats::kCount];
      for (size_t v = 0; v < kWide; ++v) totals[r][v].Store(results + v * FourFloats::kCount);
      std::copy_n(results, count, y + (row + r) * columns_ + first);
    }
  }

  void RunSlowly(const float* x, float* y) const {
    const auto bits = static_cast<size_t>(op_.bits);
    const size_t numbers = kBlockWordBits / bits;
    const uint32_t mask = (1u << bits) - 1;
    for (size_t n = 0; n < columns_; ++n) {
      double sum = Cast<float>(bias_.data())[n];
      for (size_t place = 0; place < Places(); ++place) {
        const size_t b = place / BlockSize(), of_block = place % BlockSize(),
                     at = ParameterAt(n, b);
        const uint32_t word = Cast<uint32_t>(weights_.data())[WordAt(n, b, of_block / numbers)];
        const auto q = static_cast<double>(word >> (of_block % numbers * bits) & mask);
        sum += static_cast<double>(ElementAt(x, place)) *
               (q - static_cast<double>(Cast<float>(zeros_.data())[at])) *
               static_cast<double>(Cast<float>(scales_.data())[at]);
      }
      y[n] = static_cast<float>(sum);
    }
  }

  Op op_;
  BlockScheme scheme_;
  const ThreadPool& pool_;
  BlockCounts counts_;
  size_t columns_, groups_;
  PackedWeights packed_;
  PackedWeights::Piece weights_, scales_, zeros_;  // as BlockGroup says, one group behind the other
  Buffer bias_;                                    // float32, of whole groups
  size_t rows_ = 0;
};

template <uint32_t kBits>
BlockScheme SchemeFor(bool byte_inputs) {
  if (!byte_inputs) return BlockSchemeOf<BlockFloatScheme<kBits>>();
#ifdef __wasm_relaxed_simd__
  if constexpr (kBits < 8) {
    if (PairDot().available) return BlockSchemeOf<BlockByteScheme<kBits, BlockBytes>>();
  }
#endif
  return BlockSchemeOf<BlockByteScheme<kBits, BlockHalves>>();
}

BlockScheme SchemeFor(const Op& op) {
  const bool bytes = op.byte_inputs && op.block_size <= kLargestByteBlock;
  switch (op.bits) {
    case 2:
      return SchemeFor<2>(bytes);
    case 4:
      return SchemeFor<4>(bytes);
    default:
      return SchemeFor<8>(bytes);
  }
}

}  // namespace

Considered Consider(const Op& op) {
  if (op.bits * op.block_size % kBlockWordBits != 0)
    return Refuse("blocks of " + std::to_string(op.block_size) + " numbers");
  // Whole blocks as they are stored, and scales and zero points beside them.
  const auto bytes = static_cast<int64_t>(op.weights.size_bytes());
  const int64_t of_column = bytes / std::max<int64_t>(op.columns, 1);
  if (PackedBytes(1, op.columns, of_column, 2) > kMostPackedBytes) return Refuse(kTooLargeToPack);
  return Offer{.cost = 4.0};
}

Created Create(const Op& op, const ThreadPool& pool, PackedWeights packed) {
  auto kernel =
      std::make_unique<BlockFullyConnectedKernel>(op, SchemeFor(op), pool, std::move(packed));
  INSITU_TRY(kernel->Pack(op));
  return kernel;
}

}  // namespace insitu::kernels
