// What Conv and its integer forms share: their attributes, and how they are lowered.
#pragma once

#include "ops/op_def.h"

namespace insitu {

// The attributes of Conv and its integer forms.
inline constexpr AttrSpec kConvAttributes[] = {
    {"auto_pad", AttrKind::kString},   {"dilations", AttrKind::kInts}, {"group", AttrKind::kInt},
    {"kernel_shape", AttrKind::kInts}, {"pads", AttrKind::kInts},      {"strides", AttrKind::kInts},
};

// Window, groups, layout and weights (repacked from [M, I/g, ...] to [M, kh, kw, I/g]) of a
// convolution with one or two spatial axes; operands, bias and quantization are the caller's.
std::expected<lowered::Convolution, Refusal> LowerConvolution(const LowerContext& context, size_t x,
                                                              size_t w);

}  // namespace insitu
