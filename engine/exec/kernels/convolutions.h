// The two convolutions of insitu's own and what they share.
#pragma once

#include "exec/kernels/kernels.h"

namespace insitu::kernels {

// Extents as NHWC, and padding in front along both axes.
struct PlaneGeometry {
  Dims in, out;
  int64_t pad[2] = {0, 0};

  // ShapeMismatch unless both have three or four axes and one batch.
  static Result<PlaneGeometry> Of(const lowered::Convolution& op, Dims in, Dims out);
};

Considered ConsiderDepthwise(const lowered::Convolution& op);
Created CreateDepthwise(const lowered::Convolution& op, const ThreadPool& pool,
                        PackedWeights packed);
Considered ConsiderIntegerConvolution(const lowered::Convolution& op);
Created CreateIntegerConvolution(const lowered::Convolution& op, const ThreadPool& pool,
                                 PackedWeights packed);

}  // namespace insitu::kernels
