// Sets of code points for regular expressions: escapes (\d), POSIX names ([:alpha:]), complements
// and ASCII case folding.
#pragma once

#include <optional>
#include <string_view>

#include "ops/regex.h"

namespace insitu {

// Sorts and joins what touches.
Regex::Ranges Normalized(Regex::Ranges ranges);
Regex::Ranges Complement(const Regex::Ranges& ranges);
// With the other case of every ASCII letter in it.
Regex::Ranges CaseFolded(Regex::Ranges ranges);
// Of \d \w \s and, in capitals, their complements.
std::optional<Regex::Ranges> EscapedClass(char32_t letter);
// "alpha", "digit", ...; ASCII.
std::optional<Regex::Ranges> PosixClass(std::string_view name);

}  // namespace insitu
