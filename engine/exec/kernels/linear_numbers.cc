#include "exec/kernels/linear_numbers.h"

#include "exec/sizes.h"

namespace insitu::kernels {

std::optional<Refusal> CheckNumbers(const LinearNumbers& n) {
  const int64_t columns = n.weights.dims().empty() ? 0 : n.weights.dims()[0];
  const auto fits = [&](size_t count) {
    return count == 1 || static_cast<int64_t>(count) == columns;
  };
  if (!IsByte(n.input) || !IsByte(n.weights.dtype())) return Refusal{"only 8-bit data and weights"};
  if (columns < 1 || n.weights.elements() == 0) return Refusal{"there are no weights"};
  if (PackedBytes(1, columns, n.weights.elements() / columns, sizeof(int16_t)) > kMostPackedBytes)
    return Refusal{kTooLargeToPack};
  if (!n.w_zero_point.empty() && !fits(n.w_zero_point.size()))
    return Refusal{"zero points of the weights must be one, or one per output channel"};
  if (!n.bias.empty() && n.bias.elements() != columns)
    return Refusal{"the bias must be one number per output channel"};
  const bool integer_bias = n.bias.empty() || n.bias.dtype() == DType::kInt32;
  if (n.output == DType::kInt32)
    return integer_bias ? std::nullopt : std::optional(Refusal{"the bias must be int32"});
  if (!fits(n.w_scale.size()))
    return Refusal{"scales of the weights must be one, or one per output channel"};
  if (n.output == DType::kFloat32)
    return integer_bias || n.bias.dtype() == DType::kFloat32
               ? std::nullopt
               : std::optional(Refusal{"the bias must be int32 or float32"});
  if (!IsByte(n.output)) return Refusal{"results of 8 bits, int32 or float32 only"};
  if (!n.x || !n.y) return Refusal{"the quantization of input and output must be known"};
  return integer_bias ? std::nullopt : std::optional(Refusal{"the bias must be int32"});
}

Quantization InputQuantization(const std::optional<Quantization>& x, DType dtype,
                               std::span<const std::byte* const> inputs) {
  if (x) return *x;
  Quantization read;
  read.zero_point = dtype == DType::kInt8 ? static_cast<int32_t>(*Cast<int8_t>(inputs[1]))
                                          : static_cast<int32_t>(*Cast<uint8_t>(inputs[1]));
  if (inputs.size() > 2) read.scale = *Cast<float>(inputs[2]);
  return read;
}

}  // namespace insitu::kernels
