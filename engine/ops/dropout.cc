// Dropout: at inference the input, unchanged, and a mask of true. In training mode (the third
// input), every element is kept with probability 1 - ratio (the second input, 0.5 by default) and
// divided by it, or else is 0; the mask says which are kept.
// https://onnx.ai/onnx/operators/onnx__Dropout.html (22). Random numbers: ops/random_stream.h.
#include <algorithm>

#include "ops/elements.h"
#include "ops/random_stream.h"
#include "ops/reshape_util.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireType(context, 1, kFloatTypes));
  INSITU_TRY(RequireType(context, 2, kBoolType));
  SetReshaped(context, ShapeOf(context, 0));
  context.SetOutput(1, DType::kBool, ShapeOf(context, 0));
  return {};
}

// The probability of dropping an element; 0 at inference.
Result<double> Ratio(const RunContext& context) {
  for (size_t i : {1u, 2u})
    if (context.HasInput(i) && context.inputs[i].elements() != 1)
      return Fail(ErrorCode::kInvalidArgument, i == 1 ? "the ratio of Dropout is not one number"
                                                      : "training_mode of Dropout is not one bool");
  if (!context.HasInput(2) || LoadInteger(context.inputs[2], 0) == 0) return 0.0;
  const double ratio = context.HasInput(1) ? LoadReal(context.inputs[1], 0) : 0.5;
  if (ratio >= 0 && ratio < 1) return ratio;
  return Fail(ErrorCode::kInvalidArgument,
              "the ratio of Dropout is " + std::to_string(ratio) + "; it must be in [0, 1)");
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const double ratio, Ratio(context));
  TensorView mask;
  if (WantsOutput(context, 1)) {
    INSITU_ASSIGN(mask, RunOutput(context, 1, DType::kBool, x.dims));
    std::fill_n(mask.data, mask.size_bytes(), std::byte{1});
  }
  if (ratio == 0) return RunReshaped(context, x.dims);
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  RandomStream random = RandomStreamOf(context.node);
  const double scale = 1 / (1 - ratio);
  double block[kBlock];
  for (int64_t start = 0; start < x.elements(); start += kBlock) {
    const int64_t n = std::min(kBlock, x.elements() - start);
    LoadElements(x, start, 1, n, block);
    for (int64_t i = 0; i < n; ++i) {
      const bool keep = random.Uniform() >= ratio;
      block[i] = keep ? block[i] * scale : 0;
      if (mask.data) mask.data[start + i] = static_cast<std::byte>(keep);
    }
    StoreElements(block, n, y, start);
  }
  return {};
}

Lowering Lower(const LowerContext& context) {
  const std::vector<ValueId>& outputs = context.node().outputs;
  if (outputs.size() > 1 && outputs[1] != kNoValue) return Refuse("the mask is asked for");
  if (context.HasInput(2)) return Refuse("the node may be in training mode");
  return LowerReshape(context);
}

constexpr int kSince[] = {1, 6, 7, 10, 12, 13, 22};
constexpr AttrSpec kAttributes[] = {{"seed", AttrKind::kInt}};

}  // namespace

const OpDef kDropoutOp = {
    .name = "Dropout",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = 3,
    .max_outputs = 2,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .deterministic = false,
};

}  // namespace insitu
