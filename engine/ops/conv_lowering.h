// What Conv, ConvInteger and QLinearConv share when they are lowered.
#pragma once

#include "ops/op_def.h"

namespace insitu {

// Window, groups, layout and weights (repacked from [M, I/g, ...] to [M, kh, kw, I/g]) of a
// convolution with one or two spatial axes; operands, bias and quantization are the caller's.
std::expected<lowered::Convolution, Refusal> LowerConvolution(const LowerContext& context,
                                                              size_t x, size_t w);

}  // namespace insitu
