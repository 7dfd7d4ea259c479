// Matrix products of two quantized operands that are computed at run time, as attention has them:
//   acc = sum (a - zero_point_a) * (b - zero_point_b), exact in int32
//   y = saturate(rint_half_even(float32(acc) * m) + zero_point_y), m as in ops/requantize.h
// The operands of each batch are widened to 16 bits (wide_tile.h).
#include <algorithm>

#include "base/checked.h"
#include "exec/kernels/simd_requantize.h"
#include "exec/kernels/wide_tile.h"
#include "ops/matmul_reference.h"

namespace insitu::kernels {
namespace {

constexpr int64_t kRows = 4, kColumns = 8;

class QuantizedBatchMatMulKernel final : public Kernel {
 public:
  explicit QuantizedBatchMatMulKernel(const lowered::BatchMatMul& op)
      : op_(op),
        factor_(RequantizationFactor(op.a->scale, op.b->scale, op.y->scale)),
        requantizer_(*op.y, op.output, op.clamp) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    INSITU_ASSIGN(geometry_, ReadMatMulGeometry(inputs[0], inputs[1]));
    if (geometry_.y != outputs[0])
      return Fail(ErrorCode::kShapeMismatch, "a product of " + ToString(inputs[0]) + " and " +
                                                 ToString(inputs[1]) + " is not " +
                                                 ToString(outputs[0]));
    const MatrixProduct& p = geometry_.product;
    groups_ = (static_cast<size_t>(p.depth) + kWideGroup - 1) / kWideGroup;
    blocks_ = (p.columns + kColumns - 1) / kColumns;
    rows_bytes_ = AlignUp(kRows * RowBytes());
    const auto columns = static_cast<uint64_t>(blocks_ * kColumns);
    return SizeProduct({kRows + columns, groups_, kWideGroup * sizeof(int16_t)}) + kBufferAlignment;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    if (ElementsUnchecked(geometry_.y) == 0) return {};
    auto* columns = Cast<int16_t>(scratch + rows_bytes_);
    return ForEachBatch(geometry_, [&](int64_t a_at, int64_t b_at, int64_t y_at) -> Status {
      PackColumns(inputs[1] + b_at, columns);
      RunProduct(inputs[0] + a_at, Cast<int16_t>(scratch), columns, outputs[0] + y_at);
      return {};
    });
  }

 private:
  size_t RowBytes() const { return groups_ * kWideGroup * sizeof(int16_t); }
  size_t BlockElements() const { return groups_ * kWideGroup * kColumns; }

  void PackColumns(const std::byte* b, int16_t* columns) const {
    const MatrixProduct& p = geometry_.product;
    const int32_t zero = op_.b->zero_point;
    const auto pack = [&](const auto* from) {
      for (int64_t c = 0; c < blocks_ * kColumns; ++c) {
        int16_t* to = columns + static_cast<size_t>(c / kColumns) * BlockElements();
        for (int64_t k = 0; k < static_cast<int64_t>(groups_ * kWideGroup); ++k) {
          const bool real = c < p.columns && k < p.depth;
          to[WidePlace(static_cast<size_t>(k), static_cast<size_t>(c % kColumns))] =
              real ? static_cast<int16_t>(from[k * p.b_depth + c * p.b_column] - zero) : int16_t{0};
        }
      }
    };
    if (op_.right == DType::kInt8)
      pack(Cast<int8_t>(b));
    else
      pack(Cast<uint8_t>(b));
  }

  void PackRow(const std::byte* a, int16_t* row) const {
    const int32_t zero = op_.a->zero_point;
    const auto depth = geometry_.product.depth;
    const auto pack = [&](const auto* from) {
      for (int64_t k = 0; k < depth; ++k) row[k] = static_cast<int16_t>(from[k] - zero);
    };
    if (op_.dtype == DType::kInt8)
      pack(Cast<int8_t>(a));
    else
      pack(Cast<uint8_t>(a));
    std::fill_n(row + depth, groups_ * kWideGroup - static_cast<size_t>(depth), int16_t{0});
  }

  void RunProduct(const std::byte* a, int16_t* rows, const int16_t* columns, std::byte* y) const {
    const MatrixProduct& p = geometry_.product;
    constexpr int32_t kStarts[kColumns] = {};
    float factor[kColumns];
    std::fill_n(factor, kColumns, factor_);
    const EightRequantizer requantizer(factor, requantizer_);
    for (int64_t row = 0; row < p.rows; row += kRows) {
      const int64_t count = std::min(kRows, p.rows - row);
      const std::byte* tile[kRows];
      for (int64_t r = 0; r < kRows; ++r) {
        int16_t* to = rows + std::min(r, count - 1) * static_cast<int64_t>(groups_ * kWideGroup);
        if (r < count) PackRow(a + (row + r) * p.a_row, to);
        tile[r] = reinterpret_cast<const std::byte*>(to);
      }
      for (int64_t block = 0; block < blocks_; ++block) {
        EightSums sums[kRows];
        WideTile(tile, columns + static_cast<size_t>(block) * BlockElements(), groups_, kStarts,
                 sums);
        for (int64_t r = 0; r < count; ++r) {
          std::byte bytes[kColumns];
          requantizer.Store<1>({sums[r]}, {bytes});
          std::copy_n(bytes, std::min(kColumns, p.columns - block * kColumns),
                      y + (row + r) * p.columns + block * kColumns);
        }
      }
    }
  }

  lowered::BatchMatMul op_;
  float factor_;
  Requantizer requantizer_;
  MatMulGeometry geometry_;
  size_t groups_ = 0, rows_bytes_ = 0;  // pairs of places of the depth
  int64_t blocks_ = 0;
};

}  // namespace

Considered Consider(const lowered::BatchMatMul& op) {
  if (!IsByte(op.dtype) || !IsByte(op.right) || !IsByte(op.output))
    return Refuse("only 8-bit data");
  if (!op.a || !op.b || !op.y) return Refuse("its quantization must be known");
  return Offer{.cost = 4.0};
}

Created Create(const lowered::BatchMatMul& op, const ThreadPool&, PackedWeights) {
  return std::make_unique<QuantizedBatchMatMulKernel>(op);
}

}  // namespace insitu::kernels
