// QuantizedLinear: how an integer convolution or matrix product becomes one of XNNPACK's two
// integer forms: qs8 with a scale per output channel (weights without zero point), or qu8 with one
// weight zero point. Signed and unsigned operands are moved to the form by flipping their top bit.
// Invariant: only combinations that requantize exactly as "Numbers that must be right" says.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "ops/lowering.h"
#include "plan/backend.h"

namespace insitu::xnn {

// XNNPACK's integer layers are the limit that WebAssembly is measured against. There, insitu's own
// kernels take every one of them and are faster, so that these would only be downloaded.
#ifdef __EMSCRIPTEN__
inline constexpr bool kQuantizedLinear = false;
#else
inline constexpr bool kQuantizedLinear = true;
#endif

struct QuantizedLinear {
  bool is_unsigned = false;  // qu8, else qs8 x qc8w
  bool flip_x = false, flip_w = false, flip_y = false;
  float x_scale = 1.0f, y_scale = 1.0f;
  std::vector<float> w_scale;                                    // one per output channel; qu8: one
  int32_t x_zero_point = 0, w_zero_point = 0, y_zero_point = 0;  // after flipping
  int32_t y_min = 0, y_max = 0;                                  // after flipping

  // Weights after flipping; `storage` holds them where they differ from the tensor's. nullptr where
  // the tensor has no contents.
  Result<const std::byte*> Weights(const Tensor& weights, Buffer& storage) const;
};

// The fields that lowered::Convolution and lowered::FullyConnected share.
struct LinearOperands {
  DType input, output;
  const Tensor& weights;
  const Tensor& bias;
  const std::optional<Quantization>& x;
  const std::optional<Quantization>& y;
  std::span<const float> w_scale;
  std::span<const int32_t> w_zero_point;
  Clamp clamp;
  int64_t output_channels;
};

std::expected<QuantizedLinear, Refusal> ResolveQuantizedLinear(const LinearOperands& operands);

// Whether float weights, bias and clamp are such that XNNPACK accepts them; the reason if not.
std::optional<Refusal> CheckFloatLinear(const LinearOperands& operands);

}  // namespace insitu::xnn
