// The linear layer of dynamically quantized models: the input is quantized to uint8 with one scale
// and zero point for the whole tensor exactly as ONNX DynamicQuantizeLinear says, multiplied by
// int8 weights with exact int32 sums, and scaled to float32. XNNPACK wants the input's parameters
// per row: they are repeated. https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html
#include <algorithm>
#include <cmath>
#include <vector>

#include "exec/kernels/dynamic_quantize.h"
#include "exec/xnn/sign_flip.h"
#include "exec/xnn/weights_store.h"
#include "exec/xnn/xnn_kernels.h"
#include "exec/xnn/xnn_operator.h"

namespace insitu::xnn {
namespace {

using Op = lowered::DynamicFullyConnected;

class DynamicFullyConnectedKernel final : public Kernel {
 public:
  DynamicFullyConnectedKernel(const Op& op, pthreadpool_t pool, PackedWeights packed)
      : pool_(pool),
        inputs_(static_cast<size_t>(op.weights.dims()[1])),
        outputs_(static_cast<size_t>(op.weights.dims()[0])),
        weights_(std::move(packed)) {}

  Status Pack(const Op& op) {
    std::vector<float> scales(outputs_, op.w_scale[0]);
    if (op.w_scale.size() == outputs_) scales = op.w_scale;
    const float* bias = op.bias.empty() ? nullptr : op.bias.As<float>().data();
    return ToStatus(
        xnn_create_fully_connected_nc_qd8_f32_qc8w(
            inputs_, outputs_, inputs_, outputs_, scales.data(), op.weights.As<int8_t>().data(),
            bias, op.clamp.min, op.clamp.max, 0, nullptr, weights_.provider(), operator_.Receive()),
        "create dynamic fully connected");
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    batch_ = static_cast<size_t>(ElementsUnchecked(outputs[0])) / outputs_;
    if (batch_ * inputs_ != elements_)
      return CannotReshape("dynamic fully connected layer", inputs[0], outputs[0]);
    if (batch_ == 0) return 0;
    INSITU_TRY(ToStatus(xnn_reshape_fully_connected_nc_qd8_f32_qc8w(operator_.get(), batch_, pool_),
                        "reshape dynamic fully connected"));
    rows_offset_ = AlignUp(elements_ + kBufferPadding);
    return rows_offset_ + SizeProduct({Rows(), sizeof(xnn_quantization_params)});
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    if (batch_ == 0) return {};
    const auto* x = reinterpret_cast<const float*>(inputs[0]);
    auto* quantized = reinterpret_cast<uint8_t*>(scratch);
    const Quantization q = kernels::DynamicQuantize({x, elements_}, {quantized, elements_});
    FlipSigns(scratch, scratch, elements_);
    auto* rows = reinterpret_cast<xnn_quantization_params*>(scratch + rows_offset_);
    std::fill_n(rows, Rows(), xnn_quantization_params{q.zero_point - 128, q.scale});
    INSITU_TRY(ToStatus(xnn_setup_fully_connected_nc_qd8_f32_qc8w(
                            operator_.get(), reinterpret_cast<const int8_t*>(scratch),
                            reinterpret_cast<float*>(outputs[0]), rows),
                        "set up dynamic fully connected"));
    return operator_.Run(pool_, "run dynamic fully connected");
  }

  PackedWeights* packed() override { return &weights_.packed(); }

 private:
  // XNNPACK may read that many entries more than there are rows.
  size_t Rows() const { return batch_ + XNN_EXTRA_QUANTIZATION_PARAMS; }

  pthreadpool_t pool_;
  size_t inputs_, outputs_;
  WeightsStore weights_;
  Operator operator_;
  size_t elements_ = 0, batch_ = 0, rows_offset_ = 0;
};

}  // namespace

Considered Consider(const Op& op) {
  const Dims& w = op.weights.dims();
  if (w.size() != 2 || w[0] <= 0 || w[1] <= 0) return Refuse("weights must be a non-empty matrix");
  if (PackedBytes(1, w[0], w[1], sizeof(int16_t)) > kMostPackedBytes)
    return Refuse(kTooLargeToPack);
  if (op.weights.dtype() != DType::kInt8) return Refuse("only int8 weights without a zero point");
  if (!std::ranges::all_of(op.w_zero_point, [](int32_t zero) { return zero == 0; }))
    return Refuse("weights with a zero point");
  if (!op.bias.empty() && (op.bias.dtype() != DType::kFloat32 || op.bias.elements() != w[0]))
    return Refuse("the bias must be float32, one per output channel");
  if (op.w_scale.size() != 1 && static_cast<int64_t>(op.w_scale.size()) != w[0])
    return Refuse("weight scales must be one or one per output channel");
  if (!std::ranges::all_of(op.w_scale, IsUsableScale))
    return Refuse("weight scales must be positive, normal numbers");
  if (!(op.clamp.min <= op.clamp.max)) return Refuse("the output clamp is empty");
  return Offer{.cost = 1.0};
}

Created Create(const Op& op, pthreadpool_t pool, PackedWeights packed) {
  auto kernel = std::make_unique<DynamicFullyConnectedKernel>(op, pool, std::move(packed));
  INSITU_TRY(kernel->Pack(op));
  return kernel;
}

}  // namespace insitu::xnn
