// Inputs that hold one integer: lengths, counts, sizes and axes, as inference and runs read them.
#pragma once

#include <string>
#include <string_view>

#include "ops/elements.h"
#include "ops/op_def.h"

namespace insitu {

// What inference knows of it; Unknown where that is nothing.
inline Dim KnownScalar(const InferContext& context, size_t input) {
  const std::vector<Dim>* elements = context.elements(input);
  return elements && elements->size() == 1 ? elements->front() : Dim::Unknown();
}

// The number, which must lie in [least, most]; `what` names it in the error.
inline Result<int64_t> ReadScalar(const TensorView& view, std::string_view what, int64_t least,
                                  int64_t most) {
  if (view.elements() != 1)
    return Fail(
        ErrorCode::kShapeMismatch,
        std::string(what) + " has " + std::to_string(view.elements()) + " elements; one is needed");
  const int64_t value = LoadInteger(view, 0);
  if (value >= least && value <= most) return value;
  return Fail(ErrorCode::kInvalidArgument, std::string(what) + " is " + std::to_string(value) +
                                               "; it must lie between " + std::to_string(least) +
                                               " and " + std::to_string(most));
}

// Longest sizes that such an input may ask for; what they lead to is checked again as a tensor.
inline constexpr int64_t kMostScalar = int64_t{1} << 31;

}  // namespace insitu
