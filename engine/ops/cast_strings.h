// Casts between strings and numbers, as Cast of the standard describes them.
// https://onnx.ai/onnx/operators/onnx__Cast.html (21)
#pragma once

#include "base/error.h"
#include "base/tensor.h"

namespace insitu {

// Every number of x as text: the fewest digits that give the same number again, plain where that is
// short, else with an exponent; INF, -INF and NaN; bools as 0 and 1.
void NumbersToStrings(const TensorView& x, const TensorView& y);

// Every string of x as a number of y's type: decimal, with or without exponent, INF, +INF, -INF and
// NaN in any case. InvalidArgument for anything else.
Status StringsToNumbers(const TensorView& x, const TensorView& y);

}  // namespace insitu
