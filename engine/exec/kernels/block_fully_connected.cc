// The linear layer with weights of 2, 4 or 8 bits in blocks. Weights stay packed and become floats
// in registers, sixteen columns at a time:
//   y[n] = bias[n] + sum over blocks of scale * (sum x[k] * q[k] - zero_point * sum x[k])
// in float32. Words of a column hold neighbouring weights, low bits first; sixteen columns' words
// lie side by side. Two weights of a word are cut out by masks before the word is shifted, the
// second one being 2^bits as large, which x makes up for. Rows with infinities or NaN are computed
// element by element.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "exec/kernels/four_floats.h"
#include "exec/kernels/kernels.h"
#include "exec/thread_pool.h"

namespace insitu::kernels {
namespace {

using Op = lowered::BlockFullyConnected;

constexpr size_t kVectors = 4, kColumns = kVectors * FourFloats::kCount;  // of a group
constexpr size_t kTileRows = 32;                                          // prepared at once
constexpr uint32_t kWordBits = 32;

// A group's columns: words of weights [blocks][words][16], scales and zero points [blocks][16].
struct Group {
  const uint32_t* words = nullptr;
  const float *scales = nullptr, *zeros = nullptr;
};

// Rows of x as Prepare made them: for each its elements and the sums of its blocks.
struct Prepared {
  const float *x = nullptr, *sums = nullptr;
  size_t x_step = 0, sums_step = 0;
};

// The sums of kRows rows with `kWide` vectors of columns of a group, beginning with `starts`.
template <uint32_t kBits, size_t kRows, size_t kWide>
void RunTile(const Prepared& rows, const Group& group, size_t blocks, size_t words,
             const float* starts, FourFloats (&totals)[kRows][kWide]) {
  const FourWords low = FourWords::Mask((1u << kBits) - 1);
  const FourWords high = FourWords::Mask(((1u << kBits) - 1) << kBits);
  for (size_t r = 0; r < kRows; ++r)
    for (size_t v = 0; v < kWide; ++v)
      totals[r][v] = FourFloats::Load(starts + v * FourFloats::kCount);
  const float* x = rows.x;
  const uint32_t* word = group.words;
  for (size_t b = 0; b < blocks; ++b) {
    FourFloats sums[kRows][kWide];
    for (size_t v = 0; v < kWide; ++v) {
      const FourFloats zero =
          -FourFloats::Load(group.zeros + b * kColumns + v * FourFloats::kCount);
      for (size_t r = 0; r < kRows; ++r)
        sums[r][v] = zero * FourFloats::Splat(rows.sums + r * rows.sums_step + b);
    }
    for (size_t w = 0; w < words; ++w, word += kColumns) {
      FourWords packed[kWide];
      for (size_t v = 0; v < kWide; ++v) packed[v] = FourWords::Load(word + v * FourFloats::kCount);
#pragma unroll
      for (size_t i = 0; i < kWordBits / kBits; i += 2, x += 2) {
        FourFloats first[kWide], second[kWide];
        for (size_t v = 0; v < kWide; ++v) {
          first[v] = packed[v].Floats(low);
          second[v] = packed[v].Floats(high);
          packed[v] = packed[v] >> (2 * kBits);
        }
        for (size_t r = 0; r < kRows; ++r) {
          const FourFloats x0 = FourFloats::Splat(x + r * rows.x_step);
          const FourFloats x1 = FourFloats::Splat(x + r * rows.x_step + 1);
          for (size_t v = 0; v < kWide; ++v)
            sums[r][v] = sums[r][v].Plus(x0, first[v]).Plus(x1, second[v]);
        }
      }
    }
    for (size_t v = 0; v < kWide; ++v) {
      const auto scale = FourFloats::Load(group.scales + b * kColumns + v * FourFloats::kCount);
      for (size_t r = 0; r < kRows; ++r) totals[r][v] = totals[r][v].Plus(sums[r][v], scale);
    }
  }
}

class BlockFullyConnectedKernel final : public Kernel {
 public:
  BlockFullyConnectedKernel(const Op& op, const ThreadPool& pool, PackedWeights packed)
      : op_(op),
        pool_(pool),
        blocks_(static_cast<size_t>(op.blocks())),
        block_(static_cast<size_t>(op.block_size)),
        words_(static_cast<size_t>(op.block_size * op.bits / kWordBits)),
        columns_(static_cast<size_t>(op.columns)),
        groups_((columns_ + kColumns - 1) / kColumns),
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
            for (size_t b = 0; b < blocks_; ++b)
              for (size_t w = 0; w < words_; ++w)
                std::memcpy(to + WordAt(n, b, w) * sizeof(uint32_t),
                            op.weights.data() + ((n * blocks_ + b) * words_ + w) * sizeof(uint32_t),
                            sizeof(uint32_t));
        }));
    INSITU_ASSIGN(scales_, PackParameters(op.scales));
    INSITU_ASSIGN(zeros_, PackParameters(op.zero_points));
    INSITU_ASSIGN(bias_, Buffer::Zeroed(groups_ * kColumns * sizeof(float)));
    if (!op.bias.empty()) std::ranges::copy(op.bias.As<float>(), Cast<float>(bias_.data()));
    return {};
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    if (inputs[0].empty() || inputs[0].back() != op_.depth)
      return Fail(ErrorCode::kShapeMismatch, "a layer of " + std::to_string(op_.depth) +
                                                 " inputs was given " + ToString(inputs[0]));
    rows_ = static_cast<size_t>(ElementsUnchecked(inputs[0]) / op_.depth);
    return std::min(rows_, kTileRows) * (Places() + blocks_) * sizeof(float);
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const auto* x = Cast<float>(inputs[0]);
    auto* y = Cast<float>(outputs[0]);
    for (size_t first = 0; first < rows_; first += kTileRows) {
      const size_t rows = std::min(kTileRows, rows_ - first);
      auto* places = Cast<float>(scratch);
      float* sums = places + rows * Places();
      const float* from = x + first * Depth();
      pool_.ForEach(rows, rows * Places(), [&](size_t r, size_t) {
        Prepare(from + r * Depth(), places + r * Places(), sums + r * blocks_);
      });
      const Prepared prepared{places, sums, Places(), blocks_};
      float* to = y + first * columns_;
      pool_.ForEach(groups_, rows * columns_ * Depth(),
                    [&](size_t group, size_t) { RunGroup(prepared, rows, group, to); });
      for (size_t r = 0; r < rows; ++r)
        if (!IsFinite(sums + r * blocks_)) RunSlowly(from + r * Depth(), to + r * columns_);
    }
    return {};
  }

  PackedWeights* packed() override { return &packed_; }

 private:
  // Of one number per column and block.
  Result<PackedWeights::Piece> PackParameters(const Tensor& parameters) {
    return packed_.Next(groups_ * blocks_ * kColumns * sizeof(float), [&](std::byte* to) {
      for (size_t n = 0; n < columns_; ++n)
        for (size_t b = 0; b < blocks_; ++b)
          Cast<float>(to)[ParameterAt(n, b)] = parameters.As<float>()[n * blocks_ + b];
    });
  }

  size_t Depth() const { return static_cast<size_t>(op_.depth); }
  size_t Places() const { return blocks_ * block_; }
  size_t GroupWords() const { return blocks_ * words_ * kColumns; }
  size_t ParameterAt(size_t n, size_t block) const {
    return (n / kColumns * blocks_ + block) * kColumns + n % kColumns;
  }
  size_t WordAt(size_t n, size_t block, size_t word) const {
    return n / kColumns * GroupWords() + (block * words_ + word) * kColumns + n % kColumns;
  }
  // Given the sums of its blocks.
  bool IsFinite(const float* sums) const {
    return std::all_of(sums, sums + blocks_, [](float sum) { return std::isfinite(sum); });
  }

  // The element of x that meets weight `place`; 0 behind the end.
  float ElementAt(const float* x, size_t place) const {
    const auto k = op_.order.empty() ? static_cast<int64_t>(place) : op_.order[place];
    return k >= 0 && k < op_.depth ? x[k] : 0.0f;
  }

  void Prepare(const float* x, float* places, float* sums) const {
    const float second = std::ldexp(1.0f, -static_cast<int>(op_.bits));
    for (size_t b = 0; b < blocks_; ++b) {
      float sum = 0;
      for (size_t i = 0; i < block_; ++i) {
        const float element = ElementAt(x, b * block_ + i);
        sum += element;
        *places++ = i % 2 == 0 ? element : element * second;
      }
      sums[b] = sum;
    }
  }

  void RunGroup(const Prepared& rows, size_t count, size_t group, float* y) const {
    switch (op_.bits) {
      case 2:
        return RunGroupOf<2>(rows, count, group, y);
      case 4:
        return RunGroupOf<4>(rows, count, group, y);
      default:
        return RunGroupOf<8>(rows, count, group, y);
    }
  }

  // Single rows are done by all vectors of a group at once, several rows by half of them.
  template <uint32_t kBits>
  void RunGroupOf(const Prepared& rows, size_t count, size_t group, float* y) const {
    constexpr size_t kRows = 4;
    size_t row = 0;
    for (; row + kRows <= count; row += kRows)
      for (size_t vector = 0; vector < kVectors; vector += kVectors / 2)
        RunPart<kBits, kRows, kVectors / 2>(rows, row, group, vector, y);
    for (; row < count; ++row) RunPart<kBits, 1, kVectors>(rows, row, group, 0, y);
  }

  template <uint32_t kBits, size_t kRows, size_t kWide>
  void RunPart(const Prepared& rows, size_t row, size_t group, size_t vector, float* y) const {
    const size_t column = vector * FourFloats::kCount, first = group * kColumns + column;
    if (first >= columns_) return;
    const size_t parameters = group * blocks_ * kColumns + column;
    const Group part{Cast<uint32_t>(weights_.data()) + group * GroupWords() + column,
                     Cast<float>(scales_.data()) + parameters,
                     Cast<float>(zeros_.data()) + parameters};
    const Prepared from{rows.x + row * rows.x_step, rows.sums + row * rows.sums_step, rows.x_step,
                        rows.sums_step};
    FourFloats totals[kRows][kWide];
    RunTile<kBits>(from, part, blocks_, words_, Cast<float>(bias_.data()) + first, totals);
    const size_t count = std::min(columns_ - first, kWide * FourFloats::kCount);
    for (size_t r = 0; r < kRows; ++r) {
      float results[kWide * FourFloats::kCount];
      for (size_t v = 0; v < kWide; ++v) totals[r][v].Store(results + v * FourFloats::kCount);
      std::copy_n(results, count, y + (row + r) * columns_ + first);
    }
  }

  void RunSlowly(const float* x, float* y) const {
    const auto bits = static_cast<size_t>(op_.bits);
    const size_t numbers = kWordBits / bits;
    const uint32_t mask = (1u << bits) - 1;
    for (size_t n = 0; n < columns_; ++n) {
      double sum = Cast<float>(bias_.data())[n];
      for (size_t place = 0; place < Places(); ++place) {
        const size_t b = place / block_, of_block = place % block_, at = ParameterAt(n, b);
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
  const ThreadPool& pool_;
  size_t blocks_, block_, words_;  // words_ of a block of a column
  size_t columns_, groups_;
  PackedWeights packed_;
  PackedWeights::Piece weights_, scales_, zeros_;  // as Group says, one group behind the other
  Buffer bias_;                                    // float32, of whole groups
  size_t rows_ = 0;
};

}  // namespace

Considered Consider(const Op& op) {
  if (op.bits * op.block_size % kWordBits != 0)
    return Refuse("blocks of " + std::to_string(op.block_size) + " numbers");
  return Offer{.cost = 4.0};
}

Created Create(const Op& op, const ThreadPool& pool, PackedWeights packed) {
  auto kernel = std::make_unique<BlockFullyConnectedKernel>(op, pool, std::move(packed));
  INSITU_TRY(kernel->Pack(op));
  return kernel;
}

}  // namespace insitu::kernels
