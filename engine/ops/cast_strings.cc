// Numbers as text and back. Fractions meant for integer types are cut off, as in a Cast of floats.
#include "ops/cast_strings.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>

#include "ops/elements.h"

namespace insitu {
namespace {

constexpr int kLongestPlain = 16;  // decimal exponents up to this are written out

// `digits` distinguish the numbers of the type.
std::string RealText(double value, int digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-INF" : "INF";
  char text[64];
  const bool single = digits <= 9;
  int precision = 1;
  for (; precision < digits; ++precision) {
    std::snprintf(text, sizeof text, "%.*e", precision - 1, value);
    const double back = std::strtod(text, nullptr);
    if (back == value || (single && static_cast<float>(back) == static_cast<float>(value))) break;
  }
  std::snprintf(text, sizeof text, "%.*e", precision - 1, value);
  const char* exponent_text = text;
  while (*exponent_text != 'e') ++exponent_text;
  const int exponent = std::atoi(exponent_text + 1);
  if (exponent >= -5 && exponent <= kLongestPlain)
    std::snprintf(text, sizeof text, "%.*f", std::max(0, precision - 1 - exponent), value);
  return text;
}

// Whether all of the text was read up to `end`.
bool IsWhole(const std::string& text, const char* end) {
  return end != text.c_str() && end == text.c_str() + text.size();
}

std::unexpected<Error> NoNumber(const std::string& text) {
  return Fail(ErrorCode::kInvalidArgument, "the string '" + text.substr(0, 60) + "' is no number",
              "Numbers are decimal, or INF, -INF or NaN.");
}

Result<double> ParseReal(const std::string& text) {
  // Hexadecimal numbers are not meant.
  if (text.find_first_of("xX(") != std::string::npos) return NoNumber(text);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (!IsWhole(text, end)) return NoNumber(text);
  return value;
}

template <class T>
Result<T> ParseInteger(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const T value = std::is_same_v<T, uint64_t>
                      ? static_cast<T>(std::strtoull(text.c_str(), &end, 10))
                      : static_cast<T>(std::strtoll(text.c_str(), &end, 10));
  if (IsWhole(text, end) && errno == 0) return value;
  INSITU_ASSIGN(const double real, ParseReal(text));
  if (std::isnan(real)) return T{0};
  constexpr double kLimit = std::is_same_v<T, uint64_t> ? 0x1p64 : 0x1p63;
  if (std::fabs(real) < kLimit && (real > -1 || std::is_signed_v<T>)) return static_cast<T>(real);
  return NoNumber(text);
}

}  // namespace

void NumbersToStrings(const TensorView& x, const TensorView& y) {
  const int digits = x.dtype == DType::kFloat64 ? 17 : 9;
  WithArithmetic(x.dtype, [&]<class T>(T) {
    for (int64_t i = 0; i < x.elements(); ++i) {
      T value;
      LoadElements(x, i, 1, 1, &value);
      std::string& text = (*y.strings)[static_cast<size_t>(i)];
      if constexpr (std::is_same_v<T, double>)
        text = RealText(value, digits);
      else
        text = std::to_string(value);
    }
  });
}

Status StringsToNumbers(const TensorView& x, const TensorView& y) {
  return WithArithmetic(y.dtype, [&]<class T>(T) -> Status {
    for (int64_t i = 0; i < x.elements(); ++i) {
      const std::string& text = (*x.strings)[static_cast<size_t>(i)];
      T value;
      if constexpr (std::is_same_v<T, double>) {
        INSITU_ASSIGN(value, ParseReal(text));
      } else {
        INSITU_ASSIGN(value, ParseInteger<T>(text));
      }
      StoreElements(&value, 1, y, i);
    }
    return {};
  });
}

}  // namespace insitu
