// Shapes and batches of numpy's matrix product: operands of rank 1 become a row or a column, whose
// axis is dropped from the result; batch extents broadcast.
#include "ops/matmul_reference.h"

#include <array>

#include "ops/broadcast.h"

namespace insitu {
namespace {

std::span<const Dim> BatchOf(const Shape& shape) {
  return std::span(shape).first(shape.size() < 2 ? 0 : shape.size() - 2);
}

Dims BatchOf(std::span<const int64_t> dims) {
  if (dims.size() < 2) return {};
  return Dims(dims.begin(), dims.end() - 2);
}

}  // namespace

Result<std::optional<Shape>> MatMulShape(const Shape* a, const Shape* b) {
  if (!a || !b) return std::nullopt;
  const auto mismatch = [&](std::string_view what) {
    return Fail(ErrorCode::kShapeMismatch, "shapes " + ToString(*a) + " and " + ToString(*b) +
                                               " cannot be multiplied: " + std::string(what));
  };
  if (a->empty() || b->empty()) return mismatch("a scalar has no rows");
  const Dim& depth = a->back();
  const Dim& other = b->size() == 1 ? b->front() : (*b)[b->size() - 2];
  if (depth.IsKnown() && other.IsKnown() && !(depth == other))
    return mismatch("the inner extents " + depth.ToString() + " and " + other.ToString() +
                    " differ");
  Shape shape(BatchOf(*a).begin(), BatchOf(*a).end());
  if (!Widen(shape, BatchOf(*b))) return mismatch("the batch extents do not broadcast");
  if (a->size() > 1) shape.push_back((*a)[a->size() - 2]);
  if (b->size() > 1) shape.push_back(b->back());
  return shape;
}

Result<MatMulGeometry> ReadMatMulGeometry(std::span<const int64_t> a, std::span<const int64_t> b) {
  const Shape a_shape = ToShape(a), b_shape = ToShape(b);
  INSITU_ASSIGN(const std::optional<Shape> y_shape, MatMulShape(&a_shape, &b_shape));
  MatMulGeometry geometry;
  geometry.y = KnownDims(*y_shape).value();
  geometry.a_batch = BatchOf(a);
  geometry.b_batch = BatchOf(b);
  const size_t matrix_axes = (a.size() > 1 ? 1u : 0u) + (b.size() > 1 ? 1u : 0u);
  geometry.batch.assign(geometry.y.begin(), geometry.y.end() - static_cast<ptrdiff_t>(matrix_axes));
  MatrixProduct& product = geometry.product;
  product.depth = a.back();
  product.rows = a.size() > 1 ? a[a.size() - 2] : 1;
  product.columns = b.size() > 1 ? b.back() : 1;
  product.a_row = product.depth;
  product.b_depth = product.columns;
  return geometry;
}

Status ForEachBatch(const MatMulGeometry& geometry,
                    const std::function<Status(int64_t a, int64_t b, int64_t y)>& f) {
  const MatrixProduct& p = geometry.product;
  std::array<TensorView, 2> batches;
  batches[0].dims = geometry.a_batch;
  batches[1].dims = geometry.b_batch;
  BroadcastLoop loop(geometry.batch, batches);
  while (loop.Next(kBlock)) {
    const BroadcastRow& row = loop.row();
    for (int64_t i = 0; i < row.count; ++i)
      INSITU_TRY(f((row.inputs[0] + i * row.strides[0]) * p.rows * p.depth,
                   (row.inputs[1] + i * row.strides[1]) * p.depth * p.columns,
                   (row.output + i) * p.rows * p.columns));
  }
  return {};
}

}  // namespace insitu
