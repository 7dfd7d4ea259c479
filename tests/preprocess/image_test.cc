// Images against what Pillow makes of them (fixtures/images.bin, made by make_fixtures.py), and
// every way to lay them out.
#include "preprocess/image.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "support/places.h"

using namespace insitu;

namespace {

std::vector<std::byte> Picture(int64_t width, int64_t height, int64_t channels) {
  std::vector<std::byte> bytes;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t rgb[] = {(x * 7 + y * 3) % 256, (x / 5 + y / 4) % 2 == 0 ? 255 : 0,
                             (x * x + y * y * 3) % 251};
      for (int64_t c = 0; c < channels; ++c)
        bytes.push_back(static_cast<std::byte>(c < 3 ? rgb[c] : 255));
    }
  }
  return bytes;
}

std::vector<uint8_t> Fixture() {
  std::ifstream file(test::ProjectDir() + "/tests/preprocess/fixtures/images.bin",
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Bytes as they are, one channel behind the other within a pixel.
ImageFormat Raw(int64_t width, int64_t height) {
  ImageFormat format;
  format.dtype = DType::kUint8;
  format.channels_last = true;
  format.scale = 1;
  format.width = width;
  format.height = height;
  return format;
}

Tensor Make(std::vector<std::byte> bytes, int64_t width, int64_t height, const ImageFormat& format,
            const ImagePlacement& placement) {
  REQUIRE(CheckFormat(format));
  auto tensor = Tensor::Allocate(format.dtype, format.dims(1));
  REQUIRE(tensor);
  const auto channels = static_cast<int64_t>(bytes.size()) / (width * height);
  REQUIRE(WriteImage({bytes, width, height, channels}, placement, format, 0, *tensor));
  return *std::move(tensor);
}

template <class T>
std::vector<T> Values(const Tensor& tensor) {
  const auto span = tensor.View().As<T>();
  return {span.begin(), span.end()};
}

}  // namespace

TEST_CASE("Every byte is what Pillow's resize gives") {
  struct Case {
    int64_t width, height, to_width, to_height;
    ResampleFilter filter;
    bool gray;
  };
  using enum ResampleFilter;
  const Case cases[] = {
      {97, 61, 40, 33, kBilinear, false}, {97, 61, 40, 33, kArea, false},
      {97, 61, 40, 33, kBicubic, false},  {31, 47, 64, 50, kBilinear, false},
      {31, 47, 64, 50, kArea, false},     {31, 47, 64, 50, kBicubic, false},
      {50, 40, 50, 7, kBilinear, false},  {50, 40, 9, 40, kArea, false},
      {97, 61, 40, 33, kBilinear, true},  {5, 3, 1, 1, kBilinear, false},
  };
  const std::vector<uint8_t> expected = Fixture();
  size_t at = 0;
  for (const Case& c : cases) {
    CAPTURE(c.width, c.height, c.to_width, c.to_height, static_cast<int>(c.filter), c.gray);
    ImageFormat format = Raw(c.to_width, c.to_height);
    format.filter = c.filter;
    if (c.gray) format.order = ChannelOrder::kGray;
    const auto size = static_cast<size_t>(c.to_width * c.to_height * format.channels());
    REQUIRE(at + size <= expected.size());
    const std::vector<uint8_t> wanted(&expected[at], &expected[at] + size);
    for (const int64_t channels : {3, 4}) {
      const Tensor made = Make(Picture(c.width, c.height, channels), c.width, c.height, format,
                               {c.to_width, c.to_height, 0, 0});
      CHECK(Values<uint8_t>(made) == wanted);
    }
    at += size;
  }
  CHECK(at == expected.size());
}

TEST_CASE(
    "A part of a scaled image is that part of the whole, and what lies around it is background") {
  std::mt19937 random(7);
  const std::vector<std::byte> picture = Picture(70, 50, 3);
  for (int trial = 0; trial < 40; ++trial) {
    const auto pick = [&](int low, int high) {
      return std::uniform_int_distribution<int64_t>(low, high)(random);
    };
    const ImagePlacement placement{pick(5, 120), pick(5, 120), pick(-60, 30), pick(-60, 30)};
    ImageFormat whole_format = Raw(placement.width, placement.height),
                format = Raw(pick(4, 60), pick(4, 60));
    whole_format.filter = format.filter = static_cast<ResampleFilter>(trial % 3);
    format.background = {1, 2, 3};
    const auto whole = Values<uint8_t>(
        Make(picture, 70, 50, whole_format, {placement.width, placement.height, 0, 0}));
    const auto made = Values<uint8_t>(Make(picture, 70, 50, format, placement));
    std::vector<uint8_t> wanted;
    for (int64_t y = 0; y < format.height; ++y) {
      for (int64_t x = 0; x < format.width; ++x) {
        const int64_t sx = x - placement.left, sy = y - placement.top;
        const bool inside = sx >= 0 && sy >= 0 && sx < placement.width && sy < placement.height;
        for (int64_t c = 0; c < 3; ++c)
          wanted.push_back(inside ? whole[static_cast<size_t>((sy * placement.width + sx) * 3 + c)]
                                  : static_cast<uint8_t>(c + 1));
      }
    }
    CHECK(made == wanted);
  }
}

TEST_CASE("Elements are normalised, ordered and quantized as the format says") {
  const std::vector<std::byte> picture = Picture(6, 4, 3);
  ImageFormat format;
  format.width = 6, format.height = 4;
  format.mean = {0.485, 0.456, 0.406};
  format.deviation = {0.229, 0.224, 0.225};
  const auto planar = Values<float>(Make(picture, 6, 4, format, {6, 4, 0, 0}));
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < 24; ++i) {
      const double byte = static_cast<double>(picture[i * 3 + c]);
      CHECK(planar[c * 24 + i] ==
            static_cast<float>((byte * (1.0 / 255) - format.mean[c]) / format.deviation[c]));
    }
  }
  SECTION("channels last") {
    format.channels_last = true;
    const auto last = Values<float>(Make(picture, 6, 4, format, {6, 4, 0, 0}));
    for (size_t i = 0; i < 72; ++i) CHECK(last[i] == planar[i % 3 * 24 + i / 3]);
  }
  SECTION("blue first: mean and deviation are in the order of the tensor") {
    format.order = ChannelOrder::kBgr;
    const auto bgr = Values<float>(Make(picture, 6, 4, format, {6, 4, 0, 0}));
    const double blue = static_cast<double>(picture[2]);
    CHECK(bgr[0] ==
          static_cast<float>((blue * (1.0 / 255) - format.mean[0]) / format.deviation[0]));
  }
  SECTION("int8, rounded half to even and saturated") {
    format.dtype = DType::kInt8;
    format.scale = 1, format.mean = {}, format.deviation = {1, 1, 1};
    format.quantum = 2, format.zero_point = 100;
    const auto steps = Values<int8_t>(Make(picture, 6, 4, format, {6, 4, 0, 0}));
    for (size_t i = 0; i < 24; ++i) {
      const double exact = std::nearbyint(static_cast<double>(picture[i * 3]) / 2) + 100;
      CHECK(steps[i] == static_cast<int8_t>(std::min(exact, 127.0)));
    }
  }
  SECTION("float16 is float32, rounded") {
    format.dtype = DType::kFloat16;
    format.mean = {}, format.deviation = {1, 1, 1};
    std::vector<std::byte> white(6 * 4 * 3, std::byte{255});
    for (const uint16_t bits : Values<uint16_t>(Make(white, 6, 4, format, {6, 4, 0, 0})))
      CHECK(bits == 0x3c00);
  }
}

TEST_CASE("What is transparent shows the background") {
  std::vector<std::byte> bytes;
  for (const int byte : {200, 100, 50, 0, 200, 100, 50, 255, 200, 100, 50, 128})
    bytes.push_back(static_cast<std::byte>(byte));
  ImageFormat format = Raw(3, 1);
  format.background = {255, 255, 255};
  CHECK(Values<uint8_t>(Make(bytes, 3, 1, format, {3, 1, 0, 0})) ==
        std::vector<uint8_t>{255, 255, 255, 200, 100, 50, 227, 177, 152});
  CHECK(Values<uint8_t>(Make({std::byte{9}, std::byte{8}}, 2, 1, Raw(2, 1), {2, 1, 0, 0})) ==
        std::vector<uint8_t>{9, 9, 9, 8, 8, 8});
}

TEST_CASE("What is no image is refused") {
  ImageFormat format = Raw(2, 2);
  Tensor tensor = *Tensor::Allocate(DType::kUint8, format.dims(1));
  std::vector<std::byte> bytes(12);
  CHECK(WriteImage({bytes, 2, 2, 3}, {2, 2, 0, 0}, format, 0, tensor));
  CHECK(WriteImage({bytes, 2, 3, 3}, {2, 2, 0, 0}, format, 0, tensor).error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(WriteImage({bytes, 3, 2, 2}, {2, 2, 0, 0}, format, 0, tensor).error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(WriteImage({bytes, 0, 2, 3}, {2, 2, 0, 0}, format, 0, tensor).error().code ==
        ErrorCode::kInvalidArgument);
  CHECK(WriteImage({bytes, int64_t{1} << 40, int64_t{1} << 40, 3}, {2, 2, 0, 0}, format, 0, tensor)
            .error()
            .code == ErrorCode::kInvalidArgument);
  CHECK(WriteImage({bytes, 2, 2, 3}, {int64_t{1} << 40, 2, 0, 0}, format, 0, tensor));
  format.deviation[1] = 0;
  CHECK(CheckFormat(format).error().code == ErrorCode::kInvalidArgument);
  format = Raw(2, 2);
  format.dtype = DType::kInt64;
  CHECK(CheckFormat(format).error().code == ErrorCode::kUnsupportedType);
}
