// Pixels -> tensor: laid over a background, scaled, cut or framed, normalised, ordered, quantized.
// Invariant: every element is a function of one byte of the scaled image, looked up in a table of
// 256 that was computed in double and rounded once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/dtype.h"
#include "base/error.h"
#include "base/tensor.h"
#include "preprocess/resample.h"

namespace insitu {

enum class ChannelOrder : uint8_t { kRgb, kBgr, kGray };

// What the tensor holds: (byte * scale - mean) / deviation in the order of its channels; of integer
// types that over quantum, rounded half to even, plus zero_point, saturated.
struct ImageFormat {
  DType dtype = DType::kFloat32;  // or float16, uint8, int8
  int64_t width = 0, height = 0;  // of the tensor
  bool channels_last = false;
  ChannelOrder order = ChannelOrder::kRgb;
  ResampleFilter filter = ResampleFilter::kBilinear;
  double scale = 1.0 / 255;
  std::array<double, 3> mean{}, deviation{1, 1, 1};
  double quantum = 1;
  int32_t zero_point = 0;
  std::array<uint8_t, 3> background{};  // red, green, blue: behind and around the image

  int64_t channels() const { return order == ChannelOrder::kGray ? 1 : 3; }
  Dims dims(int64_t batch) const;
};

// An image of one (gray), three (red, green, blue) or four (and opacity, not premultiplied) bytes a
// pixel, row by row.
struct SourceImage {
  std::span<std::byte> bytes;
  int64_t width = 0, height = 0, channels = 0;
  bool bgr = false;     // blue first
  bool opaque = false;  // whatever the fourth byte is
};

// How large the image is made, and where in the tensor its corner then lies; below zero, it is cut.
struct ImagePlacement {
  int64_t width = 0, height = 0, left = 0, top = 0;
};

// InvalidArgument for formats that cannot be.
Status CheckFormat(const ImageFormat& format);

// Writes image number `index` of `batch`, a tensor of format.dims(n). `source` may be changed.
// InvalidArgument, OutOfMemory.
Status WriteImage(const SourceImage& source, const ImagePlacement& placement,
                  const ImageFormat& format, int64_t index, Tensor& batch);

}  // namespace insitu
