// Walking the grid. Luma is Rec. 601's of the first three channels, taken as red, green and blue.
#include "monitor/image_features.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace insitu {
namespace {

constexpr int64_t kGrid = 64, kLeastPixels = 8;
constexpr size_t kBins = 32;

bool IsChannels(int64_t dim) { return dim == 1 || dim == 3 || dim == 4; }

struct Moments {
  double sum = 0, squares = 0;

  void Add(double x) {
    sum += x;
    squares += x * x;
  }
  double Mean(double count) const { return sum / count; }
  double Variance(double count) const {
    return std::max(squares / count - Mean(count) * Mean(count), 0.0);
  }
};

// Of the lumas; 0 where all are the same.
double Entropy(std::span<const float> lumas) {
  const auto [low, high] = std::ranges::minmax(lumas);
  if (!(high > low)) return 0;
  std::array<int, kBins> counts{};
  const float scale = static_cast<float>(kBins) / (high - low);
  for (float luma : lumas) ++counts[std::min(static_cast<size_t>((luma - low) * scale), kBins - 1)];
  double entropy = 0;
  for (int count : counts) {
    if (count == 0) continue;
    const double share = count / static_cast<double>(lumas.size());
    entropy -= share * std::log2(share);
  }
  return entropy;
}

// The elements of a tensor of any type that has statistics.
class Pixels {
 public:
  explicit Pixels(const TensorView& view) : view_(view) {}

  float operator[](int64_t i) const {
    switch (view_.dtype) {
      case DType::kFloat32:
        return reinterpret_cast<const float*>(view_.data)[i];
      case DType::kFloat64:
        return static_cast<float>(reinterpret_cast<const double*>(view_.data)[i]);
      case DType::kInt8:
        return reinterpret_cast<const int8_t*>(view_.data)[i];
      default:
        return reinterpret_cast<const uint8_t*>(view_.data)[i];
    }
  }

 private:
  const TensorView& view_;
};

}  // namespace

ImageFeatures ComputeImageFeatures(const TensorView& view, const ImageGeometry& image) {
  const Pixels pixels(view);
  const int64_t column_step = image.channels_last ? image.channels : 1;
  const int64_t row_step = image.width * column_step;
  const int64_t channel_step = image.channels_last ? 1 : image.width * image.height;
  const bool colour = image.channels >= 3;
  const int64_t rows = std::min(image.height, kGrid), columns = std::min(image.width, kGrid);
  std::array<float, kGrid * kGrid> lumas;
  size_t count = 0;
  Moments luma_moments, middle_moments, laplacian;
  std::array<double, 3> channel_sums{};
  double colour_sum = 0, inner = 0;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t y = r * image.height / rows;
    for (int64_t c = 0; c < columns; ++c) {
      const int64_t x = c * image.width / columns;
      int64_t at = y * row_step + x * column_step;
      float luma = pixels[at];
      if (colour) {
        const float red = luma, green = pixels[at + channel_step],
                    blue = pixels[at + 2 * channel_step];
        at += channel_step;
        luma = 0.299f * red + 0.587f * green + 0.114f * blue;
        channel_sums[0] += static_cast<double>(red);
        channel_sums[1] += static_cast<double>(green);
        channel_sums[2] += static_cast<double>(blue);
        colour_sum +=
            static_cast<double>(std::max({red, green, blue}) - std::min({red, green, blue}));
      }
      lumas[count++] = luma;
      luma_moments.Add(static_cast<double>(luma));
      const auto middle = static_cast<double>(pixels[at]);
      middle_moments.Add(middle);
      if (y == 0 || x == 0 || y + 1 == image.height || x + 1 == image.width) continue;
      const float around = pixels[at - row_step] + pixels[at + row_step] +
                           pixels[at - column_step] + pixels[at + column_step];
      laplacian.Add(4 * middle - static_cast<double>(around));
      ++inner;
    }
  }
  const auto all = static_cast<double>(count);
  ImageFeatures features;
  features.brightness = luma_moments.Mean(all);
  features.contrast = std::sqrt(luma_moments.Variance(all));
  const double variance = middle_moments.Variance(all);
  features.sharpness = variance > 0 ? laplacian.squares / inner / variance : 0;
  features.entropy = std::isfinite(features.contrast) ? Entropy(std::span(lumas).first(count))
                                                      : std::numeric_limits<double>::quiet_NaN();
  features.aspect = static_cast<double>(image.width) / static_cast<double>(image.height);
  if (!colour) return features;
  for (size_t i = 0; i < 3; ++i) features.channel[i] = channel_sums[i] / all;
  for (size_t i = 0; i < 2; ++i) {
    const double difference = features.channel[i] - features.channel[i + 1];
    features.balance[i] = features.contrast > 0 ? difference / features.contrast : 0;
  }
  features.colour = colour_sum / all;
  return features;
}

std::optional<ImageGeometry> ImageGeometryOf(const TensorView& view) {
  const Dims& dims = view.dims;
  if (!HasStatistics(view.dtype) || dims.size() != 4 || dims[0] < 1) return std::nullopt;
  const auto large = [](int64_t height, int64_t width) {
    return height >= kLeastPixels && width >= kLeastPixels;
  };
  if (IsChannels(dims[1]) && large(dims[2], dims[3]))
    return ImageGeometry{dims[1], dims[2], dims[3], false};
  if (IsChannels(dims[3]) && large(dims[1], dims[2]))
    return ImageGeometry{dims[3], dims[1], dims[2], true};
  return std::nullopt;
}

void AppendImageFeatures(std::string_view name, const ImageFeatures& image,
                         const ImageGeometry& geometry, std::vector<Feature>& features) {
  AppendFeature(name, ".brightness", image.brightness, features);
  AppendFeature(name, ".contrast", image.contrast, features);
  AppendFeature(name, ".sharpness", image.sharpness, features);
  AppendFeature(name, ".entropy", image.entropy, features);
  AppendFeature(name, ".aspect", image.aspect, features);
  if (geometry.channels < 3) return;
  AppendFeature(name, ".channel0", image.channel[0], features);
  AppendFeature(name, ".channel1", image.channel[1], features);
  AppendFeature(name, ".channel2", image.channel[2], features);
  AppendFeature(name, ".balance01", image.balance[0], features);
  AppendFeature(name, ".balance12", image.balance[1], features);
  AppendFeature(name, ".colour", image.colour, features);
}

}  // namespace insitu
