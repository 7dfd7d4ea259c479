// DynamicQuantizeLinear as ONNX defines it: uint8, one scale and zero point for the whole tensor,
// from its own range widened to hold zero.
// https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html
#pragma once

#include <cstdint>
#include <span>

#include "ops/lowering.h"

namespace insitu::kernels {

// Fills `y`, as long as `x`, and gives the quantization it is in.
Quantization DynamicQuantize(std::span<const float> x, std::span<uint8_t> y);

}  // namespace insitu::kernels
