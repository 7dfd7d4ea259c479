// The one matrix product behind MatMul, Gemm and their integer forms.
// Invariant: sums are exact in int32 (wrapping) or in the widest type of the arithmetic, in the
// order of the depth. A row of outputs is summed at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "ops/op_def.h"
#include "ops/sums.h"

namespace insitu {

inline constexpr int64_t kMatMulRow = 256;  // outputs summed at a time

// One product [rows, depth] x [depth, columns], with element strides of both operands.
struct MatrixProduct {
  int64_t rows = 1, depth = 1, columns = 1;
  int64_t a_row = 0, a_depth = 1;
  int64_t b_depth = 0, b_column = 1;
};

// a_zero(row) and b_zero(column) give zero points; store(row, first column, sums) takes every run
// of at most kMatMulRow outputs of one row.
template <class Sum, class A, class B, class AZero, class BZero, class Store>
void Multiply(const MatrixProduct& p, const A* a, AZero a_zero, const B* b, BZero b_zero,
              Store store) {
  Sum sums[kMatMulRow], zeros[kMatMulRow];
  for (int64_t begin = 0; begin < p.columns; begin += kMatMulRow) {
    const int64_t count = std::min(kMatMulRow, p.columns - begin);
    for (int64_t j = 0; j < count; ++j) zeros[j] = b_zero(begin + j);
    for (int64_t row = 0; row < p.rows; ++row) {
      std::fill_n(sums, count, Sum{});
      const Sum zero = a_zero(row);
      for (int64_t k = 0; k < p.depth; ++k) {
        const Sum left = static_cast<Sum>(a[row * p.a_row + k * p.a_depth]) - zero;
        const B* right = b + k * p.b_depth + begin * p.b_column;
        for (int64_t j = 0; j < count; ++j)
          AddProduct(sums[j], left, static_cast<Sum>(right[j * p.b_column]) - zeros[j]);
      }
      store(row, begin, std::span<Sum>(sums, static_cast<size_t>(count)));
    }
  }
}

// Output shape of the numpy product of a and b; nullopt when a rank is unknown, ShapeMismatch when
// the extents do not fit.
Result<std::optional<Shape>> MatMulShape(const Shape* a, const Shape* b);

// A run of MatMul: the product, and the offsets of its operands in every batch.
struct MatMulGeometry {
  MatrixProduct product;
  Dims y;
  Dims batch, a_batch, b_batch;
};
Result<MatMulGeometry> ReadMatMulGeometry(std::span<const int64_t> a, std::span<const int64_t> b);

// Calls f with the element offsets (a, b, y) of the matrices of every batch; Status f(...).
Status ForEachBatch(const MatMulGeometry& geometry,
                    const std::function<Status(int64_t a, int64_t b, int64_t y)>& f);

}  // namespace insitu
