// Features of images, from a grid of at most 32 x 32 pixels, of larger images 24 x 24: what a
// camera, its light or the code before the model changes first. Values stay in the tensor's own
// units.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "monitor/features.h"

namespace insitu {

struct ImageGeometry {
  int64_t channels = 1, height = 0, width = 0;
  bool channels_last = false;
};

// The image in a batch of any size: four dims, 1, 3 or 4 channels (first or last), 8 pixels and
// more either way, of a type with statistics; nullopt for anything else.
std::optional<ImageGeometry> ImageGeometryOf(const TensorView& view);

// Of the first image; where a pixel of the grid is not finite, all but `aspect` are NaN.
struct ImageFeatures {
  double brightness = 0, contrast = 0;  // mean and standard deviation of the luma
  double sharpness =
      0;               // energy of the Laplacian over the variance, of the middle channel; no unit
  double entropy = 0;  // of 32 bins between the darkest and the brightest luma, in bits
  double aspect = 1;   // width over height
  // Where the light lies: mean column and row, weighted by the luma above the darkest, 0 to 1; the
  // middle where all pixels are the same.
  double centre_x = 0.5, centre_y = 0.5;
  double border = 0;  // mean luma of the outermost rows and columns of the grid
  // Of three channels and more: their means, the differences of neighbours over the contrast (which
  // tell channels apart whatever the light), and the mean spread between channels of a pixel.
  double channel[3] = {};
  double balance[2] = {};
  double colour = 0;
};
ImageFeatures ComputeImageFeatures(const TensorView& view, const ImageGeometry& image);

// Appends `<name>.brightness`, `.contrast`, `.sharpness`, `.entropy`, `.aspect`, `.centre_x`,
// `.centre_y`, `.border` and, of colour images, `.channel0` to `.channel2`, `.balance01`,
// `.balance12`,
// `.colour`.
void AppendImageFeatures(std::string_view name, const ImageFeatures& image,
                         const ImageGeometry& geometry, FeatureRow& features);

}  // namespace insitu
