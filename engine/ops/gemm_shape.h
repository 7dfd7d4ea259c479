// Shapes of Gemm and QGemm, which agree in transA and transB.
#pragma once

#include "ops/matmul_reference.h"

namespace insitu {

// [rows, columns]; `c` may be nullptr. nullopt when a rank is unknown; ShapeMismatch when extents
// do not fit or c does not broadcast.
Result<std::optional<Shape>> GemmShape(const Node& node, const Shape* a, const Shape* b,
                                       const Shape* c);
// The product of a run, checked likewise.
Result<MatrixProduct> ReadGemm(const Node& node, const Dims& a, const Dims& b, const Dims* c);

}  // namespace insitu
