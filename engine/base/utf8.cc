// UTF-8, table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above
// U+10FFFF.
#include "base/utf8.h"

namespace insitu {

size_t Utf8Length(std::string_view text, size_t pos) {
  auto byte = [&](size_t i) -> unsigned {
    return pos + i < text.size() ? static_cast<unsigned char>(text[pos + i]) : 0u;
  };
  auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned first = byte(0), second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !continues(1)) return 0;
  if (first < 0xe0) return 2;
  if (!continues(2)) return 0;
  if (first < 0xf0) {
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  const bool overlong = first == 0xf0 && second < 0x90;
  const bool beyond = first == 0xf4 && second >= 0x90;
  return overlong || beyond || !continues(3) ? 0 : 4;
}

char32_t NextCodePoint(std::string_view text, size_t& pos) {
  const size_t length = Utf8Length(text, pos);
  const auto byte = [&] { return static_cast<unsigned char>(text[pos++]); };
  const char32_t first = byte();
  if (length <= 1) return length == 1 ? first : U'\ufffd';
  char32_t code = first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) code = code << 6 | (byte() & 0x3f);
  return code;
}

void AppendUtf8(unsigned code, std::string& out) {
  auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

}  // namespace insitu
