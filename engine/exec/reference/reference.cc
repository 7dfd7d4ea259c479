// Dispatch to OpDef.run with every output already in place.
#include "exec/reference/reference.h"

#include <utility>

namespace insitu {

Status RunReference(const OpDef& def, const Node& node, std::span<const TensorView> inputs,
                    std::span<TensorView> outputs) {
  RunContext context{.node = node, .inputs = inputs, .outputs = outputs, .allocate = {}};
  // A planned output's place is fixed; asking for other extents means they depend on data.
  context.allocate = [&](size_t output, DType dtype, Dims dims) -> Result<TensorView> {
    if (output < outputs.size() && outputs[output].dtype == dtype && outputs[output].dims == dims)
      return outputs[output];
    return Fail(ErrorCode::kShapeMismatch,
                "output " + std::to_string(output) + " came out as " + std::string(Name(dtype)) +
                    ToString(dims) + ", unlike its inferred shape",
                "Please report this model.");
  };
  Status status = def.run(context);
  if (!status) return std::unexpected(std::move(status.error()).At(node.name, node.op));
  return {};
}

}  // namespace insitu
