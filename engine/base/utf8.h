// UTF-8 (RFC 3629): the little that text from models and files needs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace insitu {

// Length of the well-formed sequence at `pos`, 0 if there is none. `pos` is inside `text`.
size_t Utf8Length(std::string_view text, size_t pos);
// The code point at `pos`, which moves behind it; U+FFFD for a byte that begins no sequence.
char32_t NextCodePoint(std::string_view text, size_t& pos);
// Appends the sequence of a code point up to 0x10ffff.
void AppendUtf8(unsigned code, std::string& out);

}  // namespace insitu
