// Maximum pooling of float32, int8 and uint8, and averages of float32, in NHWC.
// Operators hold no weights, so each Reshape makes them anew for the exact padding of its extents.
// Integer averages are refused: XNNPACK scales in fixed point.
#include <algorithm>
#include <cstring>

#include "exec/xnn/pool_geometry.h"
#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

using lowered::PoolKind;

using Op = lowered::Pool;

bool IsMaximum(PoolKind kind) { return kind == PoolKind::kMax || kind == PoolKind::kGlobalMax; }

template <class T>
T Bound(float value) {
  constexpr auto kMin = static_cast<float>(std::numeric_limits<T>::min());
  constexpr auto kMax = static_cast<float>(std::numeric_limits<T>::max());
  return static_cast<T>(std::clamp(value, kMin, kMax));
}

// Creates and reshapes one of XNNPACK's three maximum operators.
template <class Bounds>
Status MakeMaximum(const PoolGeometry& g, Bounds min, Bounds max, auto create, auto reshape,
                   Operator& made, pthreadpool_t pool) {
  INSITU_TRY(ToStatus(
      create(g.pad_begin[0], g.pad_end[1], g.pad_end[0], g.pad_begin[1], g.kernel[0], g.kernel[1],
             g.stride[0], g.stride[1], g.dilation[0], g.dilation[1], min, max, 0, made.Receive()),
      "create maximum pooling"));
  return ToStatus(reshape(made.get(), g.batch, g.input[0], g.input[1], g.channels, g.channels,
                          g.channels, nullptr, nullptr, pool),
                  "reshape maximum pooling");
}

class PoolKernel final : public Kernel {
 public:
  PoolKernel(const Op& op, pthreadpool_t pool) : pool_(pool), op_(op) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const auto elements = static_cast<size_t>(ElementsUnchecked(outputs[0]));
    copy_bytes_ = 0;
    empty_ = elements == 0;
    if (empty_) return 0;
    const auto g = ResolvePool(op_, inputs[0], outputs[0]);
    if (!g) return CannotReshape("pooling", inputs[0], outputs[0]);
    if (g->IsIdentity()) {
      copy_bytes_ = ByteSize(op_.dtype, static_cast<int64_t>(elements));
      return 0;
    }
    if (op_.kind == PoolKind::kGlobalAverage) return ReshapeGlobalAverage(*g);
    INSITU_TRY(CheckWindows("pooling", elements / g->channels / g->batch,
                            SizeProduct({g->kernel[0], g->kernel[1]})));
    if (op_.kind == PoolKind::kAverage) return ReshapeAverage(*g);
    INSITU_TRY(ReshapeMaximum(*g));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    if (empty_) return {};
    if (copy_bytes_ > 0) {
      std::memcpy(outputs[0], inputs[0], copy_bytes_);
      return {};
    }
    INSITU_TRY(ToStatus(Setup(inputs[0], outputs[0], scratch), "set up pooling"));
    return operator_.Run(pool_, "run pooling");
  }

 private:
  Status ReshapeMaximum(const PoolGeometry& g) {
    if (op_.dtype == DType::kInt8)
      return MakeMaximum(g, Bound<int8_t>(op_.clamp.min), Bound<int8_t>(op_.clamp.max),
                         xnn_create_max_pooling2d_nhwc_s8, xnn_reshape_max_pooling2d_nhwc_s8,
                         operator_, pool_);
    if (op_.dtype == DType::kUint8)
      return MakeMaximum(g, Bound<uint8_t>(op_.clamp.min), Bound<uint8_t>(op_.clamp.max),
                         xnn_create_max_pooling2d_nhwc_u8, xnn_reshape_max_pooling2d_nhwc_u8,
                         operator_, pool_);
    return MakeMaximum(g, op_.clamp.min, op_.clamp.max, xnn_create_max_pooling2d_nhwc_f32,
                       xnn_reshape_max_pooling2d_nhwc_f32, operator_, pool_);
  }

  Result<uint64_t> ReshapeAverage(const PoolGeometry& g) {
    INSITU_TRY(ToStatus(
        xnn_create_average_pooling2d_nhwc_f32(
            g.pad_begin[0], g.pad_end[1], g.pad_end[0], g.pad_begin[1], g.kernel[0], g.kernel[1],
            g.stride[0], g.stride[1], op_.clamp.min, op_.clamp.max, 0, operator_.Receive()),
        "create average pooling"));
    size_t workspace = 0, alignment = 1;
    INSITU_TRY(ToStatus(
        xnn_reshape_average_pooling2d_nhwc_f32(operator_.get(), g.batch, g.input[0], g.input[1],
                                               g.channels, g.channels, g.channels, &workspace,
                                               &alignment, nullptr, nullptr, pool_),
        "reshape average pooling"));
    return workspace;
  }

  Result<uint64_t> ReshapeGlobalAverage(const PoolGeometry& g) {
    INSITU_TRY(ToStatus(xnn_create_reduce_nd(xnn_reduce_mean, xnn_datatype_fp32, nullptr, nullptr,
                                             0, operator_.Receive()),
                        "create global average"));
    const std::array<size_t, 3> shape{g.batch, g.input[1], g.channels};
    const int64_t axis = 1;
    INSITU_TRY(ToStatus(xnn_reshape_reduce_nd(operator_.get(), 1, &axis, shape.size(), shape.data(),
                                              nullptr, nullptr, pool_),
                        "reshape global average"));
    return 0;
  }

  xnn_status Setup(const std::byte* x, std::byte* y, std::byte* scratch) const {
    const auto* x_float = reinterpret_cast<const float*>(x);
    auto* y_float = reinterpret_cast<float*>(y);
    xnn_operator_t op = operator_.get();
    // Sums of float32 need no workspace, and with one XNNPACK expects a conversion at the end.
    if (op_.kind == PoolKind::kGlobalAverage) return xnn_setup_reduce_nd(op, nullptr, x, y);
    if (op_.kind == PoolKind::kAverage)
      return xnn_setup_average_pooling2d_nhwc_f32(op, scratch, x_float, y_float);
    if (op_.dtype == DType::kFloat32) return xnn_setup_max_pooling2d_nhwc_f32(op, x_float, y_float);
    if (op_.dtype == DType::kInt8)
      return xnn_setup_max_pooling2d_nhwc_s8(op, reinterpret_cast<const int8_t*>(x),
                                             reinterpret_cast<int8_t*>(y));
    return xnn_setup_max_pooling2d_nhwc_u8(op, reinterpret_cast<const uint8_t*>(x),
                                           reinterpret_cast<uint8_t*>(y));
  }

  pthreadpool_t pool_;
  Op op_;
  Operator operator_;
  size_t copy_bytes_ = 0;
  bool empty_ = false;
};

}  // namespace

Considered Consider(const Op& op) {
  if (op.dtype != DType::kFloat32 && !(IsByte(op.dtype) && IsMaximum(op.kind)))
    return Refuse(IsByte(op.dtype) ? "XNNPACK averages integers in fixed point"
                                   : "only float32, and maxima of 8-bit integers");
  if (!(op.clamp.min <= op.clamp.max)) return Refuse("the output clamp is empty");
  if (!op.clamp.IsNone() && op.kind != PoolKind::kMax && op.kind != PoolKind::kAverage)
    return Refuse("a clamp after global pooling");
  if (op.kind == PoolKind::kMax || op.kind == PoolKind::kAverage) {
    if (auto refusal = CheckWindow(op)) return std::unexpected(*refusal);
  }
  return Offer{.cost = 1.0, .wants_channels_last = true};
}

Created Create(const Op& op, pthreadpool_t pool, PackedWeights) {
  return std::make_unique<PoolKernel>(op, pool);
}

}  // namespace insitu::xnn
