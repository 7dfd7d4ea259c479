// AxisLines: a tensor as lines along one axis, for operators that work on each line by itself.
// The elements of a line are `inner` apart; there are no lines of no elements.
#pragma once

#include <span>

#include "base/tensor.h"

namespace insitu {

struct AxisLines {
  int64_t outer = 1, count = 1, inner = 1;

  AxisLines(std::span<const int64_t> dims, size_t axis)
      : outer(ElementsUnchecked(dims.first(axis))),
        count(dims[axis]),
        inner(ElementsUnchecked(dims.subspan(axis + 1))) {}

  // f(offset of the first element) for every line.
  template <class F>
  void ForEach(F f) const {
    if (count == 0) return;
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t j = 0; j < inner; ++j) f(i * count * inner + j);
  }
};

}  // namespace insitu
