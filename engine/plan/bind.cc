// Checks input extents against the declared shapes and infers all others from them.
#include "plan/bind.h"

#include <map>
#include <string>

#include "ops/op_def.h"

namespace insitu {
namespace {

using SymbolValues = std::map<std::string, std::pair<int64_t, std::string>>;  // value, first input

Status CheckInput(const Value& input, const Dims& dims, SymbolValues& symbols) {
  auto mismatch = [&](std::string why) {
    Error error{ErrorCode::kShapeMismatch,
                "input '" + input.name + "' has dims " + ToString(dims) + ", but " + why, input.name,
                {}, "The model declares " +
                    (input.type.shape ? ToString(*input.type.shape) : std::string("any shape")) +
                    "."};
    return std::unexpected(std::move(error));
  };
  INSITU_TRY(Elements(dims));
  if (!input.type.shape) return {};
  const Shape& declared = *input.type.shape;
  if (declared.size() != dims.size())
    return mismatch("rank " + std::to_string(declared.size()) + " is expected");
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    const Dim& dim = declared[axis];
    if (dim.IsKnown() && dim.value() != dims[axis])
      return mismatch("axis " + std::to_string(axis) + " must be " + dim.ToString());
    if (dim.IsKnown() || dim.IsUnknown()) continue;
    auto [it, fresh] = symbols.emplace(dim.ToString(), std::pair(dims[axis], input.name));
    if (!fresh && it->second.first != dims[axis])
      return mismatch("'" + dim.ToString() + "' is already " +
                      std::to_string(it->second.first) + " in input '" + it->second.second + "'");
  }
  return {};
}

}  // namespace

Result<Graph> BindInputDims(const Graph& graph, std::span<const Dims> input_dims) {
  Graph bound = graph;
  SymbolValues symbols;
  for (size_t i = 0; i < bound.inputs.size(); ++i) {
    Value& input = bound.value(bound.inputs[i]);
    INSITU_TRY(CheckInput(input, input_dims[i], symbols));
    input.type.shape = ToShape(input_dims[i]);
  }
  INSITU_TRY(InferShapes(bound));
  return bound;
}

}  // namespace insitu
