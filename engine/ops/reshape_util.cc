// Reading of integer inputs at run time.
#include "ops/reshape_util.h"

#include "ops/axes.h"
#include "ops/elements.h"

namespace insitu {

std::vector<int64_t> ReadIntegers(const TensorView& tensor) {
  std::vector<int64_t> values(static_cast<size_t>(tensor.elements()));
  LoadElements(tensor, 0, 1, tensor.elements(), values.data());
  return values;
}

Result<std::vector<size_t>> ReadAxes(const RunContext& context, size_t i, size_t rank) {
  if (context.inputs[i].elements() > static_cast<int64_t>(rank))
    return Fail(ErrorCode::kInvalidArgument, "more axes are given than the tensor has");
  return NormalizeAxes(ReadIntegers(context.inputs[i]), rank);
}

}  // namespace insitu
