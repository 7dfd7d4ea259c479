// Resampling of 8-bit RGBA pixels, separably and antialiased: when an image shrinks, the filter
// widens with it. Invariant: every byte is what Pillow's Image.resize gives for the same filter,
// whichever window of the result is asked for: the same weights in 22-bit fixed point, rows first,
// rounded to 8 bits between the two passes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"

namespace insitu {

// kArea averages what falls into a pixel (Pillow's BOX), kBilinear is a triangle, kBicubic has a =
// -0.5.
enum class ResampleFilter : uint8_t { kArea, kBilinear, kBicubic };

// A rectangle of pixels, row by row, four bytes each.
struct PixelArea {
  std::byte* data = nullptr;
  int64_t width = 0, height = 0;
};

// The part [left, left + width) x [top, top + height) of an image of `scaled_width` x
// `scaled_height`; all of it lies inside.
struct ScaledWindow {
  int64_t scaled_width = 0, scaled_height = 0;
  int64_t left = 0, top = 0, width = 0, height = 0;
};

// The pixels of the window of `source` scaled, width * height * 4 bytes. OutOfMemory, or
// LimitExceeded for weights beyond reason.
Result<Buffer> Resample(const PixelArea& source, const ScaledWindow& window, ResampleFilter filter);

}  // namespace insitu
