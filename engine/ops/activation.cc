// Fused activations: reading, adding and applying them.
#include "ops/activation.h"

#include <algorithm>

#include "ops/elements.h"

namespace insitu {

bool TakesActivation(const Node& node) {
  if (!node.domain.empty())
    return node.Is("MatMulIntegerToFloat", "com.microsoft") ||
           node.Is("DynamicQuantizeMatMul", "com.microsoft") ||
           node.Is("ConvIntegerToFloat", "insitu");
  for (std::string_view op :
       {"Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div"})
    if (node.op == op) return true;
  return false;
}

Clamp ActivationOf(const Node& node) {
  const Clamp none;
  return {node.Attr<float>(kActivationMin, none.min), node.Attr<float>(kActivationMax, none.max)};
}

void AddActivation(Node& node, Clamp clamp) {
  const Clamp first = ActivationOf(node);
  const auto apply = [&](float value) { return std::min(std::max(value, clamp.min), clamp.max); };
  node.attributes.insert_or_assign(std::string(kActivationMin), apply(first.min));
  node.attributes.insert_or_assign(std::string(kActivationMax), apply(first.max));
}

void ApplyActivation(const Node& node, const TensorView& y) {
  const Clamp clamp = ActivationOf(node);
  if (clamp.IsNone()) return;
  double block[kBlock];
  const int64_t count = y.elements();
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(y, start, 1, n, block);
    for (double& value : std::span(block, static_cast<size_t>(n)))
      value = std::min<double>(std::max<double>(value, clamp.min), clamp.max);
    StoreElements(block, n, y, start);
  }
}

}  // namespace insitu
