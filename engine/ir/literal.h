// The elements of constants in the text form: `splat(0.5)`, `[1,2,3]`, `random(7)`.
// Invariant: a number printed and parsed again has the same bits (float NaNs excepted).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/tensor.h"

namespace insitu {

// `text` in `quote`s, with backslash escapes.
std::string Quote(std::string_view text, char quote);
// With a point, an exponent, "inf" or "nan", so that it does not read as an integer.
std::string FloatText(double value, bool single_precision);

// "splat(v)" when all of several elements are the same, "[a,b]" up to `max_elements`, else
// "... <digest>".
std::string ElementsText(const Tensor& tensor, int max_elements);
// A word of the text form for each element of a tensor of `dims`; a single one for splat.
// InvalidArgument when a word is not of the type or the count is wrong.
Result<Tensor> ParseElements(DType dtype, Dims dims, std::span<const std::string> words,
                             bool splat);
Result<Tensor> RandomElements(DType dtype, Dims dims, uint64_t seed);

}  // namespace insitu
