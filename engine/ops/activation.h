// The activation that passes/fuse_activations.cc folds into a producer: two float attributes of
// insitu's own, `activation_min` and `activation_max`, on a node whose output 0 is float. The node
// then computes clamp(op(inputs), min, max). They never occur in files; run() and lower() of every
// operator that TakesActivation() honour them through the functions below.
#pragma once

#include "base/tensor.h"
#include "ir/graph.h"
#include "ops/lowering.h"

namespace insitu {

inline constexpr std::string_view kActivationMin = "activation_min";
inline constexpr std::string_view kActivationMax = "activation_max";

// Conv, ConvTranspose, Gemm, MatMul, Add, Sub, Mul, Div of ai.onnx, and the integer operators with
// float results.
bool TakesActivation(const Node& node);
// The clamp of the node; none where it has no activation.
Clamp ActivationOf(const Node& node);
// Makes the node clamp to `clamp` after whatever it clamps to already.
void AddActivation(Node& node, Clamp clamp);
// Clamps a float tensor in place, as ActivationOf says. For the end of run().
void ApplyActivation(const Node& node, const TensorView& y);

}  // namespace insitu
