// The parts of infer_util.h that need not be inline.
#include "ops/infer_util.h"

#include "ops/axes.h"

namespace insitu {

std::optional<Attributes> CommuteAxis(const Node& node, std::span<const int64_t> perm,
                                      int64_t default_axis) {
  auto axis = AttributeAxisBehind(perm, node.Attr<int64_t>("axis", default_axis));
  if (!axis) return std::nullopt;
  Attributes attributes = node.attributes;
  attributes.insert_or_assign("axis", *axis);
  return attributes;
}

}  // namespace insitu
