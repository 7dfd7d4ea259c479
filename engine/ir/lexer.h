// Tokens of the text form: words, quoted names and strings, punctuation.
// Invariant: every error of the parser is made by Error(), so it carries line and column.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace insitu {

class Lexer {
 public:
  enum class Kind : uint8_t { kEnd, kWord, kName, kString, kPunctuation };
  struct Token {
    Kind kind = Kind::kEnd;
    std::string text;
    size_t at = 0;
  };

  explicit Lexer(std::string_view text) : text_(text) {}

  Result<Token> Next();
  Result<Token> Peek();
  // Takes the next token if it is this punctuation or unquoted word.
  Result<bool> Accept(std::string_view text);
  Status Expect(std::string_view text);
  // A word or a quoted name.
  Result<std::string> Name(std::string_view what);
  // The raw text between a bracket just taken and its closing partner, which is taken too.
  Result<std::string_view> RawUntilBracket();

  std::unexpected<insitu::Error> Error(std::string message, size_t at) const;
  size_t at() const { return at_; }

 private:
  void SkipSpace();
  Result<std::string> Quoted(char quote);

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace insitu
