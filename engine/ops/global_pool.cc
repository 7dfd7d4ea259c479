// GlobalAveragePool and GlobalMaxPool: mean and maximum over all spatial axes, which become 1.
// https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html (22) and
// https://onnx.ai/onnx/operators/onnx__GlobalMaxPool.html (22). channels_last is insitu's own.
#include <algorithm>
#include <limits>

#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/pool_lowering.h"
#include "ops/spatial.h"
#include "ops/widen.h"

namespace insitu {
namespace {

template <DTypeSet (*Types)()>
Status InferTyped(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, Types()));
  INSITU_ASSIGN(std::optional<Shape> shape,
                GlobalPoolOutputShape(context.node(), context.shape(0)));
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

// Folds every channel of x; `finish` turns the result and the number of elements into the output.
template <class Fold, class Finish>
Status RunFold(RunContext& context, double start, Fold fold, Finish finish) {
  const TensorView& x = context.inputs[0];
  const Shape x_shape = ToShape(x.dims);
  INSITU_ASSIGN(const std::optional<Shape> shape, GlobalPoolOutputShape(context.node, &x_shape));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, KnownDims(*shape).value()));
  INSITU_ASSIGN(const Tensor wide, Widened(x));
  const double* data = wide.As<double>().data();
  const SpatialView view = MakeSpatialView(x.dims, IsChannelsLast(context.node));
  const int64_t count = view.extent[0] * view.extent[1] * view.extent[2];
  for (int64_t n = 0; n < view.batch; ++n)
    for (int64_t c = 0; c < view.channels; ++c) {
      double value = start;
      for (int64_t d = 0; d < view.extent[0]; ++d)
        for (int64_t h = 0; h < view.extent[1]; ++h)
          for (int64_t w = 0; w < view.extent[2]; ++w)
            value = fold(value, data[view.Offset(n, c, d, h, w)]);
      const double result = finish(value, static_cast<double>(count));
      StoreElements(&result, 1, y, n * view.channels + c);
    }
  return {};
}

Status RunAverage(RunContext& context) {
  return RunFold(
      context, 0.0, [](double sum, double value) { return sum + value; },
      [](double sum, double count) { return count > 0 ? sum / count : 0.0; });
}

Status RunMax(RunContext& context) {
  const double lowest = IsFloat(context.inputs[0].dtype) ? -std::numeric_limits<double>::infinity()
                                                         : std::numeric_limits<int8_t>::lowest();
  return RunFold(
      context, lowest, [](double best, double value) { return std::max(best, value); },
      [](double best, double) { return best; });
}

template <lowered::PoolKind kind>
Lowering Lower(const LowerContext& context) {
  INSITU_LOWER(lowered::Pool pool, LowerGlobalPool(context, kind));
  return LoweredNode{std::move(pool), {0}};
}

DTypeSet AverageTypes() { return kFloatTypes; }
DTypeSet MaxTypes() { return kFloatTypes | DTypeSet{DType::kInt8, DType::kUint8}; }

constexpr int kSince[] = {1, 22};

}  // namespace

const OpDef kGlobalAveragePoolOp = {
    .name = "GlobalAveragePool",
    .since = kSince,
    .infer = InferTyped<AverageTypes>,
    .run = RunAverage,
    .lower = Lower<lowered::PoolKind::kGlobalAverage>,
    .commute = CommuteSpatial,
};

const OpDef kGlobalMaxPoolOp = {
    .name = "GlobalMaxPool",
    .since = kSince,
    .infer = InferTyped<MaxTypes>,
    .run = RunMax,
    .lower = Lower<lowered::PoolKind::kGlobalMax>,
    .commute = CommuteSpatial,
};

}  // namespace insitu
