// Image features: the same in every layout and type, and each moved by what it is named after.
#include "monitor/image_features.h"

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <functional>
#include <random>

namespace insitu {
namespace {

using Catch::Approx;

constexpr int64_t kHeight = 96, kWidthOfImage = 128;

// Smooth shapes with some grain, channels of different means: values in 0..1.
double Pixel(int64_t channel, int64_t y, int64_t x) {
  const double grain = std::fmod(
      std::abs(std::sin(12.9898 * static_cast<double>(x) + 78.233 * static_cast<double>(y)) *
               43758.5453),
      1.0);
  const double shape =
      std::sin(static_cast<double>(x) / 17) * std::cos(static_cast<double>(y) / 11);
  return 0.45 + 0.1 * static_cast<double>(1 - channel) + 0.2 * shape + 0.1 * grain;
}

using Change = std::function<double(int64_t, int64_t, int64_t)>;

template <class T>
struct Picture {
  std::vector<T> values;
  TensorView view;
};

template <class T>
Picture<T> Make(bool channels_last, const Change& pixel = Pixel, double scale = 1,
                int64_t channels = 3) {
  Picture<T> picture;
  picture.values.resize(static_cast<size_t>(channels * kHeight * kWidthOfImage));
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t y = 0; y < kHeight; ++y)
      for (int64_t x = 0; x < kWidthOfImage; ++x) {
        const int64_t at = channels_last ? (y * kWidthOfImage + x) * channels + c
                                         : (c * kHeight + y) * kWidthOfImage + x;
        picture.values[static_cast<size_t>(at)] = static_cast<T>(pixel(c, y, x) * scale);
      }
  const Dims dims = channels_last ? Dims{1, kHeight, kWidthOfImage, channels}
                                  : Dims{1, channels, kHeight, kWidthOfImage};
  picture.view = {kDTypeOf<T>, dims, reinterpret_cast<std::byte*>(picture.values.data()), nullptr};
  return picture;
}

template <class T>
ImageFeatures Features(const Picture<T>& picture) {
  const auto geometry = ImageGeometryOf(picture.view);
  REQUIRE(geometry);
  return ComputeImageFeatures(picture.view, *geometry);
}

ImageFeatures Of(const Change& pixel) { return Features(Make<float>(false, pixel)); }

TEST_CASE("Layouts and types give the same") {
  const ImageFeatures first = Features(Make<float>(false)), last = Features(Make<float>(true)),
                      wide = Features(Make<double>(false)),
                      bytes = Features(Make<uint8_t>(true, Pixel, 255));
  for (const auto& [one, slack] : {std::pair{last, 1e-9}, {wide, 1e-6}}) {
    CHECK(one.brightness == Approx(first.brightness).epsilon(slack));
    CHECK(one.sharpness == Approx(first.sharpness).epsilon(slack));
    CHECK(one.balance[1] == Approx(first.balance[1]).epsilon(slack));
    CHECK(one.colour == Approx(first.colour).epsilon(slack));
  }
  CHECK(bytes.brightness / 255 == Approx(first.brightness).epsilon(0.01));
  CHECK(bytes.contrast / 255 == Approx(first.contrast).epsilon(0.01));
  CHECK(bytes.sharpness == Approx(first.sharpness).epsilon(0.02));
  CHECK(bytes.entropy == Approx(first.entropy).epsilon(0.02));
  CHECK(first.aspect == Approx(128.0 / 96));
}

TEST_CASE("Each feature moves with what it is named after") {
  const ImageFeatures plain = Of(Pixel);
  const auto at = [](int64_t c, int64_t y, int64_t x) { return Pixel(c, y, x); };
  const ImageFeatures bright =
      Of([&](int64_t c, int64_t y, int64_t x) { return at(c, y, x) + 0.2; });
  CHECK(bright.brightness == Approx(plain.brightness + 0.2));
  CHECK(bright.contrast == Approx(plain.contrast));
  const ImageFeatures flat =
      Of([&](int64_t c, int64_t y, int64_t x) { return 0.4 * at(c, y, x) + 0.3; });
  CHECK(flat.contrast == Approx(0.4 * plain.contrast).epsilon(1e-4));
  CHECK(flat.sharpness == Approx(plain.sharpness).epsilon(1e-3));
  const ImageFeatures blurred = Of([&](int64_t c, int64_t y, int64_t x) {
    double sum = 0;
    for (int64_t dy : {-1, 0, 1})
      for (int64_t dx : {-1, 0, 1}) sum += at(c, y + dy, x + dx);
    return sum / 9;
  });
  CHECK(blurred.sharpness < 0.2 * plain.sharpness);
  const ImageFeatures swapped =
      Of([&](int64_t c, int64_t y, int64_t x) { return at(2 - c, y, x); });
  CHECK(swapped.channel[0] == Approx(plain.channel[2]));
  CHECK(swapped.balance[0] == Approx(-plain.balance[1]).epsilon(0.02));
  const ImageFeatures grey = Of([&](int64_t, int64_t y, int64_t x) { return at(1, y, x); });
  CHECK(grey.colour == 0);
  CHECK(grey.balance[0] == Approx(0).margin(1e-9));
  CHECK(plain.colour > 0.15);
  const ImageFeatures two =
      Of([](int64_t, int64_t, int64_t x) { return x < kWidthOfImage / 2 ? 0.0 : 1.0; });
  CHECK(two.entropy == Approx(1));
}

TEST_CASE("Where the light lies, and what lies at the border") {
  const ImageFeatures quarter = Of([](int64_t, int64_t y, int64_t x) {
    return x < kWidthOfImage / 4 && y >= kHeight / 2 ? 0.9 : 0.1;
  });
  CHECK(quarter.centre_x == Approx(0.125));
  CHECK(quarter.centre_y == Approx(0.75));
  // On the grid of 24 x 24, 6 columns below and 12 rows left of 92 pixels are light.
  CHECK(quarter.border == Approx(0.1 + 0.8 * (6 + 12 - 1) / 92));
  const ImageFeatures blank = Of([](int64_t, int64_t, int64_t) { return 0.5; });
  CHECK(blank.centre_x == 0.5);
  CHECK(blank.centre_y == 0.5);
  CHECK(blank.border == Approx(0.5));
  const ImageFeatures frame = Of([](int64_t, int64_t y, int64_t x) {
    const bool outer = y == 0 || x == 0;
    return outer ? 1.0 : 0.0;
  });
  CHECK(frame.border == Approx(47.0 / 92));
  const ImageFeatures broken = Of([](int64_t, int64_t, int64_t) { return std::nan(""); });
  CHECK(std::isnan(broken.centre_x));
  CHECK(std::isnan(broken.border));
}

TEST_CASE("Blank and broken images") {
  const ImageFeatures blank = Of([](int64_t, int64_t, int64_t) { return 0.5; });
  CHECK(blank.contrast == Approx(0).margin(1e-6));
  CHECK(blank.entropy == 0);
  CHECK(blank.sharpness == 0);
  CHECK(blank.balance[0] == Approx(0).margin(1e-6));
  const ImageFeatures broken = Of([](int64_t, int64_t, int64_t) { return std::nan(""); });
  CHECK(std::isnan(broken.brightness));
  CHECK(std::isnan(broken.entropy));
}

TEST_CASE("What counts as an image") {
  const auto geometry = [](Dims dims, DType dtype = DType::kFloat32) {
    return ImageGeometryOf({dtype, dims, nullptr, nullptr});
  };
  CHECK(geometry({1, 3, 224, 224})->channels_last == false);
  CHECK(geometry({4, 224, 200, 3})->channels_last);
  CHECK(geometry({4, 224, 200, 3})->width == 200);
  CHECK(geometry({1, 1, 28, 28})->channels == 1);
  CHECK_FALSE(geometry({1, 2, 28, 28}));
  CHECK_FALSE(geometry({1, 3, 7, 28}));
  CHECK_FALSE(geometry({3, 28, 28}));
  CHECK_FALSE(geometry({0, 3, 28, 28}));
  CHECK_FALSE(geometry({1, 3, 28, 28}, DType::kInt32));
}

TEST_CASE("Names of image features") {
  FeatureRow features;
  AppendImageFeatures("x", {}, {1, 28, 28, false}, features);
  CHECK(features.size() == 8);
  AppendImageFeatures("x", {}, {3, 28, 28, false}, features);
  CHECK(features.size() == 22);
  CHECK(features[0].name == "x.brightness");
  CHECK(features[21].name == "x.colour");
}

}  // namespace
}  // namespace insitu
