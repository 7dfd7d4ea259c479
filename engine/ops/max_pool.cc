// MaxPool: the largest element of every window, and optionally where it was.
// https://onnx.ai/onnx/operators/onnx__MaxPool.html (22). Indices count in [N, C, ...] whatever the
// layout; storage_order 1 counts the spatial axes column-major. channels_last is insitu's own.
#include <limits>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/lower_try.h"
#include "ops/ops.h"
#include "ops/pool_lowering.h"
#include "ops/pool_reference.h"
#include "ops/widen.h"

namespace insitu {
namespace {

constexpr DTypeSet kTypes = kFloatTypes | DTypeSet{DType::kInt8, DType::kUint8};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kTypes));
  INSITU_ASSIGN(std::optional<Shape> shape, PoolOutputShape(context.node(), context.shape(0)));
  context.SetOutput(0, context.dtype(0), shape);
  context.SetOutput(1, DType::kInt64, std::move(shape));
  return {};
}

// The index of an element of x as the Indices output wants it.
int64_t LogicalIndex(const SpatialView& x, int64_t offset, bool column_major) {
  const int64_t n = offset / x.batch_stride, rest = offset % x.batch_stride;
  const int64_t c = rest / x.channel_stride % x.channels;
  int64_t index = 0;
  for (size_t i = 0; i < kSlots; ++i) {
    const size_t slot = column_major ? kSlots - 1 - i : i;
    const int64_t position = x.stride[slot] > 0 ? rest / x.stride[slot] % x.extent[slot] : 0;
    index = index * x.extent[slot] + position;
  }
  return (n * x.channels + c) * x.extent[0] * x.extent[1] * x.extent[2] + index;
}

template <class T>
void RunTyped(const PoolGeometry& geometry, const T* x, const TensorView& y, int64_t* indices,
              bool column_major) {
  constexpr T kLowest = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                             : std::numeric_limits<T>::lowest();
  ForEachWindow(geometry, [&](const Taps& taps, int64_t image, int64_t output) {
    T best = kLowest;
    int64_t at = -1;
    ForEachTap(geometry, taps, image, [&](int64_t offset) {
      if (at >= 0 && !(x[offset] > best)) return;
      best = x[offset];
      at = offset;
    });
    if constexpr (std::is_integral_v<T>) {
      const int64_t value = best;
      StoreElements(&value, 1, y, output);
    } else {
      const double value = best;
      StoreElements(&value, 1, y, output);
    }
    if (indices) indices[output] = at < 0 ? -1 : LogicalIndex(geometry.x, at, column_major);
  });
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const PoolGeometry geometry, ReadPoolGeometry(context.node, x.dims));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, geometry.y_dims));
  int64_t* indices = nullptr;
  if (WantsOutput(context, 1)) {
    INSITU_ASSIGN(TensorView view, RunOutput(context, 1, DType::kInt64, geometry.y_dims));
    indices = view.As<int64_t>().data();
  }
  const bool column_major = context.node.Attr<int64_t>("storage_order", 0) != 0;
  switch (x.dtype) {
    case DType::kFloat32:
      RunTyped(geometry, x.As<float>().data(), y, indices, column_major);
      return {};
    case DType::kInt8:
      RunTyped(geometry, x.As<int8_t>().data(), y, indices, column_major);
      return {};
    case DType::kUint8:
      RunTyped(geometry, x.As<uint8_t>().data(), y, indices, column_major);
      return {};
    default: {
      INSITU_ASSIGN(const Tensor wide, Widened(x));
      RunTyped(geometry, wide.As<double>().data(), y, indices, column_major);
      return {};
    }
  }
}

Lowering Lower(const LowerContext& context) {
  if (context.node().outputs.size() > 1 && context.node().outputs[1] != kNoValue)
    return Refuse("the indices are asked for");
  INSITU_LOWER(lowered::Pool pool, LowerPool(context, lowered::PoolKind::kMax));
  return LoweredNode{std::move(pool), {0}};
}

constexpr int kSince[] = {1, 8, 10, 11, 12, 22};
constexpr AttrSpec kAttributes[] = {
    {"auto_pad", AttrKind::kString}, {"ceil_mode", AttrKind::kInt},
    {"dilations", AttrKind::kInts},  {"kernel_shape", AttrKind::kInts, true},
    {"pads", AttrKind::kInts},       {"storage_order", AttrKind::kInt},
    {"strides", AttrKind::kInts},
};

}  // namespace

const OpDef kMaxPoolOp = {
    .name = "MaxPool",
    .since = kSince,
    .attributes = kAttributes,
    .min_outputs = 1,
    .max_outputs = 2,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteSpatial,
};

}  // namespace insitu
