// Patterns as trees, between their text and the states that ops/regex.cc makes of them.
// Invariant: ranges are sorted and apart; repetitions lie within 0 .. kMostRepeats.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "ops/regex.h"

namespace insitu {

struct RegexNode {
  enum class Kind : uint8_t { kSet, kAssertion, kSequence, kAlternatives, kRepeat };
  static constexpr int kMostRepeats = 1000;  // RE2's limit
  static constexpr int kNoLimit = -1;

  Kind kind = Kind::kSequence;  // without parts: the empty pattern
  Regex::Ranges ranges;
  Regex::Kind assertion = Regex::Kind::kTextStart;
  std::vector<RegexNode> parts;
  int min = 0, max = kNoLimit;
};

Result<RegexNode> ParseRegex(std::string_view pattern);

// Of ASCII, as \w has them.
constexpr bool IsWordCharacter(char32_t c) {
  return (c >= U'0' && c <= U'9') || (c >= U'A' && c <= U'Z') || (c >= U'a' && c <= U'z') ||
         c == U'_';
}

}  // namespace insitu
