// The activation that operators of com.microsoft fuse by name: attribute `activation`, with
// activation_alpha and activation_beta. Not to be confused with ops/activation.h, insitu's own.
#pragma once

#include "ops/infer_util.h"

namespace insitu {

struct FusedActivation {
  double (*of)(double value, double alpha, double beta) = nullptr;  // nullptr: none
  double alpha = 0, beta = 0;
  bool is_relu = false;

  // In place, on every element.
  void Apply(const TensorView& y) const;
};

// UnsupportedOp for a name that insitu does not know.
Result<FusedActivation> ReadFusedActivation(const Node& node);

}  // namespace insitu
