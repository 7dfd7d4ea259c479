// Elementwise float32 functions that XNNPACK computes with SIMD on every target. Those it would
// compute one element at a time (exp, erf, reciprocal square root) are refused: the reference does
// the same; and its logarithm, because it keeps few digits near 1. Accuracy against double is held
// by tests/exec/xnn_unary_test.cc.
#include <algorithm>
#include <cmath>
#include <limits>

#include "exec/xnn/clamp_stage.h"
#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

using lowered::UnaryKind;

xnn_unary_operator Translate(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::kAbs:
      return xnn_unary_abs;
    case UnaryKind::kNeg:
      return xnn_unary_negate;
    case UnaryKind::kFloor:
      return xnn_unary_floor;
    case UnaryKind::kCeil:
      return xnn_unary_ceiling;
    case UnaryKind::kRound:
      return xnn_unary_bankers_rounding;
    case UnaryKind::kSqrt:
      return xnn_unary_square_root;
    case UnaryKind::kSigmoid:
      return xnn_unary_sigmoid;
    case UnaryKind::kTanh:
      return xnn_unary_tanh;
    case UnaryKind::kRelu:
    case UnaryKind::kClamp:
      return xnn_unary_clamp;
    case UnaryKind::kLeakyRelu:
      return xnn_unary_leaky_relu;
    case UnaryKind::kElu:
      return xnn_unary_elu;
    case UnaryKind::kHardSwish:
      return xnn_unary_hardswish;
    case UnaryKind::kGelu:
      return xnn_unary_gelu;
    case UnaryKind::kSquare:
      return xnn_unary_square;
    case UnaryKind::kGeluTanh:
    case UnaryKind::kSigmoidGate:
      return xnn_unary_sigmoid;
    case UnaryKind::kCopy:
    case UnaryKind::kExp:
    case UnaryKind::kLog:
    case UnaryKind::kRsqrt:
    case UnaryKind::kErf:
      return xnn_unary_invalid;
  }
  return xnn_unary_invalid;
}

bool IsClamp(UnaryKind kind) { return kind == UnaryKind::kClamp || kind == UnaryKind::kRelu; }

xnn_unary_params Parameters(const lowered::Unary& op) {
  xnn_unary_params params = {};
  if (op.kind == UnaryKind::kElu) {
    params.elu.alpha = op.alpha;
  } else if (op.kind == UnaryKind::kLeakyRelu) {
    params.leaky_relu.negative_slope = op.alpha;
  } else if (IsClamp(op.kind)) {
    params.clamp.min = op.clamp.min;
    if (op.kind == UnaryKind::kRelu && !(op.clamp.min > 0.0f)) params.clamp.min = 0.0f;
    params.clamp.max = op.clamp.max;
  }
  return params;
}

class UnaryKernel final : public Kernel {
 public:
  explicit UnaryKernel(pthreadpool_t pool) : pool_(pool) {}

  Status Init(const lowered::Unary& op) {
    const xnn_unary_params params = Parameters(op);
    INSITU_TRY(ToStatus(
        xnn_create_unary_elementwise_nc(Translate(op.kind), xnn_datatype_fp32, xnn_datatype_fp32,
                                        &params, nullptr, nullptr, 0, operator_.Receive()),
        "create elementwise"));
    return IsClamp(op.kind) ? Status{} : clamp_.Create(op.clamp);
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    const auto elements = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    empty_ = elements == 0;
    if (empty_) return 0;
    INSITU_TRY(ToStatus(xnn_reshape_unary_elementwise_nc(operator_.get(), elements, 1, 1, 1, pool_),
                        "reshape elementwise"));
    INSITU_TRY(clamp_.Reshape(elements, pool_));
    return 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (empty_) return {};
    INSITU_TRY(ToStatus(xnn_setup_unary_elementwise_nc(operator_.get(), inputs[0], outputs[0]),
                        "set up elementwise"));
    INSITU_TRY(operator_.Run(pool_, "run elementwise"));
    return clamp_.Run(outputs[0], pool_);
  }

 private:
  pthreadpool_t pool_;
  Operator operator_;
  ClampStage clamp_;
  bool empty_ = false;
};

bool IsGate(UnaryKind kind) {
  return kind == UnaryKind::kGeluTanh || kind == UnaryKind::kSigmoidGate;
}

// x times the sigmoid of a polynomial of x: SiLU and its kin, and Gelu by tanh, since
// 0.5 (1 + tanh z) is the sigmoid of 2 z.
class GateKernel final : public Kernel {
 public:
  GateKernel(const lowered::Unary& op, pthreadpool_t pool) : inner_(pool), clamp_(op.clamp) {
    const bool gelu = op.kind == UnaryKind::kGeluTanh;
    linear_ = gelu ? 1.5957691216f : op.alpha;  // 2 sqrt(2 / pi)
    cubic_ = gelu ? linear_ * 0.044715f : 0.0f;
  }

  Status Init() {
    lowered::Unary sigmoid;
    sigmoid.kind = UnaryKind::kSigmoid;
    return inner_.Init(sigmoid);
  }
  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    count_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    INSITU_TRY(inner_.Reshape(inputs, outputs));
    return count_ * sizeof(float);
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    const auto* x = reinterpret_cast<const float*>(inputs[0]);
    auto* y = reinterpret_cast<float*>(outputs[0]);
    auto* gate = reinterpret_cast<float*>(scratch);
    const float linear = linear_, cubic = cubic_;
    const Clamp clamp = clamp_;
    for (size_t i = 0; i < count_; ++i) gate[i] = x[i] * (linear + cubic * x[i] * x[i]);
    const std::byte* gates[] = {scratch};
    std::byte* targets[] = {scratch};
    INSITU_TRY(inner_.Run(gates, targets, nullptr));
    for (size_t i = 0; i < count_; ++i)
      y[i] = std::min(std::max(x[i] * gate[i], clamp.min), clamp.max);
    return {};
  }

 private:
  UnaryKernel inner_;
  Clamp clamp_;
  float linear_, cubic_;
  size_t count_ = 0;
};

}  // namespace

Considered Consider(const lowered::Unary& op) {
  if (op.dtype != DType::kFloat32) return Refuse("only float32");
  if (op.kind == UnaryKind::kCopy) return Refuse("a copy needs no XNNPACK");
  if (op.kind == UnaryKind::kLog) return Refuse("XNNPACK's logarithm keeps few digits near 1");
  if (Translate(op.kind) == xnn_unary_invalid)
    return Refuse("XNNPACK computes this function one element at a time");
  const bool is_relu = op.kind == UnaryKind::kRelu;
  if (!(op.clamp.min <= op.clamp.max) || (is_relu && op.clamp.max < 0.0f))
    return Refuse("the output clamp is empty");
  if (!std::isfinite(op.alpha)) return Refuse("alpha must be finite");
  return Offer{.cost = IsClamp(op.kind) || op.clamp.IsNone() ? 1.0 : 1.5, .in_place = true};
}

Created Create(const lowered::Unary& op, pthreadpool_t pool, PackedWeights) {
  if (IsGate(op.kind)) {
    auto gate = std::make_unique<GateKernel>(op, pool);
    INSITU_TRY(gate->Init());
    return gate;
  }
  auto kernel = std::make_unique<UnaryKernel>(pool);
  INSITU_TRY(kernel->Init(op));
  return kernel;
}

}  // namespace insitu::xnn
