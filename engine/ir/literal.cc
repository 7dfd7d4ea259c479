// Elements of tensors to words and back, one element at a time and independent of speed.
#include "ir/literal.h"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace insitu {
namespace {

// Raw bits of element i, little-endian; nibbles for 4-bit types.
uint64_t Bits(const Tensor& tensor, int64_t i) {
  const int width = BitWidth(tensor.dtype());
  if (width == 4) return (static_cast<uint64_t>(tensor.data()[i / 2]) >> (i % 2 * 4)) & 0xf;
  uint64_t bits = 0;
  std::memcpy(&bits, tensor.data() + i * (width / 8), static_cast<size_t>(width / 8));
  return bits;
}

void SetBits(Tensor& tensor, int64_t i, uint64_t bits) {
  const int width = BitWidth(tensor.dtype());
  if (width == 4) {
    std::byte& both = tensor.data()[i / 2];
    const auto nibble = static_cast<std::byte>((bits & 0xf) << (i % 2 * 4));
    both = (both & (i % 2 ? std::byte{0x0f} : std::byte{0xf0})) | nibble;
    return;
  }
  std::memcpy(tensor.data() + i * (width / 8), &bits, static_cast<size_t>(width / 8));
}

bool IsSigned(DType dtype) {
  return dtype == DType::kInt4 || dtype == DType::kInt8 || dtype == DType::kInt16 ||
         dtype == DType::kInt32 || dtype == DType::kInt64;
}

bool IsBitPattern(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBfloat16 ||
         (dtype >= DType::kFloat8E4M3FN && dtype <= DType::kFloat8E5M2FNUZ);
}

int64_t SignExtend(uint64_t bits, int width) {
  const int shift = 64 - width;
  return static_cast<int64_t>(bits << shift) >> shift;
}

std::string ElementText(const Tensor& tensor, int64_t i) {
  const DType dtype = tensor.dtype();
  if (dtype == DType::kString) return Quote(tensor.strings()[static_cast<size_t>(i)], '"');
  const uint64_t bits = Bits(tensor, i);
  if (dtype == DType::kFloat32)
    return FloatText(std::bit_cast<float>(static_cast<uint32_t>(bits)), true);
  if (dtype == DType::kFloat64) return FloatText(std::bit_cast<double>(bits), false);
  if (IsSigned(dtype)) return std::to_string(SignExtend(bits, BitWidth(dtype)));
  if (!IsBitPattern(dtype)) return std::to_string(bits);
  char digits[17];
  const auto end = std::to_chars(digits, digits + 16, bits, 16).ptr;
  return "0x" + std::string(digits, end);
}

std::string Digest(const Tensor& tensor) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  auto add = [&hash](std::byte byte) {
    hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001b3;
  };
  if (tensor.dtype() == DType::kString) {
    for (const std::string& text : tensor.strings())
      for (char c : text + '\0') add(static_cast<std::byte>(c));
  } else {
    for (std::byte byte : tensor.bytes()) add(byte);
  }
  char digits[17];
  const auto end = std::to_chars(digits, digits + 16, hash, 16).ptr;
  return std::string(digits, end);
}

template <class T>
bool Integer(std::string_view word, T& value, int base = 10) {
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value, base);
  return result.ec == std::errc() && result.ptr == word.data() + word.size();
}

// The whole word as a number, by strtof or strtod.
template <class T>
std::optional<T> Floating(const std::string& word, T (*parse)(const char*, char**)) {
  char* end = nullptr;
  const T value = parse(word.c_str(), &end);
  if (word.empty() || end != word.c_str() + word.size()) return std::nullopt;
  return value;
}

std::optional<uint64_t> ParseBits(DType dtype, const std::string& word) {
  const int width = BitWidth(dtype);
  if (dtype == DType::kFloat32) {
    const auto value = Floating(word, std::strtof);
    return value ? std::optional<uint64_t>(std::bit_cast<uint32_t>(*value)) : std::nullopt;
  }
  if (dtype == DType::kFloat64) {
    const auto value = Floating(word, std::strtod);
    return value ? std::optional(std::bit_cast<uint64_t>(*value)) : std::nullopt;
  }
  if (IsSigned(dtype)) {
    int64_t value;
    if (!Integer(word, value) || SignExtend(static_cast<uint64_t>(value), width) != value)
      return std::nullopt;
    return static_cast<uint64_t>(value);
  }
  uint64_t value;
  const bool hex = word.starts_with("0x");
  if (!Integer(std::string_view(word).substr(hex ? 2 : 0), value, hex ? 16 : 10))
    return std::nullopt;
  if (dtype == DType::kBool ? value > 1 : width < 64 && value >> width) return std::nullopt;
  return value;
}

uint64_t NextRandom(uint64_t& state) {  // splitmix64
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t RandomBits(DType dtype, uint64_t random) {
  const double uniform = static_cast<double>(random >> 11) * 0x1p-52 - 1.0;
  if (dtype == DType::kFloat32) return std::bit_cast<uint32_t>(static_cast<float>(uniform));
  if (dtype == DType::kFloat64) return std::bit_cast<uint64_t>(uniform);
  if (dtype == DType::kFloat16 || dtype == DType::kBfloat16) return random & 0xbbff;
  if (dtype == DType::kBool) return random & 1;
  if (BitWidth(dtype) >= 32) {
    const int64_t value = static_cast<int64_t>(random % 2001) - 1000;
    return static_cast<uint64_t>(IsSigned(dtype) ? value : std::abs(value));
  }
  return random;
}

}  // namespace

std::string Quote(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == quote || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + quote;
}

std::string FloatText(double value, bool single_precision) {
  char digits[40];
  const auto result = single_precision
                          ? std::to_chars(digits, digits + 40, static_cast<float>(value))
                          : std::to_chars(digits, digits + 40, value);
  std::string text(digits, result.ptr);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string ElementsText(const Tensor& tensor, int max_elements) {
  const int64_t count = tensor.elements();
  bool same = count > 1;
  for (int64_t i = 1; same && i < count; ++i) {
    same = tensor.dtype() == DType::kString ? tensor.strings()[0] == tensor.strings()[i]
                                            : Bits(tensor, 0) == Bits(tensor, i);
  }
  if (same) return "splat(" + ElementText(tensor, 0) + ")";
  if (count > max_elements) return "... " + Digest(tensor);
  std::string text = "[";
  for (int64_t i = 0; i < count; ++i) text += (i ? "," : "") + ElementText(tensor, i);
  return text + "]";
}

Result<Tensor> ParseElements(DType dtype, Dims dims, std::span<const std::string> words,
                             bool splat) {
  INSITU_ASSIGN(const int64_t count, Elements(dims));
  if (splat ? words.size() != 1 : static_cast<int64_t>(words.size()) != count)
    return Fail(ErrorCode::kInvalidArgument, std::to_string(words.size()) +
                                                 " elements are given for " +
                                                 ToString(std::span<const int64_t>(dims)));
  auto word = [&](int64_t i) -> const std::string& { return words[splat ? 0 : i]; };
  if (dtype == DType::kString) {
    std::vector<std::string> strings;
    for (int64_t i = 0; i < count; ++i) strings.push_back(word(i));
    return Tensor::FromStrings(std::move(dims), std::move(strings));
  }
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(dtype, std::move(dims)));
  if (tensor.size_bytes() > 0) std::memset(tensor.data(), 0, tensor.size_bytes());
  for (int64_t i = 0; i < count; ++i) {
    const auto bits = ParseBits(dtype, word(i));
    if (!bits)
      return Fail(ErrorCode::kInvalidArgument,
                  "'" + word(i) + "' is not an element of type " + std::string(Name(dtype)));
    SetBits(tensor, i, *bits);
  }
  return tensor;
}

Result<Tensor> RandomElements(DType dtype, Dims dims, uint64_t seed) {
  if (dtype == DType::kString)
    return Fail(ErrorCode::kInvalidArgument, "random() has no strings", "Write the strings out.");
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(dtype, std::move(dims)));
  if (tensor.size_bytes() > 0) std::memset(tensor.data(), 0, tensor.size_bytes());
  for (int64_t i = 0; i < tensor.elements(); ++i)
    SetBits(tensor, i, RandomBits(dtype, NextRandom(seed)));
  return tensor;
}

}  // namespace insitu
