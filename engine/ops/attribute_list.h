// List attributes without copying them, and those that may come as floats or as a tensor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "ops/elements.h"

namespace insitu {

// The list, or an empty one where the attribute is absent.
template <class T>
const std::vector<T>& ListOf(const Node& node, std::string_view name) {
  static const std::vector<T> kEmpty;
  const auto found = node.attributes.find(name);
  const auto* list =
      found == node.attributes.end() ? nullptr : std::get_if<std::vector<T>>(&found->second);
  return list ? *list : kEmpty;
}

// The tensor, or nullptr where the attribute is absent or is not one.
inline const Tensor* TensorOf(const Node& node, std::string_view name) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? nullptr : std::get_if<Tensor>(&found->second);
}

inline std::vector<double> RealsOf(const Tensor* tensor) {
  std::vector<double> reals;
  if (!tensor || tensor->dtype() == DType::kString) return reals;
  reals.resize(static_cast<size_t>(tensor->elements()));
  LoadElements(tensor->View(), 0, 1, tensor->elements(), reals.data());
  return reals;
}

// The list of floats `name`, or the tensor `name`_as_tensor.
inline std::vector<double> RealsOf(const Node& node, std::string_view name) {
  const std::vector<float>& floats = ListOf<float>(node, name);
  if (!floats.empty()) return {floats.begin(), floats.end()};
  return RealsOf(TensorOf(node, std::string(name) + "_as_tensor"));
}

}  // namespace insitu
