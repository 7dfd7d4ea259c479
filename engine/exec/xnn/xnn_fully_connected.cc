// Fully connected layers with constant weights [O, I]: Gemm and MatMul by a constant, float32 and
// quantized. Quantized results equal the formula of ops/lowering.h
// (tests/exec/xnn_fully_connected_test.cc).
#include <utility>

#include "exec/sizes.h"
#include "exec/xnn/quantized_linear.h"
#include "exec/xnn/sign_flip.h"
#include "exec/xnn/weights_store.h"
#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

using Op = lowered::FullyConnected;

int64_t Inputs(const Op& op) { return op.weights.dims()[op.inputs_first ? 0 : 1]; }
int64_t Outputs(const Op& op) { return op.weights.dims()[op.inputs_first ? 1 : 0]; }

LinearOperands Operands(const Op& op) {
  return {op.input, op.output,  op.weights,      op.bias,  op.x,
          op.y,     op.w_scale, op.w_zero_point, op.clamp, Outputs(op)};
}

class FullyConnectedKernel final : public Kernel {
 public:
  FullyConnectedKernel(const Op& op, pthreadpool_t pool, PackedWeights packed)
      : pool_(pool),
        inputs_(static_cast<size_t>(Inputs(op))),
        outputs_(static_cast<size_t>(Outputs(op))),
        weights_(std::move(packed)) {}

  Status Pack(const Op& op) {
    const uint32_t flags = op.inputs_first ? XNN_FLAG_TRANSPOSE_WEIGHTS : 0;
    const auto create = [&](auto creator, auto... rest) {
      return ToStatus(creator(inputs_, outputs_, inputs_, outputs_, rest..., flags, nullptr,
                              weights_.provider(), operator_.Receive()),
                      "create fully connected");
    };
    if (op.input == DType::kFloat32) {
      const float* bias = op.bias.empty() ? nullptr : op.bias.As<float>().data();
      reshape_ = xnn_reshape_fully_connected_nc_f32;
      return create(xnn_create_fully_connected_nc_f32, op.weights.As<float>().data(), bias,
                    op.clamp.min, op.clamp.max);
    }
    if constexpr (kQuantizedLinear) return PackQuantized(op, create);
    std::unreachable();
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    input_elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    output_elements_ = static_cast<size_t>(ElementsUnchecked(outputs[0]));
    const size_t batch = output_elements_ / outputs_;
    if (batch * outputs_ != output_elements_ || batch * inputs_ != input_elements_)
      return CannotReshape("fully connected layer", inputs[0], outputs[0]);
    if (batch == 0) return 0;
    INSITU_TRY(ToStatus(reshape_(operator_.get(), batch, pool_), "reshape fully connected"));
    return quantized_ && quantized_->flip_x ? input_elements_ : 0;
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    if (output_elements_ == 0) return {};
    const std::byte* x = inputs[0];
    if (quantized_ && quantized_->flip_x) {
      FlipSigns(x, scratch, input_elements_);
      x = scratch;
    }
    INSITU_TRY(ToStatus(Setup(x, outputs[0]), "set up fully connected"));
    INSITU_TRY(operator_.Run(pool_, "run fully connected"));
    if (quantized_ && quantized_->flip_y) FlipSigns(outputs[0], outputs[0], output_elements_);
    return {};
  }

  PackedWeights* packed() override { return &weights_.packed(); }

 private:
  template <class Create>
  Status PackQuantized(const Op& op, const Create& create) {
    quantized_ = *ResolveQuantizedLinear(Operands(op));
    const QuantizedLinear& q = *quantized_;
    const int32_t* bias = op.bias.empty() ? nullptr : op.bias.As<int32_t>().data();
    Buffer storage;
    INSITU_ASSIGN(const std::byte* weights, q.Weights(op.weights, storage));
    if (q.is_unsigned) {
      const auto byte = [](int32_t value) { return static_cast<uint8_t>(value); };
      reshape_ = xnn_reshape_fully_connected_nc_qu8;
      return create(xnn_create_fully_connected_nc_qu8, byte(q.x_zero_point), q.x_scale,
                    byte(q.w_zero_point), q.w_scale[0], reinterpret_cast<const uint8_t*>(weights),
                    bias, byte(q.y_zero_point), q.y_scale, byte(q.y_min), byte(q.y_max));
    }
    const auto byte = [](int32_t value) { return static_cast<int8_t>(value); };
    reshape_ = xnn_reshape_fully_connected_nc_qs8_qc8w;
    return create(xnn_create_fully_connected_nc_qs8_qc8w, byte(q.x_zero_point), q.x_scale,
                  q.w_scale.data(), reinterpret_cast<const int8_t*>(weights), bias,
                  byte(q.y_zero_point), q.y_scale, byte(q.y_min), byte(q.y_max));
  }

  xnn_status Setup(const std::byte* x, std::byte* y) const {
    if (!kQuantizedLinear || !quantized_)
      return xnn_setup_fully_connected_nc_f32(operator_.get(), reinterpret_cast<const float*>(x),
                                              reinterpret_cast<float*>(y));
    if (quantized_->is_unsigned)
      return xnn_setup_fully_connected_nc_qu8(operator_.get(), reinterpret_cast<const uint8_t*>(x),
                                              reinterpret_cast<uint8_t*>(y));
    return xnn_setup_fully_connected_nc_qs8_qc8w(
        operator_.get(), reinterpret_cast<const int8_t*>(x), reinterpret_cast<int8_t*>(y));
  }

  pthreadpool_t pool_;
  size_t inputs_, outputs_;
  WeightsStore weights_;
  Operator operator_;
  decltype(&xnn_reshape_fully_connected_nc_f32) reshape_ = nullptr;
  std::optional<QuantizedLinear> quantized_;
  size_t input_elements_ = 0, output_elements_ = 0;
};

}  // namespace

Considered Consider(const Op& op) {
  const Dims& w = op.weights.dims();
  if (w.size() != 2 || w[0] <= 0 || w[1] <= 0) return Refuse("weights must be a non-empty matrix");
  if (PackedBytes(1, Outputs(op), Inputs(op), sizeof(float)) > kMostPackedBytes)
    return Refuse(kTooLargeToPack);
  Offer offer{.cost = 1.0};
  if (op.input == DType::kFloat32) {
    if (auto refusal = CheckFloatLinear(Operands(op))) return std::unexpected(*refusal);
    return offer;
  }
  if (op.inputs_first) return Refuse("only float32 weights may be [inputs, outputs]");
  if (!kQuantizedLinear) return Refuse("insitu's own kernels take quantized layers");
  auto quantized = ResolveQuantizedLinear(Operands(op));
  if (!quantized) return std::unexpected(quantized.error());
  if (quantized->flip_x) offer.cost += 0.1;
  if (quantized->flip_y) offer.cost += 0.1;
  return offer;
}

Created Create(const Op& op, pthreadpool_t pool, PackedWeights packed) {
  auto kernel = std::make_unique<FullyConnectedKernel>(op, pool, std::move(packed));
  INSITU_TRY(kernel->Pack(op));
  return kernel;
}

}  // namespace insitu::xnn
