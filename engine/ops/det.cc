// Det: determinants of square matrices, which lie in the two innermost axes.
// https://onnx.ai/onnx/operators/onnx__Det.html (22).
// Gaussian elimination with partial pivoting in double; the determinant of a 0 x 0 matrix is 1.
#include <cmath>
#include <utility>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/widen.h"

namespace insitu {
namespace {

Status RequireSquare(std::span<const Dim> shape) {
  const size_t rank = shape.size();
  if (rank >= 2 && (!shape[rank - 1].IsKnown() || !shape[rank - 2].IsKnown() ||
                    shape[rank - 1] == shape[rank - 2]))
    return {};
  return Fail(ErrorCode::kShapeMismatch,
              "Det needs square matrices in the last two axes, not " + ToString(shape));
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* shape = context.shape(0);
  if (!shape) return {};
  INSITU_TRY(RequireSquare(*shape));
  context.SetOutput(0, context.dtype(0), Shape(shape->begin(), shape->end() - 2));
  return {};
}

// Destroys the matrix.
double Determinant(double* matrix, int64_t size) {
  double result = 1;
  for (int64_t k = 0; k < size; ++k) {
    int64_t pivot = k;
    for (int64_t row = k + 1; row < size; ++row)
      if (std::fabs(matrix[row * size + k]) > std::fabs(matrix[pivot * size + k])) pivot = row;
    const double diagonal = matrix[pivot * size + k];
    if (diagonal == 0) return 0;
    if (pivot != k) {
      result = -result;
      for (int64_t j = k; j < size; ++j) std::swap(matrix[k * size + j], matrix[pivot * size + j]);
    }
    result *= diagonal;
    for (int64_t row = k + 1; row < size; ++row) {
      const double factor = matrix[row * size + k] / diagonal;
      for (int64_t j = k + 1; j < size; ++j)
        matrix[row * size + j] -= factor * matrix[k * size + j];
    }
  }
  return result;
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_TRY(RequireSquare(ToShape(x.dims)));
  INSITU_ASSIGN(const TensorView y,
                RunOutput(context, 0, x.dtype, Dims(x.dims.begin(), x.dims.end() - 2)));
  INSITU_ASSIGN(Tensor wide, Widened<double>(x));
  const int64_t size = x.dims.back();
  for (int64_t i = 0; i < y.elements(); ++i) {
    const double result = Determinant(wide.As<double>().data() + i * size * size, size);
    StoreElements(&result, 1, y, i);
  }
  return {};
}

constexpr int kSince[] = {11, 22};

}  // namespace

const OpDef kDetOp = {
    .name = "Det",
    .since = kSince,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
