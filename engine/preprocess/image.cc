// Four bytes a pixel are made of every source, which is scaled, and looked up channel by channel.
// Luma is Rec. 601's in 16-bit fixed point, as Pillow's convert('L') has it.
#include "preprocess/image.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "base/small_float.h"

namespace insitu {
namespace {

using Pixel = std::array<uint8_t, 4>;

uint8_t Luma(const Pixel& pixel) {
  return static_cast<uint8_t>((pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >>
                              16);
}

// `value` of 255 parts over `behind`.
uint8_t Blend(uint8_t value, uint8_t behind, uint8_t opacity) {
  const uint32_t sum = value * uint32_t{opacity} + behind * (uint32_t{255} - opacity) + 127;
  return static_cast<uint8_t>(sum / 255);
}

// Of four bytes a pixel.
bool IsOpaque(std::span<const std::byte> bytes) {
  uint32_t all = ~uint32_t{0};
  for (size_t at = 0; at < bytes.size(); at += 4) {
    uint32_t pixel;
    std::memcpy(&pixel, &bytes[at], 4);
    all &= pixel;
  }
  return all >> 24 == 0xff;
}

struct FlatImage {
  PixelArea area;
  bool bgr = false;  // instead of red, green, blue
};

// Four opaque bytes a pixel: in place where there are four, else in `own`.
Result<FlatImage> Flatten(const SourceImage& source, const ImageFormat& format, Buffer& own) {
  const auto count = static_cast<size_t>(source.width * source.height);
  const auto channels = static_cast<size_t>(source.channels);
  std::byte* to = source.bytes.data();
  const bool gray = format.order == ChannelOrder::kGray;
  if (channels == 4 && !gray && (source.opaque || IsOpaque(source.bytes)))
    return FlatImage{{to, source.width, source.height}, source.bgr};
  if (channels != 4) {
    INSITU_ASSIGN(own, Buffer::Allocate(count * 4));
    to = own.data();
  }
  const std::byte* from = source.bytes.data();
  for (size_t i = 0; i < count; ++i) {
    Pixel pixel{};
    std::memcpy(pixel.data(), from + i * channels, channels);
    if (channels == 1) pixel[1] = pixel[2] = pixel[0];
    if (source.bgr) std::swap(pixel[0], pixel[2]);
    const uint8_t opacity = channels == 4 && !source.opaque ? pixel[3] : 255;
    if (opacity != 255) {
      for (size_t c = 0; c < 3; ++c) pixel[c] = Blend(pixel[c], format.background[c], opacity);
    }
    if (gray) pixel[0] = Luma(pixel);
    pixel[3] = 255;
    std::memcpy(to + i * 4, pixel.data(), 4);
  }
  return FlatImage{{to, source.width, source.height}};
}

template <class T>
T Element(double value, const ImageFormat& format) {
  if constexpr (std::is_same_v<T, float>) {
    return static_cast<float>(value);
  } else if constexpr (std::is_same_v<T, uint16_t>) {
    return static_cast<T>(
        EncodeSmallFloat(SmallFloatOf(DType::kFloat16), value, OnOverflow::kInfinity));
  } else {
    const double steps = std::nearbyint(value / format.quantum) + format.zero_point;
    return static_cast<T>(
        std::clamp<double>(steps, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
  }
}

// The lit part of the tensor, in tensor coordinates, and its pixels.
struct Part {
  int64_t left = 0, top = 0, width = 0, height = 0;
  Buffer pixels;
  bool bgr = false;
};

template <class T>
void Write(const ImageFormat& format, const Part& lit, T* to) {
  const auto channels = static_cast<size_t>(format.channels());
  const auto width = static_cast<size_t>(format.width),
             plane = width * static_cast<size_t>(format.height);
  const size_t step = format.channels_last ? channels : 1;
  const Pixel behind{format.background[0], format.background[1], format.background[2], 255};
  for (size_t c = 0; c < channels; ++c) {
    std::array<T, 256> table;
    for (size_t byte = 0; byte < table.size(); ++byte) {
      const double value =
          (static_cast<double>(byte) * format.scale - format.mean[c]) / format.deviation[c];
      table[byte] = Element<T>(value, format);
    }
    const size_t colour = format.order == ChannelOrder::kBgr ? 2 - c : c;
    const size_t at = lit.bgr ? 2 - colour : colour;
    T* const first = to + (format.channels_last ? c : c * plane);
    if (lit.width * lit.height < static_cast<int64_t>(plane)) {
      const T around = table[channels == 1 ? Luma(behind) : behind[colour]];
      for (size_t i = 0; i < plane; ++i) first[i * step] = around;
    }
    if (lit.width == 0) continue;
    const auto* from = reinterpret_cast<const uint8_t*>(lit.pixels.data()) + at;
    for (int64_t row = 0; row < lit.height; ++row) {
      T* out = first +
               (static_cast<size_t>(lit.top + row) * width + static_cast<size_t>(lit.left)) * step;
      for (int64_t column = 0; column < lit.width; ++column, from += 4, out += step)
        *out = table[*from];
    }
  }
}

void WriteAs(DType dtype, const ImageFormat& format, const Part& lit, std::byte* to) {
  switch (dtype) {
    case DType::kFloat32:
      return Write(format, lit, reinterpret_cast<float*>(to));
    case DType::kFloat16:
      return Write(format, lit, reinterpret_cast<uint16_t*>(to));
    case DType::kInt8:
      return Write(format, lit, reinterpret_cast<int8_t*>(to));
    default:
      return Write(format, lit, reinterpret_cast<uint8_t*>(to));
  }
}

}  // namespace

Dims ImageFormat::dims(int64_t batch) const {
  if (channels_last) return {batch, height, width, channels()};
  return {batch, channels(), height, width};
}

Status CheckFormat(const ImageFormat& format) {
  const DType dtype = format.dtype;
  if (dtype != DType::kFloat32 && dtype != DType::kFloat16 && dtype != DType::kUint8 &&
      dtype != DType::kInt8)
    return Fail(ErrorCode::kUnsupportedType, "images cannot become " + std::string(Name(dtype)),
                "They become float32, float16, uint8 or int8.");
  bool usable = std::isfinite(format.scale) && std::isfinite(format.quantum) && format.quantum > 0;
  for (size_t c = 0; c < 3; ++c)
    usable = usable && std::isfinite(format.mean[c]) && std::isfinite(format.deviation[c]) &&
             format.deviation[c] != 0;
  if (!usable)
    return Fail(ErrorCode::kInvalidArgument, "an image cannot be normalised with these numbers",
                "scale, mean and std are finite, std is not 0, and the scale of a quantization is "
                "above 0.");
  if (format.width < 1 || format.height < 1)
    return Fail(ErrorCode::kInvalidArgument,
                "an image of " + std::to_string(format.width) + " x " +
                    std::to_string(format.height) + " pixels was asked for",
                "Both are 1 or more.");
  return {};
}

Status WriteImage(const SourceImage& source, const ImagePlacement& placement,
                  const ImageFormat& format, int64_t index, Tensor& batch) {
  const int64_t channels = source.channels;
  const auto bytes = CheckedProduct(std::array{source.width, source.height, channels});
  if (!bytes || *bytes < 1 || static_cast<uint64_t>(*bytes) != source.bytes.size() ||
      (channels != 1 && channels != 3 && channels != 4) || placement.width < 1 ||
      placement.height < 1)
    return Fail(ErrorCode::kInvalidArgument,
                std::to_string(source.bytes.size()) + " bytes are no image of " +
                    std::to_string(source.width) + " x " + std::to_string(source.height) +
                    " pixels",
                "Pass one, three or four bytes a pixel.");
  // Of the scaled image, what lies on the tensor.
  const int64_t left = std::max<int64_t>(placement.left, 0),
                top = std::max<int64_t>(placement.top, 0);
  const int64_t right = std::min(placement.left + placement.width, format.width),
                bottom = std::min(placement.top + placement.height, format.height);
  Part lit;
  Buffer own;
  if (right > left && bottom > top) {
    lit.left = left;
    lit.top = top;
    lit.width = right - left;
    lit.height = bottom - top;
    INSITU_ASSIGN(const FlatImage flat, Flatten(source, format, own));
    lit.bgr = flat.bgr;
    const ScaledWindow window{placement.width,     placement.height, left - placement.left,
                              top - placement.top, lit.width,        lit.height};
    INSITU_ASSIGN(lit.pixels, Resample(flat.area, window, format.filter));
  }
  const size_t image_bytes =
      ByteSize(format.dtype, format.width * format.height * format.channels());
  WriteAs(format.dtype, format, lit, batch.data() + static_cast<size_t>(index) * image_bytes);
  return {};
}

}  // namespace insitu
