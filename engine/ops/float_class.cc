// IsNaN and IsInf: which elements are not a number, or infinite.
// https://onnx.ai/onnx/operators/onnx__IsNaN.html (20), onnx__IsInf.html (20).
#include <cmath>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr DTypeSet kTypes = kFloatTypes | DTypeSet{DType::kFloat8E4M3FN, DType::kFloat8E4M3FNUZ,
                                                   DType::kFloat8E5M2, DType::kFloat8E5M2FNUZ};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kTypes));
  context.SetOutput(0, DType::kBool, ShapeOf(context, 0));
  return {};
}

// y[i] = is(x[i]).
template <class F>
Status RunTest(RunContext& context, F is) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kBool, x.dims));
  const int64_t count = x.elements();
  double block[kBlock];
  for (int64_t start = 0; start < count; start += kBlock) {
    const int64_t n = std::min(kBlock, count - start);
    LoadElements(x, start, 1, n, block);
    for (int64_t i = 0; i < n; ++i) y.data[start + i] = static_cast<std::byte>(is(block[i]));
  }
  return {};
}

Status RunIsNaN(RunContext& context) {
  return RunTest(context, [](double v) { return v != v; });
}

Status RunIsInf(RunContext& context) {
  const bool negative = context.node.Attr<int64_t>("detect_negative", 1) != 0;
  const bool positive = context.node.Attr<int64_t>("detect_positive", 1) != 0;
  return RunTest(context, [=](double v) { return std::isinf(v) && (v < 0 ? negative : positive); });
}

constexpr int kIsNaNSince[] = {9, 13, 20};
constexpr int kIsInfSince[] = {10, 20};
constexpr AttrSpec kIsInfAttributes[] = {{"detect_negative", AttrKind::kInt},
                                         {"detect_positive", AttrKind::kInt}};

}  // namespace

const OpDef kIsNaNOp = {
    .name = "IsNaN",
    .since = kIsNaNSince,
    .infer = Infer,
    .run = RunIsNaN,
    .commute = CommuteUnchanged,
};

const OpDef kIsInfOp = {
    .name = "IsInf",
    .since = kIsInfSince,
    .attributes = kIsInfAttributes,
    .infer = Infer,
    .run = RunIsInf,
    .commute = CommuteUnchanged,
};

}  // namespace insitu
