// Regular expressions in RE2's syntax, matched against whole strings by following all possibilities
// at once, so that time is bounded by (length of the text) x (size of the program).
// Invariant: a pattern is refused with InvalidModel or compiles to at most kMostStates states.
// Texts and patterns are UTF-8; bytes that are no UTF-8 count as U+FFFD.
// https://github.com/google/re2/wiki/Syntax; https://swtch.com/~rsc/regexp/regexp2.html
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace insitu {

class Regex {
 public:
  static constexpr size_t kMostStates = 100'000;

  // InvalidModel for what is no pattern, UnsupportedOp for Unicode classes (\pL).
  static Result<Regex> Compile(std::string_view pattern);
  // Whether the pattern matches all of `text`.
  bool MatchesAll(std::string_view text) const;

  // Inclusive ranges of code points.
  using Ranges = std::vector<std::pair<char32_t, char32_t>>;
  enum class Kind : uint8_t {
    kSet,    // takes one code point of `ranges`
    kSplit,  // goes on at `next` and at `other`
    kTextStart,
    kTextEnd,
    kLineStart,
    kLineEnd,
    kWordEdge,
    kNoWordEdge,
    kMatch,
  };
  struct State {
    Kind kind = Kind::kMatch;
    size_t next = 0, other = 0;
    Ranges ranges;
  };

 private:
  std::vector<State> states_;
  size_t start_ = 0;
};

}  // namespace insitu
