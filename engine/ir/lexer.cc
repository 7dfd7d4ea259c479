// Splitting the text form of graphs into tokens.
#include "ir/lexer.h"

#include <algorithm>
#include <cctype>

namespace insitu {
namespace {

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("_./-+").find(c) != std::string_view::npos;
}

}  // namespace

std::unexpected<Error> Lexer::Error(std::string message, size_t at) const {
  const std::string_view before = text_.substr(0, at);
  const size_t line = static_cast<size_t>(std::ranges::count(before, '\n')) + 1;
  const size_t newline = before.rfind('\n');
  const size_t column = newline == std::string_view::npos ? at + 1 : at - newline;
  return Fail(ErrorCode::kInvalidArgument,
              "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
                  std::move(message),
              "The text form of graphs is described in ir/text.h.");
}

void Lexer::SkipSpace() {
  while (at_ < text_.size()) {
    if (text_[at_] == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (std::isspace(static_cast<unsigned char>(text_[at_]))) {
      ++at_;
    } else {
      return;
    }
  }
}

Result<std::string> Lexer::Quoted(char quote) {
  const size_t start = at_++;
  std::string value;
  for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
    char c = text_[at_];
    if (c == '\\' && at_ + 1 < text_.size()) {
      c = text_[++at_];
      if (c == 'n') c = '\n';
    }
    value += c;
  }
  if (at_ == text_.size()) return Error("the quote is not closed", start);
  ++at_;
  return value;
}

Result<Lexer::Token> Lexer::Next() {
  SkipSpace();
  Token token{Kind::kEnd, {}, at_};
  if (at_ == text_.size()) return token;
  const char c = text_[at_];
  if (c == '\'' || c == '"') {
    INSITU_ASSIGN(token.text, Quoted(c));
    token.kind = c == '"' ? Kind::kString : Kind::kName;
    return token;
  }
  if (IsWordCharacter(c)) {
    while (at_ < text_.size() && IsWordCharacter(text_[at_])) token.text += text_[at_++];
    token.kind = Kind::kWord;
    return token;
  }
  token.kind = Kind::kPunctuation;
  token.text = c;
  ++at_;
  return token;
}

Result<Lexer::Token> Lexer::Peek() {
  const size_t before = at_;
  auto token = Next();
  at_ = before;
  return token;
}

Result<bool> Lexer::Accept(std::string_view text) {
  INSITU_ASSIGN(const Token token, Peek());
  const bool plain = token.kind == Kind::kWord || token.kind == Kind::kPunctuation;
  if (!plain || token.text != text) return false;
  INSITU_TRY(Next());
  return true;
}

Status Lexer::Expect(std::string_view text) {
  INSITU_ASSIGN(const Token token, Peek());
  INSITU_ASSIGN(const bool accepted, Accept(text));
  if (accepted) return {};
  return Error("expected '" + std::string(text) + "'" +
                   (token.text.empty() ? "" : ", found '" + token.text + "'"),
               token.at);
}

Result<std::string> Lexer::Name(std::string_view what) {
  INSITU_ASSIGN(Token token, Next());
  if (token.kind == Kind::kWord || token.kind == Kind::kName) return std::move(token.text);
  return Error("expected " + std::string(what), token.at);
}

Result<std::string_view> Lexer::RawUntilBracket() {
  const size_t start = at_;
  for (bool quoted = false; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (quoted && c == '\\') {
      ++at_;
    } else if (c == '\'') {
      quoted = !quoted;
    } else if (c == ']' && !quoted) {
      return text_.substr(start, at_++ - start);
    }
  }
  at_ = text_.size();
  return Error("the bracket is not closed", start);
}

}  // namespace insitu
