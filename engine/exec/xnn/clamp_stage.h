// ClampStage: the fused float clamp of operators that XNNPACK gives none, as a pass over the
// output.
#pragma once

#include <pthreadpool.h>

#include "exec/xnn/xnn_operator.h"
#include "ops/lowering.h"

namespace insitu::xnn {

class ClampStage {
 public:
  // Does nothing for an empty Clamp.
  Status Create(const Clamp& clamp) {
    if (clamp.IsNone()) return {};
    xnn_unary_params params = {};
    params.clamp.min = clamp.min;
    params.clamp.max = clamp.max;
    return ToStatus(
        xnn_create_unary_elementwise_nc(xnn_unary_clamp, xnn_datatype_fp32, xnn_datatype_fp32,
                                        &params, nullptr, nullptr, 0, operator_.Receive()),
        "create clamp");
  }
  Status Reshape(size_t elements, pthreadpool_t pool) {
    if (!operator_) return {};
    return ToStatus(xnn_reshape_unary_elementwise_nc(operator_.get(), elements, 1, 1, 1, pool),
                    "reshape clamp");
  }
  Status Run(std::byte* data, pthreadpool_t pool) {
    if (!operator_) return {};
    INSITU_TRY(
        ToStatus(xnn_setup_unary_elementwise_nc(operator_.get(), data, data), "set up clamp"));
    return operator_.Run(pool, "run clamp");
  }

 private:
  Operator operator_;
};

}  // namespace insitu::xnn
