// Linear layers of 8-bit data and constant 8-bit weights, for results and zero points that
// XNNPACK's operators do not have; and of float data that are quantized by their own range first
// (DynamicQuantizeLinear) where the weights have zero points.
#include <algorithm>

#include "exec/kernels/dynamic_quantize.h"
#include "exec/kernels/integer_products.h"

namespace insitu::kernels {
namespace {

LinearNumbers NumbersOf(const lowered::FullyConnected& op) {
  return {op.input, op.output,  op.weights,      op.bias, op.x,
          op.y,     op.w_scale, op.w_zero_point, op.clamp};
}

LinearNumbers NumbersOf(const lowered::DynamicFullyConnected& op) {
  return {DType::kUint8, DType::kFloat32, op.weights,      op.bias, std::nullopt,
          std::nullopt,  op.w_scale,      op.w_zero_point, op.clamp};
}

class IntegerFullyConnectedKernel final : public Kernel {
 public:
  IntegerFullyConnectedKernel(const LinearNumbers& numbers, bool quantizes)
      : products_(numbers),
        input_(numbers.input),
        x_(numbers.x),
        quantizes_(quantizes),
        depth_(static_cast<size_t>(numbers.weights.elements()) / products_.columns()),
        y_bytes_(ByteSize(numbers.output, 1)) {}

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    elements_ = static_cast<size_t>(ElementsUnchecked(inputs[0]));
    rows_ = elements_ / depth_;
    if (rows_ * depth_ != elements_ ||
        rows_ * products_.columns() != static_cast<size_t>(ElementsUnchecked(outputs[0])))
      return Fail(ErrorCode::kShapeMismatch,
                  "a layer of " + std::to_string(depth_) + " inputs and " +
                      std::to_string(products_.columns()) + " outputs between " +
                      ToString(inputs[0]) + " and " + ToString(outputs[0]));
    bytes_offset_ = IntegerProducts::kRows * products_.padded_depth() * sizeof(int16_t);
    return bytes_offset_ + (quantizes_ ? elements_ : 0);
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
    auto* rows = Cast<int16_t>(scratch);
    const size_t padded = products_.padded_depth(), columns = products_.columns();
    std::fill_n(rows, IntegerProducts::kRows * padded, int16_t{0});
    for (size_t row = 0; row < rows_; row += IntegerProducts::kRows) {
      const size_t count = std::min<size_t>(IntegerProducts::kRows, rows_ - row);
      for (size_t r = 0; r < count; ++r)
        Widen(x + (row + r) * depth_, input_, q.zero_point, depth_, rows + r * padded);
      products_.Run(rows, static_cast<int>(count), 0, columns, q.scale,
                    outputs[0] + row * columns * y_bytes_, columns);
    }
    return {};
  }

  size_t packed_bytes() const override { return products_.packed_bytes(); }

 private:
  IntegerProducts products_;
  DType input_;
  std::optional<Quantization> x_;
  bool quantizes_;
  size_t depth_, y_bytes_, elements_ = 0, rows_ = 0, bytes_offset_ = 0;
};

Considered ConsiderNumbers(const LinearNumbers& numbers) {
  if (auto refusal = CheckNumbers(numbers)) return std::unexpected(*std::move(refusal));
  return Offer{.cost = 6.0};
}

}  // namespace

Considered Consider(const lowered::FullyConnected& op) { return ConsiderNumbers(NumbersOf(op)); }
Considered Consider(const lowered::DynamicFullyConnected& op) {
  return ConsiderNumbers(NumbersOf(op));
}

Created Create(const lowered::FullyConnected& op) {
  return std::make_unique<IntegerFullyConnectedKernel>(NumbersOf(op), false);
}
Created Create(const lowered::DynamicFullyConnected& op) {
  return std::make_unique<IntegerFullyConnectedKernel>(NumbersOf(op), true);
}

}  // namespace insitu::kernels
