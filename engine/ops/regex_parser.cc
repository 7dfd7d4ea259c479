// A recursive-descent parser: alternatives of sequences of repeated atoms.
#include "ops/regex_parser.h"

#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "ops/regex_class.h"

namespace insitu {
namespace {

using Kind = RegexNode::Kind;
using Ranges = Regex::Ranges;

constexpr int kDeepest = 200;  // groups in groups

struct Flags {
  bool ignore_case = false, dot_takes_newline = false, many_lines = false;
};

RegexNode Set(Ranges ranges) {
  return {.kind = Kind::kSet, .ranges = Normalized(std::move(ranges)), .parts = {}};
}

RegexNode Assertion(Regex::Kind kind) {
  return {.kind = Kind::kAssertion, .ranges = {}, .assertion = kind, .parts = {}};
}

class Parser {
 public:
  explicit Parser(std::string_view pattern) : pattern_(pattern) {}

  Result<RegexNode> Parse() {
    INSITU_ASSIGN(RegexNode node, Alternatives(0));
    if (!AtEnd()) return Wrong("a ) closes nothing");
    return node;
  }

 private:
  bool AtEnd() const { return at_ >= pattern_.size(); }
  bool Sees(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool Take(std::string_view text) {
    if (!Sees(text)) return false;
    at_ += text.size();
    return true;
  }
  char32_t Next() { return NextCodePoint(pattern_, at_); }

  std::unexpected<Error> Wrong(const std::string& what) const {
    return Fail(ErrorCode::kInvalidModel,
                "'" + std::string(pattern_.substr(0, 200)) + "' is no regular expression: " + what +
                    ", at position " + std::to_string(at_),
                "Patterns are written in the syntax of RE2.");
  }

  Result<RegexNode> Alternatives(int depth) {
    if (depth > kDeepest) return Wrong("groups are nested too deeply");
    const Flags outside = flags_;
    RegexNode choice{.kind = Kind::kAlternatives, .ranges = {}, .parts = {}};
    do {
      INSITU_ASSIGN(choice.parts.emplace_back(), Sequence(depth));
    } while (Take("|"));
    flags_ = outside;
    if (choice.parts.size() == 1) return std::move(choice.parts.front());
    return choice;
  }

  Result<RegexNode> Sequence(int depth) {
    RegexNode sequence;
    while (!AtEnd() && !Sees("|") && !Sees(")")) {
      if (Take("\\Q")) {
        INSITU_TRY(Quoted(sequence));
        continue;
      }
      INSITU_ASSIGN(auto atom, Atom(depth));
      if (!atom) continue;
      INSITU_ASSIGN(sequence.parts.emplace_back(), Repeated(*std::move(atom)));
    }
    return sequence;
  }

  // Behind \Q: text up to \E; a repetition behind it is of its last character.
  Status Quoted(RegexNode& sequence) {
    const size_t before = sequence.parts.size();
    while (!AtEnd() && !Take("\\E")) sequence.parts.push_back(Literal(Next()));
    if (sequence.parts.size() == before) return {};
    INSITU_ASSIGN(sequence.parts.back(), Repeated(std::move(sequence.parts.back())));
    return {};
  }

  // nullopt for what only sets flags.
  Result<std::optional<RegexNode>> Atom(int depth) {
    if (Take("(")) return Group(depth);
    if (Take("[")) {
      INSITU_ASSIGN(Ranges ranges, Class());
      return Set(std::move(ranges));
    }
    if (Take("."))
      return Set(flags_.dot_takes_newline ? Complement({}) : Complement({{'\n', '\n'}}));
    if (Take("^"))
      return Assertion(flags_.many_lines ? Regex::Kind::kLineStart : Regex::Kind::kTextStart);
    if (Take("$"))
      return Assertion(flags_.many_lines ? Regex::Kind::kLineEnd : Regex::Kind::kTextEnd);
    if (Sees("*") || Sees("+") || Sees("?"))
      return Wrong("nothing stands in front of a repetition");
    if (Take("\\")) return Escape();
    return Literal(Next());
  }

  RegexNode Literal(char32_t c) const {
    Ranges ranges{{c, c}};
    return Set(flags_.ignore_case ? CaseFolded(std::move(ranges)) : std::move(ranges));
  }

  Result<std::optional<RegexNode>> Group(int depth) {
    if (Take("?P<") || Take("?<")) {
      while (!AtEnd() && !Sees(">")) ++at_;
      if (!Take(">")) return Wrong("the name of a group does not end");
    } else if (Take("?")) {
      const Flags outside = flags_;
      INSITU_ASSIGN(const bool opens, ReadFlags());
      if (!opens) return std::nullopt;
      auto group = Inside(depth);
      flags_ = outside;
      return group;
    }
    return Inside(depth);
  }

  Result<std::optional<RegexNode>> Inside(int depth) {
    INSITU_ASSIGN(RegexNode group, Alternatives(depth + 1));
    if (!Take(")")) return Wrong("a ( is not closed");
    return group;
  }

  // Behind "(?": flags and ":" (true) or ")" (false, the flags hold for the rest of the group).
  Result<bool> ReadFlags() {
    for (bool on = true; !AtEnd();) {
      switch (Next()) {
        case U'i':
          flags_.ignore_case = on;
          break;
        case U's':
          flags_.dot_takes_newline = on;
          break;
        case U'm':
          flags_.many_lines = on;
          break;
        case U'U':
          break;  // which match is preferred does not matter to a full one
        case U'-':
          on = false;
          break;
        case U':':
          return true;
        case U')':
          return false;
        default:
          return Wrong("an unknown flag");
      }
    }
    return Wrong("a ( is not closed");
  }

  Result<RegexNode> Repeated(RegexNode atom) {
    int min = 0, max = RegexNode::kNoLimit;
    if (Take("+")) {
      min = 1;
    } else if (Take("?")) {
      max = 1;
    } else if (!Take("*") && !TakeCounts(min, max)) {
      return atom;
    }
    (void)Take("?");
    if (min > RegexNode::kMostRepeats || max > RegexNode::kMostRepeats ||
        (max != RegexNode::kNoLimit && max < min))
      return Wrong("a repetition out of order or beyond " +
                   std::to_string(RegexNode::kMostRepeats));
    int more = 0;
    const size_t here = at_;
    if (Sees("*") || Sees("+") || Sees("?") || TakeCounts(more, more)) {
      at_ = here;
      return Wrong("a repetition of a repetition");
    }
    RegexNode repeat{.kind = Kind::kRepeat, .ranges = {}, .parts = {}, .min = min, .max = max};
    repeat.parts.push_back(std::move(atom));
    return repeat;
  }

  // {n}, {n,} or {n,m}; anything else in braces is text.
  bool TakeCounts(int& min, int& max) {
    const size_t start = at_;
    const auto number = [&](int& to) {
      const size_t first = at_;
      for (to = 0; !AtEnd() && pattern_[at_] >= '0' && pattern_[at_] <= '9'; ++at_)
        to = std::min(to * 10 + (pattern_[at_] - '0'), RegexNode::kMostRepeats + 1);
      return at_ > first;
    };
    if (Take("{") && number(min)) {
      max = min;
      if (Take(",") && !number(max)) max = RegexNode::kNoLimit;
      if (Take("}")) return true;
    }
    at_ = start;
    return false;
  }

  Result<std::optional<RegexNode>> Escape() {
    if (AtEnd()) return Wrong("a \\ at the end");
    if (Take("A")) return Assertion(Regex::Kind::kTextStart);
    if (Take("z")) return Assertion(Regex::Kind::kTextEnd);
    if (Take("b")) return Assertion(Regex::Kind::kWordEdge);
    if (Take("B")) return Assertion(Regex::Kind::kNoWordEdge);
    INSITU_ASSIGN(Ranges ranges, EscapedRanges());
    return Set(flags_.ignore_case ? CaseFolded(std::move(ranges)) : std::move(ranges));
  }

  // What a \ introduces in a class or outside of one: a class, or a single character.
  Result<Ranges> EscapedRanges() {
    if (AtEnd()) return Wrong("a \\ at the end");
    const char32_t c = Next();
    if (auto ranges = EscapedClass(c)) return *std::move(ranges);
    if (c == U'p' || c == U'P')
      return Fail(ErrorCode::kUnsupportedOp,
                  "the Unicode class \\p in the regular expression '" +
                      std::string(pattern_.substr(0, 200)) + "' is not supported",
                  "Name the characters, as in [A-Za-z].");
    constexpr std::pair<char32_t, char32_t> kControls[] = {
        {U'a', 7}, {U'f', U'\f'}, {U't', U'\t'}, {U'n', U'\n'}, {U'r', U'\r'}, {U'v', U'\v'}};
    for (const auto& [letter, control] : kControls)
      if (c == letter) return Ranges{{control, control}};
    if (c == U'x') return Hexadecimal();
    if (c >= U'0' && c <= U'7') return Octal(c);
    if (IsWordCharacter(c)) return Wrong("an unknown escape");
    return Ranges{{c, c}};
  }

  static std::optional<char32_t> DigitOf(char32_t c, char32_t base) {
    const char32_t digit = c <= U'9' ? c - U'0' : (c | 0x20) - U'a' + 10;
    if (!IsWordCharacter(c) || digit >= base) return std::nullopt;
    return digit;
  }

  // \x7f or \x{10ffff}.
  Result<Ranges> Hexadecimal() {
    const bool braces = Take("{");
    char32_t code = 0;
    for (int digits = 0; digits < (braces ? 6 : 2); ++digits) {
      if (braces && digits > 0 && Sees("}")) break;
      const auto digit = AtEnd() ? std::nullopt : DigitOf(Next(), 16);
      if (!digit) return Wrong("\\x without hexadecimal digits");
      code = code * 16 + *digit;
    }
    if ((braces && !Take("}")) || code > 0x10ffff) return Wrong("\\x beyond the last code point");
    return Ranges{{code, code}};
  }

  // Up to three digits.
  Result<Ranges> Octal(char32_t first) {
    char32_t code = first - U'0';
    for (int more = 0; more < 2 && !AtEnd() && pattern_[at_] >= '0' && pattern_[at_] <= '7'; ++more)
      code = code * 8 + (Next() - U'0');
    return Ranges{{code, code}};
  }

  // Behind "[".
  Result<Ranges> Class() {
    const bool complement = Take("^");
    Ranges ranges;
    for (bool first = true; first || !Sees("]"); first = false) {
      if (AtEnd()) return Wrong("a [ is not closed");
      INSITU_ASSIGN(Ranges item, ClassItem());
      const bool single = item.size() == 1 && item[0].first == item[0].second;
      if (single && Sees("-") && !Sees("-]")) {
        (void)Take("-");
        if (AtEnd()) return Wrong("a [ is not closed");
        INSITU_ASSIGN(const Ranges last, ClassItem());
        if (last.size() != 1 || last[0].first != last[0].second || last[0].first < item[0].first)
          return Wrong("a range out of order");
        item[0].second = last[0].first;
      }
      ranges.insert(ranges.end(), item.begin(), item.end());
    }
    (void)Take("]");
    if (flags_.ignore_case) ranges = CaseFolded(std::move(ranges));
    return complement ? Complement(ranges) : Normalized(std::move(ranges));
  }

  Result<Ranges> ClassItem() {
    if (Take("[:")) {
      const bool complement = Take("^");
      const size_t end = pattern_.find(":]", at_);
      const auto ranges =
          end == pattern_.npos ? std::nullopt : PosixClass(pattern_.substr(at_, end - at_));
      if (!ranges) return Wrong("an unknown class name");
      at_ = end + 2;
      return complement ? Complement(*ranges) : *ranges;
    }
    if (Take("\\")) return EscapedRanges();
    const char32_t c = Next();
    return Ranges{{c, c}};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  Flags flags_;
};

}  // namespace

Result<RegexNode> ParseRegex(std::string_view pattern) { return Parser(pattern).Parse(); }

}  // namespace insitu
