// AffineGrid: the grid that GridSample reads to apply theta [N, 2, 3] or [N, 3, 4] to an image of
// the given size. https://onnx.ai/onnx/operators/onnx__AffineGrid.html (20).
// Every point (x, y, 1) or (x, y, z, 1) is multiplied by theta; coordinates run over [-1, 1],
// between the centres of the outermost pixels with align_corners, else between their borders. An
// axis of one pixel has the coordinate 0.
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/reshape_util.h"
#include "ops/widen.h"

namespace insitu {
namespace {

// `size` is [N, C, spatial...].
Result<Shape> OutputShape(const Shape& theta, std::span<const Dim> size) {
  const auto rank = static_cast<int64_t>(size.size()) - 2;
  bool fits = (rank == 2 || rank == 3) && theta.size() == 3 && !Differ(theta[1], rank) &&
              !Differ(theta[2], rank + 1) && !Differ(theta[0], size[0]);
  for (const Dim& dim : size) fits = fits && (!dim.IsKnown() || dim.value() >= 0);
  if (!fits)
    return Fail(ErrorCode::kShapeMismatch,
                "theta of shape " + ToString(theta) + " does not fit the size " + ToString(size),
                "Theta is [N, 2, 3] for sizes [N, C, H, W] and [N, 3, 4] for [N, C, D, H, W].");
  Shape shape = {size[0]};
  shape.insert(shape.end(), size.begin() + 2, size.end());
  shape.push_back(rank);
  return shape;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireType(context, 1, {DType::kInt64}));
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape *theta = context.shape(0), *length = context.shape(1);
  if (!theta) return {};
  std::vector<Dim> size;
  if (const std::vector<Dim>* elements = context.elements(1))
    size = *elements;
  else if (length && length->size() == 1 && (*length)[0].IsKnown() && (*length)[0].value() < 6)
    size.resize(static_cast<size_t>((*length)[0].value()));
  else
    return {};
  INSITU_ASSIGN(Shape shape, OutputShape(*theta, size));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

double Coordinate(int64_t i, int64_t extent, bool align_corners) {
  const auto place = static_cast<double>(i), count = static_cast<double>(extent);
  if (align_corners) return extent > 1 ? 2 * place / (count - 1) - 1 : 0;
  return (2 * place + 1) / count - 1;
}

Status Run(RunContext& context) {
  const TensorView &theta = context.inputs[0], &size = context.inputs[1];
  if (size.elements() > 5)
    return Fail(ErrorCode::kShapeMismatch, "the size of AffineGrid has more than 5 extents");
  INSITU_ASSIGN(const Shape shape, OutputShape(ToShape(theta.dims), ToShape(ReadIntegers(size))));
  INSITU_ASSIGN(Dims dims, DimsOfRun(shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, theta.dtype, std::move(dims)));
  if (y.elements() == 0) return {};
  const bool align_corners = context.node.Attr<int64_t>("align_corners", 0) != 0;
  INSITU_ASSIGN(const Tensor wide, Widened(theta));
  const int64_t rank = y.dims.back();
  const bool deep = rank == 3;
  const int64_t depth = deep ? y.dims[1] : 1, height = y.dims[deep ? 2 : 1],
                width = y.dims[deep ? 3 : 2];
  int64_t to = 0;
  for (int64_t n = 0; n < y.dims[0]; ++n)
    for (int64_t d = 0; d < depth; ++d)
      for (int64_t h = 0; h < height; ++h)
        for (int64_t w = 0; w < width; ++w) {
          const double point[] = {Coordinate(w, width, align_corners),
                                  Coordinate(h, height, align_corners),
                                  deep ? Coordinate(d, depth, align_corners) : 1, 1};
          const double* row = wide.As<double>().data() + n * rank * (rank + 1);
          double result[3] = {};
          for (int64_t i = 0; i < rank; ++i)
            for (int64_t j = 0; j <= rank; ++j) result[i] += *row++ * point[j];
          StoreElements(result, rank, y, to);
          to += rank;
        }
  return {};
}

constexpr int kSince[] = {20};
constexpr AttrSpec kAttributes[] = {{"align_corners", AttrKind::kInt}};

}  // namespace

const OpDef kAffineGridOp = {
    .name = "AffineGrid",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has it",
};

}  // namespace insitu
