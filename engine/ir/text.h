// The text form of a graph: to print, to parse in tests, and to compare after a pass.
// Invariant: Parse(Print(g)) gives a graph that prints the same, if no constant was elided.
//
//   graph mnist {
//     metadata "author" = "me"
//     input x: float32[batch,1,28,28]
//     const w: float32[8,1,5,5] = splat(0.5)          # or [1,2,3] or random(seed)
//     y: float32[batch,8,28,28] = Conv(x, w, _) {pads=[2,2,2,2], alpha=1.0} "conv1"
//     z = com.microsoft.QLinearAdd(y, ...)
//     output z
//   }
//
// `_` is an omitted input or output; several outputs are written `a, b = Split(x)`. Names that are
// not words are put in single quotes, strings in double ones. A type without brackets has no known
// rank. Float attributes have a point, exponent or inf/nan; `floats[]` and `strings[]` are empty
// lists; tensors are `tensor(int64[2] = [1,2])`, graphs `graph name { ... }`. float16, bfloat16 and
// float8 elements are bit patterns (0x3c00). random: floats and 8- and 16-bit integers over
// [-1, 1) and their whole range, wider integers within +-1000. Lines need not be sorted.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

struct PrintOptions {
  int max_constant_elements = 16;  // longer constants are printed as `...` with a digest
  bool types = true;
};

std::string Print(const Graph& graph, const PrintOptions& options = {});
// InvalidArgument with line and column when the text is not of the form above.
Result<Graph> Parse(std::string_view text);

}  // namespace insitu
