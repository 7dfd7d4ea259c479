// Dim::Parse: recursive descent over the text that Dim::ToString writes.
// Invariant: nesting is bounded, so no text can exhaust the stack.
#include <cctype>
#include <charconv>

#include "base/dim.h"

namespace insitu {
namespace {

constexpr int kMaxDepth = 32;

class DimParser {
 public:
  explicit DimParser(std::string_view text) : text_(text) {}

  std::optional<Dim> Whole() {
    auto dim = Sum(0);
    Skip();
    return at_ == text_.size() ? dim : std::nullopt;
  }

 private:
  void Skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  char Peek() {
    Skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Accept(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  std::optional<Dim> Sum(int depth) {
    if (depth > kMaxDepth) return std::nullopt;
    auto sum = Term(depth);
    while (sum && (Peek() == '+' || Peek() == '-')) {
      Accept('+');
      auto term = Term(depth);
      if (!term) return std::nullopt;
      sum = *sum + *term;
    }
    return sum;
  }

  std::optional<Dim> Term(int depth) {
    const bool number = Peek() == '-' && at_ + 1 < text_.size() &&
                        std::isdigit(static_cast<unsigned char>(text_[at_ + 1]));
    const bool negative = !number && Accept('-');
    auto product = Factor(depth);
    while (product && Accept('*')) {
      auto factor = Factor(depth);
      if (!factor) return std::nullopt;
      product = *product * *factor;
    }
    if (product && negative) product = Dim(0) - *product;
    return product;
  }

  std::optional<Dim> Factor(int depth) {
    const char c = Peek();
    if (Accept('?')) return Dim();
    if (c == '-' || std::isdigit(static_cast<unsigned char>(c))) return Number();
    if (c == '\'') return QuotedName();
    if (Accept('(')) {
      auto inner = Sum(depth + 1);
      return inner && Accept(')') ? inner : std::nullopt;
    }
    const size_t start = at_;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    const std::string_view word = text_.substr(start, at_ - start);
    if (word.empty()) return std::nullopt;
    if (Peek() != '(') return Dim::Symbol(std::string(word));
    return Call(word, depth + 1);
  }

  static bool IsNameCharacter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == ':';
  }

  std::optional<Dim> Number() {
    int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc()) return std::nullopt;
    at_ += static_cast<size_t>(end - begin);
    return Dim(value);
  }

  std::optional<Dim> QuotedName() {
    std::string name;
    for (++at_; at_ < text_.size() && text_[at_] != '\''; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_];
    }
    if (at_ == text_.size()) return std::nullopt;
    ++at_;
    return Dim::Symbol(std::move(name));
  }

  std::optional<Dim> Call(std::string_view function, int depth) {
    const bool quotient = function == "floor" || function == "ceil";
    if (!quotient && function != "min" && function != "max") return std::nullopt;
    Accept('(');
    const auto a = Sum(depth);
    if (!a || !Accept(quotient ? '/' : ',')) return std::nullopt;
    const auto b = Sum(depth);
    if (!b || !Accept(')')) return std::nullopt;
    if (quotient) return function == "floor" ? FloorDiv(*a, *b) : CeilDiv(*a, *b);
    return function == "min" ? Min(*a, *b) : Max(*a, *b);
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<Dim> Dim::Parse(std::string_view text) { return DimParser(text).Whole(); }

}  // namespace insitu
