// Walking the grid. Luma is Rec. 601's of the first three channels, taken as red, green and blue.
#include "monitor/image_features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace insitu {
namespace {

constexpr int64_t kGrid = 32, kGridOfLarger = 24, kLeastPixels = 8;
constexpr size_t kBins = 32;

bool IsChannels(int64_t dim) { return dim == 1 || dim == 3 || dim == 4; }

// Of the lumas; 0 where all are the same.
double Entropy(std::span<const float> lumas) {
  const auto [low, high] = std::ranges::minmax(lumas);
  if (!(high > low)) return 0;
  std::array<int, kBins> counts{};
  const float scale = static_cast<float>(kBins) / (high - low);
  if (!std::isfinite(scale)) return 0;
  for (float luma : lumas) ++counts[std::min(static_cast<size_t>((luma - low) * scale), kBins - 1)];
  double entropy = 0;
  for (int count : counts) {
    if (count == 0) continue;
    const double share = count / static_cast<double>(lumas.size());
    entropy -= share * std::log2(share);
  }
  return entropy;
}

ImageFeatures NoFeatures(double aspect) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  return {kNan, kNan, kNan, kNan, aspect, kNan, kNan, kNan, {kNan, kNan, kNan}, {kNan, kNan}, kNan};
}

double Border(std::span<const float> lumas, size_t columns) {
  const size_t inner = lumas.size() - columns;  // where the last row begins
  double sum = 0;
  for (size_t i = 0; i < columns; ++i)
    sum += static_cast<double>(lumas[i]) + static_cast<double>(lumas[inner + i]);
  for (size_t first = columns; first < inner; first += columns)
    sum += static_cast<double>(lumas[first]) + static_cast<double>(lumas[first + columns - 1]);
  return sum / static_cast<double>(2 * columns + 2 * (lumas.size() / columns - 2));
}

// Of the lumas of a grid, row by row; pixels count at their middles.
void Locate(std::span<const float> lumas, size_t columns, ImageFeatures& features) {
  const float darkest = std::ranges::min(lumas);
  double weight = 0, across = 0, down = 0;
  for (size_t first = 0; first < lumas.size(); first += columns) {
    float row = 0, row_across = 0;
    for (size_t i = 0; i < columns; ++i) {
      const float light = lumas[first + i] - darkest;
      row += light;
      row_across += light * (static_cast<float>(i) + 0.5f);
    }
    weight += static_cast<double>(row);
    across += static_cast<double>(row_across);
    down += static_cast<double>(row) * (static_cast<double>(first / columns) + 0.5);
  }
  if (!(weight > 0)) return;
  const auto width = static_cast<double>(columns),
             height = static_cast<double>(lumas.size()) / width;
  features.centre_x = across / weight / width;
  features.centre_y = down / weight / height;
}

// A row of the grid.
struct Row {
  std::array<float, kGrid> at;

  // Elements `first`, `first + step`, ... of the tensor.
  void Gather(const TensorView& view, int64_t first, const std::array<int64_t, kGrid>& offsets,
              size_t count) {
    switch (view.dtype) {
      case DType::kFloat32:
        return GatherAs<float>(view, first, offsets, count);
      case DType::kFloat64:
        return GatherAs<double>(view, first, offsets, count);
      case DType::kInt8:
        return GatherAs<int8_t>(view, first, offsets, count);
      default:
        return GatherAs<uint8_t>(view, first, offsets, count);
    }
  }

 private:
  template <class T>
  void GatherAs(const TensorView& view, int64_t first, const std::array<int64_t, kGrid>& offsets,
                size_t count) {
    const T* from = reinterpret_cast<const T*>(view.data) + first;
    for (size_t i = 0; i < count; ++i) at[i] = static_cast<float>(from[offsets[i]]);
  }
};

// Sums over the rows of the grid, about a first value, so that nothing cancels.
struct Moments {
  float shift = 0;
  double sum = 0, squares = 0;

  void Add(const Row& row, size_t count) {
    float row_sum = 0, row_squares = 0;
    for (size_t i = 0; i < count; ++i) {
      const float d = row.at[i] - shift;
      row_sum += d;
      row_squares += d * d;
    }
    sum += static_cast<double>(row_sum);
    squares += static_cast<double>(row_squares);
  }
  double Mean(double count) const { return static_cast<double>(shift) + sum / count; }
  double Variance(double count) const {
    return std::max(squares / count - sum / count * (sum / count), 0.0);
  }
};

}  // namespace

ImageFeatures ComputeImageFeatures(const TensorView& view, const ImageGeometry& image) {
  const int64_t column_step = image.channels_last ? image.channels : 1;
  const int64_t row_step = image.width * column_step;
  const int64_t channel_step = image.channels_last ? 1 : image.width * image.height;
  const bool colour = image.channels >= 3;
  const auto on_grid = [](int64_t pixels) { return pixels <= kGrid ? pixels : kGridOfLarger; };
  const int64_t rows = on_grid(image.height), columns = on_grid(image.width);
  const auto count = static_cast<size_t>(columns);
  std::array<int64_t, kGrid> offsets;
  for (int64_t c = 0; c < columns; ++c)
    offsets[static_cast<size_t>(c)] = c * image.width / columns * column_step;
  // Of the Laplacian, columns at the border have too few neighbours.
  const size_t inner_first = 1;
  const size_t inner_end = columns == image.width ? count - 1 : count;

  std::vector<float> lumas;
  lumas.reserve(static_cast<size_t>(rows * columns));
  Moments luma_moments, middle_moments;
  std::array<Moments, 3> channel_moments;
  double laplacian = 0, inner = 0, colour_sum = 0;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t y = r * image.height / rows, first = y * row_step;
    const int64_t middle_first = first + (colour ? channel_step : 0);
    Row channels[3], luma;
    for (int64_t c = 0; c < (colour ? 3 : 1); ++c)
      channels[c].Gather(view, first + c * channel_step, offsets, count);
    luma = channels[0];
    if (colour) {
      float spread = 0;
      for (size_t i = 0; i < count; ++i) {
        const float red = channels[0].at[i], green = channels[1].at[i], blue = channels[2].at[i];
        luma.at[i] = 0.299f * red + 0.587f * green + 0.114f * blue;
        spread += std::max(std::max(red, green), blue) - std::min(std::min(red, green), blue);
      }
      colour_sum += static_cast<double>(spread);
    }
    if (r == 0) {
      luma_moments.shift = luma.at[0];
      middle_moments.shift = channels[colour].at[0];
    }
    luma_moments.Add(luma, count);
    middle_moments.Add(channels[colour], count);
    if (colour)
      for (size_t c = 0; c < 3; ++c) channel_moments[c].Add(channels[c], count);
    lumas.insert(lumas.end(), luma.at.begin(), luma.at.begin() + columns);
    if (y == 0 || y + 1 == image.height) continue;
    Row around[4];
    const int64_t neighbours[] = {-row_step, row_step, -column_step, column_step};
    for (size_t i = 0; i < 4; ++i)
      around[i].Gather(view, middle_first + neighbours[i], offsets, count);
    float energy = 0;
    for (size_t i = inner_first; i < inner_end; ++i) {
      const float d = 4 * channels[colour].at[i] - around[0].at[i] - around[1].at[i] -
                      around[2].at[i] - around[3].at[i];
      energy += d * d;
    }
    laplacian += static_cast<double>(energy);
    inner += static_cast<double>(inner_end - inner_first);
  }
  const auto all = static_cast<double>(lumas.size());
  ImageFeatures features;
  features.aspect = static_cast<double>(image.width) / static_cast<double>(image.height);
  bool finite = std::isfinite(luma_moments.squares) && std::isfinite(middle_moments.squares);
  for (const Moments& moments : channel_moments) finite = finite && std::isfinite(moments.squares);
  if (!finite) return NoFeatures(features.aspect);
  features.brightness = luma_moments.Mean(all);
  features.contrast = std::sqrt(luma_moments.Variance(all));
  const double variance = middle_moments.Variance(all);
  features.sharpness = variance > 0 ? laplacian / inner / variance : 0;
  features.entropy =
      std::isfinite(features.contrast) ? Entropy(lumas) : std::numeric_limits<double>::quiet_NaN();
  Locate(lumas, count, features);
  features.border = Border(lumas, count);
  if (!colour) return features;
  for (size_t i = 0; i < 3; ++i) features.channel[i] = channel_moments[i].Mean(all);
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
                         const ImageGeometry& geometry, FeatureRow& features) {
  features.Add(name, ".brightness", image.brightness);
  features.Add(name, ".contrast", image.contrast);
  features.Add(name, ".sharpness", image.sharpness);
  features.Add(name, ".entropy", image.entropy);
  features.Add(name, ".aspect", image.aspect);
  features.Add(name, ".centre_x", image.centre_x);
  features.Add(name, ".centre_y", image.centre_y);
  features.Add(name, ".border", image.border);
  if (geometry.channels < 3) return;
  features.Add(name, ".channel0", image.channel[0]);
  features.Add(name, ".channel1", image.channel[1]);
  features.Add(name, ".channel2", image.channel[2]);
  features.Add(name, ".balance01", image.balance[0]);
  features.Add(name, ".balance12", image.balance[1]);
  features.Add(name, ".colour", image.colour);
}

}  // namespace insitu
