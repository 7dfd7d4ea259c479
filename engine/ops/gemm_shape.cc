// Checks and strides of Gemm and QGemm.
#include "ops/gemm_shape.h"

#include "ops/broadcast.h"

namespace insitu {
namespace {

// May the addend broadcast, as far as is known? Unlike BroadcastsTo, unknown extents may.
bool MayBroadcast(const Shape& from, const Shape& to) {
  Shape wide = to;
  if (from.size() > to.size() || !Widen(wide, from)) return false;
  for (size_t i = 0; i < to.size(); ++i)
    if (to[i].IsKnown() && wide[i].IsKnown() && !(wide[i] == to[i])) return false;
  return true;
}

}  // namespace

Result<std::optional<Shape>> GemmShape(const Node& node, const Shape* a, const Shape* b,
                                       const Shape* c) {
  if (!a || !b) return std::nullopt;
  if (a->size() != 2 || b->size() != 2)
    return Fail(ErrorCode::kShapeMismatch, "operands of shapes " + ToString(*a) + " and " +
                                               ToString(*b) + "; two axes each are needed");
  const size_t a_columns = node.Attr<int64_t>("transA", 0) ? 0 : 1;
  const size_t b_columns = node.Attr<int64_t>("transB", 0) ? 0 : 1;
  const Shape left = {(*a)[1 - a_columns], (*a)[a_columns]};
  const Shape right = {(*b)[1 - b_columns], (*b)[b_columns]};
  INSITU_ASSIGN(std::optional<Shape> shape, MatMulShape(&left, &right));
  if (c && !MayBroadcast(*c, *shape))
    return Fail(ErrorCode::kShapeMismatch, "the addend of shape " + ToString(*c) +
                                               " does not broadcast to " + ToString(*shape));
  return shape;
}

Result<MatrixProduct> ReadGemm(const Node& node, const Dims& a, const Dims& b, const Dims* c) {
  const Shape a_shape = ToShape(a), b_shape = ToShape(b);
  const Shape c_shape = c ? ToShape(*c) : Shape{};
  INSITU_ASSIGN(const std::optional<Shape> shape,
                GemmShape(node, &a_shape, &b_shape, c ? &c_shape : nullptr));
  const bool trans_a = node.Attr<int64_t>("transA", 0) != 0;
  const bool trans_b = node.Attr<int64_t>("transB", 0) != 0;
  MatrixProduct product;
  product.rows = a[trans_a ? 1 : 0];
  product.depth = a[trans_a ? 0 : 1];
  product.columns = b[trans_b ? 0 : 1];
  product.a_row = trans_a ? 1 : product.depth;
  product.a_depth = trans_a ? product.rows : 1;
  product.b_depth = trans_b ? 1 : product.columns;
  product.b_column = trans_b ? product.depth : 1;
  return product;
}

}  // namespace insitu
