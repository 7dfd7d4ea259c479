// Matrix products of two quantized operands that are computed at run time, as attention has them:
//   acc = sum (a - zero_point_a) * (b - zero_point_b), exact in int32
//   y = saturate(rint_half_even(float32(acc) * m) + zero_point_y), m as in ops/requantize.h
// The right operand of each batch is widened to 16 bits, its columns side by side.
#include <algorithm>

#include "exec/kernels/dot.h"
#include "exec/kernels/integer_products.h"
#include "ops/matmul_reference.h"

namespace insitu::kernels {
namespace {

constexpr int kRows = IntegerProducts::kRows;

class QuantizedBatchMatMulKernel final : public Kernel {
 public:
  explicit QuantizedBatchMatMulKernel(const lowered::BatchMatMul& op)
      : op_(op),
        factor_(RequantizationFactor(op.a->scale, op.b->scale, op.y->scale)),
        range_(op.output == DType::kInt8 ? RangeOf<int8_t>(op.clamp) : RangeOf<uint8_t>(op.clamp)) {
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    INSITU_ASSIGN(geometry_, ReadMatMulGeometry(inputs[0], inputs[1]));
    if (geometry_.y != outputs[0])
      return Fail(ErrorCode::kShapeMismatch, "a product of " + ToString(inputs[0]) + " and " +
                                                 ToString(inputs[1]) + " is not " +
                                                 ToString(outputs[0]));
    const MatrixProduct& p = geometry_.product;
    padded_ = static_cast<size_t>((p.depth + 7) / 8 * 8);
    rows_bytes_ = kRows * padded_ * sizeof(int16_t);
    return rows_bytes_ + static_cast<size_t>(p.columns) * padded_ * sizeof(int16_t);
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    if (ElementsUnchecked(geometry_.y) == 0) return {};
    auto* rows = Cast<int16_t>(scratch);
    auto* columns = Cast<int16_t>(scratch + rows_bytes_);
    std::fill_n(rows, kRows * padded_, int16_t{0});
    return ForEachBatch(geometry_, [&](int64_t a_at, int64_t b_at, int64_t y_at) -> Status {
      PackColumns(inputs[1] + b_at, columns);
      RunProduct(inputs[0] + a_at, rows, columns, outputs[0] + y_at);
      return {};
    });
  }

 private:
  void PackColumns(const std::byte* b, int16_t* columns) const {
    const MatrixProduct& p = geometry_.product;
    const int32_t zero = op_.b->zero_point;
    const auto pack = [&](const auto* from) {
      for (int64_t c = 0; c < p.columns; ++c) {
        int16_t* to = columns + static_cast<size_t>(c) * padded_;
        for (int64_t k = 0; k < p.depth; ++k)
          to[k] = static_cast<int16_t>(from[k * p.b_depth + c * p.b_column] - zero);
        std::fill(to + p.depth, to + padded_, int16_t{0});
      }
    };
    if (op_.right == DType::kInt8)
      pack(Cast<int8_t>(b));
    else
      pack(Cast<uint8_t>(b));
  }

  void RunProduct(const std::byte* a, int16_t* rows, const int16_t* columns, std::byte* y) const {
    const MatrixProduct& p = geometry_.product;
    for (int64_t row = 0; row < p.rows; row += kRows) {
      const auto count = static_cast<int>(std::min<int64_t>(kRows, p.rows - row));
      for (int r = 0; r < count; ++r)
        Widen(a + (row + r) * p.a_row, op_.dtype, op_.a->zero_point, static_cast<size_t>(p.depth),
              rows + static_cast<size_t>(r) * padded_);
      for (int64_t c = 0; c < p.columns; c += 2) {
        const bool pair = c + 1 < p.columns;
        const int16_t* first = columns + static_cast<size_t>(c) * padded_;
        int32_t sums[2 * kRows];
        DotTile<kRows>(rows, padded_, first, pair ? first + padded_ : first, padded_, sums);
        for (int r = 0; r < count; ++r)
          for (int j = 0; j < (pair ? 2 : 1); ++j)
            y[(row + r) * p.columns + c + j] = static_cast<std::byte>(RoundToRange(
                static_cast<float>(sums[2 * r + j]) * factor_, op_.y->zero_point, range_));
      }
    }
  }

  lowered::BatchMatMul op_;
  float factor_;
  QuantizedRange range_;
  MatMulGeometry geometry_;
  size_t padded_ = 0, rows_bytes_ = 0;
};

}  // namespace

Considered Consider(const lowered::BatchMatMul& op) {
  if (!IsByte(op.dtype) || !IsByte(op.right) || !IsByte(op.output))
    return Refuse("only 8-bit data");
  if (!op.a || !op.b || !op.y) return Refuse("its quantization must be known");
  return Offer{.cost = 4.0};
}

Created Create(const lowered::BatchMatMul& op) {
  return std::make_unique<QuantizedBatchMatMulKernel>(op);
}

}  // namespace insitu::kernels
