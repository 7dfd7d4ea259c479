// JSON text -> Json, without recursion: containers under construction wait on an explicit stack.
// Grammar: RFC 8259; nothing beyond it is accepted.
#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/compact_sort.h"
#include "base/utf8.h"

namespace insitu {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool RepeatsAKey(const Json::Object& object) {
  std::vector<std::string_view> keys;
  keys.reserve(object.size());
  for (const auto& [key, value] : object) keys.push_back(key);
  CompactSort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Result<Json> Run() {
    Json value;
    if (text_.size() > limits_.max_bytes) {
      Exceeds(std::to_string(limits_.max_bytes) + " bytes");
    } else if (Value(value)) {
      SkipSpace();
      if (pos_ != text_.size()) Wrong("text after the end of the value");
    }
    if (error_) return std::unexpected(*std::move(error_));
    return value;
  }

 private:
  struct Open {
    bool is_object;
    Json::Array items;
    Json::Object members;
    std::string key;  // of the member whose value comes next
  };

  bool Wrong(std::string_view what) {
    const std::string_view before = text_.substr(0, std::min(pos_, text_.size()));
    const auto line = std::ranges::count(before, '\n') + 1;
    const size_t column = before.size() - (before.rfind('\n') + 1) + 1;
    error_ = Error{ErrorCode::kInvalidArgument,
                   "not JSON: " + std::string(what) + " at line " + std::to_string(line) +
                       ", column " + std::to_string(column),
                   {},
                   {},
                   {}};
    return false;
  }

  bool Exceeds(std::string_view limit) {
    error_ = Error{ErrorCode::kLimitExceeded,
                   "the JSON text exceeds the limit of " + std::string(limit),
                   {},
                   {},
                   {}};
    return false;
  }

  void SkipSpace() {
    while (pos_ < text_.size() && std::string_view(" \t\n\r").contains(text_[pos_])) ++pos_;
  }

  bool Take(char c) {
    if (pos_ >= text_.size() || text_[pos_] != c) return false;
    ++pos_;
    return true;
  }

  bool Value(Json& result) {
    std::vector<Open> open;
    while (true) {
      Json value;
      bool complete = true;
      SkipSpace();
      if (++values_ > limits_.max_values)
        return Exceeds(std::to_string(limits_.max_values) + " values");
      const bool object = Take('{');
      if (object || Take('[')) {
        if (static_cast<int>(open.size()) >= limits_.max_depth)
          return Exceeds("depth " + std::to_string(limits_.max_depth));
        SkipSpace();
        if (Take(object ? '}' : ']')) {
          value = object ? Json(Json::Object()) : Json(Json::Array());
        } else {
          open.push_back({object, {}, {}, {}});
          if (object && !Key(open.back().key)) return false;
          complete = false;
        }
      } else if (!Scalar(value)) {
        return false;
      }
      while (complete) {
        if (open.empty()) {
          result = std::move(value);
          return true;
        }
        if (!Attach(open, value, complete)) return false;
      }
    }
  }

  // Puts `value` into the innermost container. Where that ends too, it becomes `value`; else
  // another value must follow, and `complete` is false.
  bool Attach(std::vector<Open>& open, Json& value, bool& complete) {
    Open& top = open.back();
    if (top.is_object)
      top.members.emplace_back(std::move(top.key), std::move(value));
    else
      top.items.push_back(std::move(value));
    SkipSpace();
    if (Take(',')) {
      SkipSpace();
      complete = false;
      return !top.is_object || Key(top.key);
    }
    if (!Take(top.is_object ? '}' : ']'))
      return Wrong(top.is_object ? "expected ',' or '}'" : "expected ',' or ']'");
    if (top.is_object && RepeatsAKey(top.members)) return Wrong("an object repeats a key");
    value = top.is_object ? Json(std::move(top.members)) : Json(std::move(top.items));
    open.pop_back();
    return true;
  }

  bool Key(std::string& key) {
    if (!Take('"')) return Wrong("expected a key in quotes");
    if (!String(key)) return false;
    SkipSpace();
    return Take(':') || Wrong("expected ':'");
  }

  bool Scalar(Json& value) {
    const std::string_view rest = text_.substr(pos_);
    if (Take('"')) {
      std::string text;
      if (!String(text)) return false;
      value = Json(std::move(text));
      return true;
    }
    if (rest.starts_with("true")) return pos_ += 4, value = Json(true), true;
    if (rest.starts_with("false")) return pos_ += 5, value = Json(false), true;
    if (rest.starts_with("null")) return pos_ += 4, true;
    return Number(value);
  }

  bool Digits() {
    const size_t start = pos_;
    while (pos_ < text_.size() && IsDigit(text_[pos_])) ++pos_;
    return pos_ > start || Wrong("expected a digit");
  }

  bool Number(Json& value) {
    const size_t start = pos_;
    const bool negative = Take('-');
    if (pos_ >= text_.size() || !IsDigit(text_[pos_]))
      return Wrong(negative ? "expected a digit" : "expected a value");
    if (!Take('0') && !Digits()) return false;
    if (Take('.') && !Digits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (!Digits()) return false;
    }
    const std::string token(text_.substr(start, pos_ - start));
    const double number = std::strtod(token.c_str(), nullptr);
    if (!std::isfinite(number)) return Wrong("a number beyond the range of double");
    value = Json(number);
    return true;
  }

  // The rest of a string whose opening quote was taken.
  bool String(std::string& out) {
    while (pos_ < text_.size()) {
      const char c = text_[pos_];
      if (c == '"') return ++pos_, true;
      if (static_cast<unsigned char>(c) < 0x20) return Wrong("a control character in a string");
      if (c == '\\') {
        if (!Escape(out)) return false;
        continue;
      }
      const size_t length = Utf8Length(text_, pos_);
      if (length == 0) return Wrong("bytes that are not UTF-8");
      out.append(text_, pos_, length);
      pos_ += length;
    }
    return Wrong("a string without end");
  }

  bool Escape(std::string& out) {
    static constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    ++pos_;
    if (pos_ >= text_.size()) return Wrong("a string without end");
    const char name = text_[pos_++];
    if (const size_t i = kNames.find(name); i != kNames.npos) return out += kValues[i], true;
    if (name != 'u') return Wrong("an unknown escape");
    std::optional<unsigned> code = Hex4();
    if (code && *code >= 0xd800 && *code < 0xdc00 && text_.substr(pos_).starts_with("\\u")) {
      pos_ += 2;
      const std::optional<unsigned> low = Hex4();
      if (!low || *low < 0xdc00 || *low > 0xdfff) return Wrong("half a surrogate pair");
      code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
    }
    if (!code) return Wrong("an escape without four hexadecimal digits");
    if (*code >= 0xd800 && *code <= 0xdfff) return Wrong("half a surrogate pair");
    AppendUtf8(*code, out);
    return true;
  }

  std::optional<unsigned> Hex4() {
    if (pos_ + 4 > text_.size()) return std::nullopt;
    unsigned code = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = text_[pos_];
      const char lower = static_cast<char>(c | 0x20);
      if (!IsDigit(c) && (lower < 'a' || lower > 'f')) return std::nullopt;
      code = code * 16 + static_cast<unsigned>(IsDigit(c) ? c - '0' : lower - 'a' + 10);
      ++pos_;
    }
    return code;
  }

  std::string_view text_;
  JsonLimits limits_;
  size_t pos_ = 0, values_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<Json> Json::Parse(std::string_view text, const JsonLimits& limits) {
  return Parser(text, limits).Run();
}

const Json* Json::Find(std::string_view key) const {
  if (const Object* object = AsObject())
    for (const auto& [name, value] : *object)
      if (name == key) return &value;
  return nullptr;
}

}  // namespace insitu
