// LpNormalization: lines along `axis` divided by their norm, the sum of absolute values (p = 1) or
// the root of the sum of squares (p = 2).
// https://onnx.ai/onnx/operators/onnx__LpNormalization.html (22). A line of zeros stays so.
#include <cmath>

#include "ops/axes.h"
#include "ops/axis_lines.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr int64_t kDefaultAxis = -1, kDefaultP = 2;

Status Infer(InferContext& context) {
  INSITU_TRY(InferSame(context, kFloatTypes));
  const int64_t p = context.node().Attr("p", kDefaultP);
  if (p != 1 && p != 2)
    return Fail(ErrorCode::kInvalidModel, "attribute p of LpNormalization is " + std::to_string(p),
                "It must be 1 or 2.");
  if (const Shape* shape = context.shape(0))
    INSITU_TRY(NormalizeAxis(context.node().Attr("axis", kDefaultAxis), shape->size()));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr("axis", kDefaultAxis), x.dims.size()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  const bool squares = context.node.Attr("p", kDefaultP) == 2;
  const AxisLines lines(x.dims, axis);
  lines.ForEach([&](int64_t offset) {
    double block[kBlock], sum = 0;
    const auto each_block = [&](auto&& use) {
      for (int64_t start = 0; start < lines.count; start += kBlock) {
        const int64_t n = std::min(kBlock, lines.count - start);
        const int64_t at = offset + start * lines.inner;
        LoadElements(x, at, lines.inner, n, block);
        use(std::span(block, static_cast<size_t>(n)), at);
      }
    };
    each_block([&](std::span<double> values, int64_t) {
      for (double value : values) sum += squares ? value * value : std::fabs(value);
    });
    const double norm = squares ? std::sqrt(sum) : sum;
    each_block([&](std::span<double> values, int64_t at) {
      if (norm != 0)
        for (double& value : values) value /= norm;
      StoreElements(block, static_cast<int64_t>(values.size()), y, at, lines.inner);
    });
  });
  return {};
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  return CommuteAxis(node, perm, kDefaultAxis);
}

constexpr int kSince[] = {1, 22};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}, {"p", AttrKind::kInt}};

}  // namespace

const OpDef kLpNormalizationOp = {
    .name = "LpNormalization",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .commute = Commute,
};

}  // namespace insitu
