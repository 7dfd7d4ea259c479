// Elementwise float32 operations of two operands with numpy broadcasting.
// Quantized addition and the like are refused: XNNPACK rounds them in fixed point, which differs
// from the formula of the design; exec/kernels computes those.
#include <algorithm>

#include "exec/kernels/broadcast.h"
#include "exec/xnn/clamp_stage.h"
#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

using lowered::BinaryKind;

xnn_binary_operator Translate(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::kAdd:
      return xnn_binary_add;
    case BinaryKind::kSub:
      return xnn_binary_subtract;
    case BinaryKind::kMul:
      return xnn_binary_multiply;
    case BinaryKind::kDiv:
      return xnn_binary_divide;
    case BinaryKind::kMin:
      return xnn_binary_minimum;
    case BinaryKind::kMax:
      return xnn_binary_maximum;
    case BinaryKind::kSquaredDifference:
      return xnn_binary_squared_difference;
    case BinaryKind::kPow:
      return xnn_binary_invalid;
  }
  return xnn_binary_invalid;
}

class BinaryKernel final : public Kernel {
 public:
  explicit BinaryKernel(pthreadpool_t pool) : pool_(pool) {}

  Status Init(const lowered::Binary& op) {
    INSITU_TRY(
        ToStatus(xnn_create_binary_elementwise_nd(Translate(op.kind), xnn_datatype_fp32, nullptr,
                                                  nullptr, nullptr, 0, operator_.Receive()),
                 "create elementwise"));
    return clamp_.Create(op.clamp);
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const auto elements = static_cast<size_t>(ElementsUnchecked(outputs[0]));
    empty_ = elements == 0;
    if (empty_) return 0;
    auto shapes = kernels::CompressBroadcast(inputs[0], inputs[1]);
    if (!shapes) return CannotReshape("elementwise operation", inputs[0], outputs[0]);
    const size_t rank = shapes->a.size();
    outer_ = rank > XNN_MAX_TENSOR_DIMS ? rank - XNN_MAX_TENSOR_DIMS : 0;
    shapes_ = *std::move(shapes);
    INSITU_TRY(ToStatus(
        xnn_reshape_binary_elementwise_nd(operator_.get(), rank - outer_, shapes_.a.data() + outer_,
                                          rank - outer_, shapes_.b.data() + outer_, pool_),
        "reshape elementwise"));
    INSITU_TRY(clamp_.Reshape(elements, pool_));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (empty_) return {};
    std::byte* y = outputs[0];
    INSITU_TRY(RunFrom(0, inputs[0], inputs[1], y));
    return clamp_.Run(outputs[0], pool_);
  }

 private:
  // Runs dimension `d` and those inside it; `y` ends behind what was written.
  Status RunFrom(size_t d, const std::byte* a, const std::byte* b, std::byte*& y) {
    size_t size_a = sizeof(float), size_b = sizeof(float), size_y = sizeof(float);
    for (size_t i = d < outer_ ? d + 1 : d; i < shapes_.a.size(); ++i) {
      size_a *= shapes_.a[i];
      size_b *= shapes_.b[i];
      size_y *= std::max(shapes_.a[i], shapes_.b[i]);
    }
    if (d < outer_) {
      for (size_t i = 0; i < std::max(shapes_.a[d], shapes_.b[d]); ++i)
        INSITU_TRY(RunFrom(d + 1, shapes_.a[d] == 1 ? a : a + i * size_a,
                           shapes_.b[d] == 1 ? b : b + i * size_b, y));
      return {};
    }
    INSITU_TRY(
        ToStatus(xnn_setup_binary_elementwise_nd(operator_.get(), a, b, y), "set up elementwise"));
    y += size_y;
    return operator_.Run(pool_, "run elementwise");
  }

  pthreadpool_t pool_;
  Operator operator_;
  ClampStage clamp_;
  kernels::BroadcastShapes shapes_;
  size_t outer_ = 0;  // leading dimensions beyond XNNPACK's limit, looped over here
  bool empty_ = false;
};

}  // namespace

Considered Consider(const lowered::Binary& op) {
  if (IsByte(op.dtype))
    return Refuse("XNNPACK rounds quantized elementwise operations in fixed point");
  if (op.dtype != DType::kFloat32) return Refuse("only float32");
  if (Translate(op.kind) == xnn_binary_invalid)
    return Refuse("XNNPACK computes powers one element at a time");
  if (!(op.clamp.min <= op.clamp.max)) return Refuse("the output clamp is empty");
  return Offer{.cost = op.clamp.IsNone() ? 1.0 : 1.5, .in_place = true};
}

Created Create(const lowered::Binary& op, pthreadpool_t pool, PackedWeights) {
  auto kernel = std::make_unique<BinaryKernel>(pool);
  INSITU_TRY(kernel->Init(op));
  return kernel;
}

}  // namespace insitu::xnn
