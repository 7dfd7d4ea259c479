// JSON (RFC 8259): a strict, bounded parser into a small value type, and a streaming writer.
// Invariant: no input crashes, overflows the stack or takes memory beyond JsonLimits; a number that
// is written and parsed again is the same double; text out is always valid UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace insitu {

struct JsonLimits {
  size_t max_bytes = size_t{8} << 20;
  size_t max_values = size_t{1} << 20;
  int max_depth = 32;
};

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;  // in the order of the text

  Json() = default;  // null
  explicit Json(bool value) : value_(value) {}
  explicit Json(double value) : value_(value) {}
  explicit Json(std::string value) : value_(std::move(value)) {}
  explicit Json(Array value) : value_(std::move(value)) {}
  explicit Json(Object value) : value_(std::move(value)) {}

  // InvalidArgument with line and column for text that is not JSON, repeats a key, holds invalid
  // UTF-8 or a number outside the range of double; LimitExceeded beyond `limits`.
  static Result<Json> Parse(std::string_view text, const JsonLimits& limits = {});

  bool IsNull() const { return std::holds_alternative<std::monostate>(value_); }
  // The value if it is of that kind, else nullptr.
  const bool* AsBool() const { return std::get_if<bool>(&value_); }
  const double* AsNumber() const { return std::get_if<double>(&value_); }
  const std::string* AsString() const { return std::get_if<std::string>(&value_); }
  const Array* AsArray() const { return std::get_if<Array>(&value_); }
  const Object* AsObject() const { return std::get_if<Object>(&value_); }
  // The member of that name of an object, else nullptr.
  const Json* Find(std::string_view key) const;

 private:
  std::variant<std::monostate, bool, double, std::string, Array, Object> value_;
};

// A finite number in the fewest digits, from 15, that read back as the same. std::to_chars would
// bring along tables of 40 KB.
std::string ShortestText(double value);

// Writes compact JSON. The caller pairs Begin and End and gives a Key before each member's value.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);  // bytes that are not UTF-8 become U+FFFD
  JsonWriter& Number(double value);            // NaN and infinities become null
  JsonWriter& Float(float value);              // fewest digits that give the same float
  JsonWriter& Integer(int64_t value);
  JsonWriter& Bool(bool value);
  JsonWriter& Null();
  // Splices text that is JSON already.
  JsonWriter& Raw(std::string_view json);
  std::string Take() { return std::move(text_); }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string text_;
  bool comma_ = false;
};

}  // namespace insitu
