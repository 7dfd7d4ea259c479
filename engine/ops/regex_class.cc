// Ranges of code points: tables of named classes, and their arithmetic.
#include "ops/regex_class.h"

#include <algorithm>
#include <cstddef>

#include "base/compact_sort.h"

namespace insitu {
namespace {

constexpr char32_t kLastCodePoint = 0x10ffff;

struct Named {
  std::string_view name;
  std::string_view pairs;  // first and last of each range
};
constexpr Named kPosix[] = {
    {"alnum", "09AZaz"}, {"alpha", "AZaz"}, {"blank", "\t\t  "},  {"digit", "09"},
    {"graph", "!~"},     {"lower", "az"},   {"print", " ~"},      {"punct", "!/:@[`{~"},
    {"space", "\t\r  "}, {"upper", "AZ"},   {"word", "09AZ__az"}, {"xdigit", "09AFaf"},
};

Regex::Ranges FromPairs(std::string_view pairs) {
  Regex::Ranges ranges;
  for (size_t i = 0; i + 1 < pairs.size(); i += 2)
    ranges.emplace_back(static_cast<unsigned char>(pairs[i]),
                        static_cast<unsigned char>(pairs[i + 1]));
  return ranges;
}

// The part of a range within first .. last, moved by `shift`.
void AddShifted(const std::pair<char32_t, char32_t>& range, char32_t first, char32_t last,
                int shift, Regex::Ranges& to) {
  const char32_t low = std::max(range.first, first), high = std::min(range.second, last);
  if (low <= high)
    to.emplace_back(static_cast<char32_t>(static_cast<int>(low) + shift),
                    static_cast<char32_t>(static_cast<int>(high) + shift));
}

}  // namespace

Regex::Ranges Normalized(Regex::Ranges ranges) {
  CompactSort(ranges);
  Regex::Ranges joined;
  for (const auto& range : ranges) {
    if (!joined.empty() && range.first <= joined.back().second + 1)
      joined.back().second = std::max(joined.back().second, range.second);
    else
      joined.push_back(range);
  }
  return joined;
}

Regex::Ranges Complement(const Regex::Ranges& ranges) {
  Regex::Ranges rest;
  char32_t next = 0;
  for (const auto& [first, last] : Normalized(ranges)) {
    if (first > next) rest.emplace_back(next, first - 1);
    next = last + 1;
  }
  if (next <= kLastCodePoint) rest.emplace_back(next, kLastCodePoint);
  return rest;
}

Regex::Ranges CaseFolded(Regex::Ranges ranges) {
  constexpr int kToLower = 'a' - 'A';
  Regex::Ranges folded = ranges;
  for (const auto& range : ranges) {
    AddShifted(range, U'A', U'Z', kToLower, folded);
    AddShifted(range, U'a', U'z', -kToLower, folded);
  }
  return Normalized(std::move(folded));
}

std::optional<Regex::Ranges> EscapedClass(char32_t letter) {
  switch (letter) {
    case U'd':
      return PosixClass("digit");
    case U'w':
      return PosixClass("word");
    case U's':
      return FromPairs("\t\n\f\r  ");
    case U'D':
    case U'W':
    case U'S':
      return Complement(*EscapedClass(letter - U'A' + U'a'));
    default:
      return std::nullopt;
  }
}

std::optional<Regex::Ranges> PosixClass(std::string_view name) {
  const auto found = std::ranges::find(kPosix, name, &Named::name);
  if (found == std::end(kPosix)) return std::nullopt;
  return FromPairs(found->pairs);
}

}  // namespace insitu
