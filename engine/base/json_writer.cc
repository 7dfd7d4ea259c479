// JSON text out. Numbers are printed with the fewest digits, from 15 (6 for float), that read back
// as the same value.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/json.h"
#include "base/utf8.h"

namespace insitu {

void JsonWriter::Separate() {
  if (comma_) text_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  text_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  text_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  text_ += json;
  return *this;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  String(key);
  text_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  text_ += '"';
  for (size_t pos = 0; pos < value.size();) {
    const unsigned char c = static_cast<unsigned char>(value[pos]);
    const size_t length = Utf8Length(value, pos);
    if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += value[pos];
    } else if (c < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      text_ += escape;
    } else if (length == 0) {
      AppendUtf8(0xfffd, text_);
    } else {
      text_.append(value, pos, length);
    }
    pos += std::max<size_t>(length, 1);
  }
  text_ += '"';
  return *this;
}

std::string ShortestText(double value) {
  char text[40];
  for (int digits = 15; digits <= 17; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value) break;
  }
  return text;
}

JsonWriter& JsonWriter::Number(double value) {
  return std::isfinite(value) ? Raw(ShortestText(value)) : Null();
}

JsonWriter& JsonWriter::Float(float value) {
  if (!std::isfinite(value)) return Null();
  char text[40];
  for (int digits = 6; digits <= 9; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, static_cast<double>(value));
    if (static_cast<float>(std::strtod(text, nullptr)) == value) break;
  }
  return Raw(text);
}

JsonWriter& JsonWriter::Integer(int64_t value) { return Raw(std::to_string(value)); }
JsonWriter& JsonWriter::Bool(bool value) { return Raw(value ? "true" : "false"); }
JsonWriter& JsonWriter::Null() { return Raw("null"); }

}  // namespace insitu
