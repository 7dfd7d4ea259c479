// Linear layers of 8-bit data and constant 8-bit weights; and of float data that are quantized by
// their own range first (DynamicQuantizeLinear).
#include "exec/kernels/dynamic_quantize.h"
#include "exec/kernels/linear_runner.h"

namespace insitu::kernels {
namespace {

LinearNumbers DynamicNumbersOf(const lowered::DynamicFullyConnected& op) {
  return {DType::kUint8, DType::kFloat32, op.weights,      op.bias, std::nullopt,
          std::nullopt,  op.w_scale,      op.w_zero_point, op.clamp};
}

class IntegerFullyConnectedKernel final : public Kernel {
 public:
  IntegerFullyConnectedKernel(const LinearNumbers& numbers, bool quantizes,
                              std::unique_ptr<IntegerProducts> products, const ThreadPool& pool)
      : runner_(std::move(products), 1, pool),
        input_(numbers.input),
        x_(numbers.x),
        quantizes_(quantizes) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    const IntegerProducts& products = runner_.products();
    elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    rows_ = elements_ / products.depth();
    if (rows_ * products.depth() != elements_ ||
        rows_ * products.columns() != static_cast<size_t>(ElementsUnchecked(outputs[0])))
      return Fail(ErrorCode::kShapeMismatch,
                  "a layer of " + std::to_string(products.depth()) + " inputs and " +
                      std::to_string(products.columns()) + " outputs between " +
                      ToString(inputs[0]) + " and " + ToString(outputs[0]));
    const uint64_t of_runner = runner_.Reshape(rows_, products.TakesDataAsItIs());
    bytes_offset_ = AlignUp(static_cast<size_t>(of_runner));
    return of_runner + kBufferAlignment + (quantizes_ ? elements_ : 0);
  }

  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte* scratch) override {
    if (rows_ == 0) return {};
    const std::byte* x = inputs[0];
    Quantization q;
    if (quantizes_) {
      auto* bytes = Cast<uint8_t>(scratch + bytes_offset_);
      q = DynamicQuantize({Cast<float>(x), elements_}, {bytes, elements_});
      x = scratch + bytes_offset_;
    } else {
      q = InputQuantization(x_, input_, inputs);
    }
    const IntegerProducts& products = runner_.products();
    const size_t depth = products.depth();
    runner_.Run(q, x, outputs[0], scratch, [&](size_t first, size_t count, size_t, std::byte* to) {
      products.Convert(x + first * depth,
                       {.windows = count, .window_step = depth, .elements = depth}, q.zero_point,
                       to);
    });
    return {};
  }

  PackedWeights* packed() override { return runner_.packed(); }

 private:
  LinearRunner runner_;
  DType input_;
  std::optional<Quantization> x_;
  bool quantizes_;
  size_t elements_ = 0, rows_ = 0, bytes_offset_ = 0;
};

Considered ConsiderNumbers(const LinearNumbers& numbers) {
  if (auto refusal = CheckNumbers(numbers)) return std::unexpected(*std::move(refusal));
  return Offer{.cost = kLinearCost};
}

Created CreateOf(const LinearNumbers& numbers, bool quantizes, const ThreadPool& pool,
                 PackedWeights packed) {
  INSITU_ASSIGN(auto products, IntegerProducts::Pack(numbers, 1, std::move(packed)));
  return std::make_unique<IntegerFullyConnectedKernel>(numbers, quantizes, std::move(products),
                                                       pool);
}

}  // namespace

Considered Consider(const lowered::FullyConnected& op) {
  if (op.inputs_first) return Refuse("weights that are [inputs, outputs]");
  return ConsiderNumbers(NumbersOf(op));
}
Considered Consider(const lowered::DynamicFullyConnected& op) {
  return ConsiderNumbers(DynamicNumbersOf(op));
}

Created Create(const lowered::FullyConnected& op, const ThreadPool& pool, PackedWeights packed) {
  return CreateOf(NumbersOf(op), false, pool, std::move(packed));
}
Created Create(const lowered::DynamicFullyConnected& op, const ThreadPool& pool,
               PackedWeights packed) {
  return CreateOf(DynamicNumbersOf(op), true, pool, std::move(packed));
}

}  // namespace insitu::kernels
