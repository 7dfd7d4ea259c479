// MeanVarianceNormalization: (x - mean) / (deviation + 1e-9) over `axes`, [0, 2, 3] by default.
// https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html (13).
#include <cmath>

#include "ops/axes.h"
#include "ops/axis_walk.h"
#include "ops/copy.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr double kEpsilon = 1e-9;

Result<std::vector<size_t>> Axes(const Node& node, size_t rank) {
  return NormalizeAxes(node.Attr<std::vector<int64_t>>("axes", {0, 2, 3}), rank);
}

Status Infer(InferContext& context) {
  INSITU_TRY(InferSame(context, kFloatTypes));
  if (const Shape* shape = context.shape(0)) INSITU_TRY(Axes(context.node(), shape->size()));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const auto axes, Axes(context.node, x.dims.size()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  if (x.elements() == 0) return {};
  const std::vector<int64_t> steps = RowMajorSteps(x.dims);
  AxisWalk groups, lines;
  int64_t line = 1, step = 1;  // the innermost of `axes` is read in blocks
  size_t innermost = x.dims.size();
  for (size_t axis : axes)
    if (innermost == x.dims.size() || axis > innermost) innermost = axis;
  for (size_t i = 0; i < x.dims.size(); ++i) {
    const bool within = std::ranges::find(axes, i) != axes.end();
    if (i == innermost) {
      line = x.dims[i];
      step = steps[i];
    } else {
      (within ? lines : groups).Add(x.dims[i], steps[i]);
    }
  }
  double block[kBlock];
  const int64_t group_count = groups.count(), line_count = lines.count();
  const auto each_block = [&](auto&& use) {
    for (int64_t l = 0; l < line_count; ++l, lines.Advance())
      for (int64_t start = 0; start < line; start += kBlock) {
        const int64_t n = std::min(kBlock, line - start);
        const int64_t offset = groups.offset() + lines.offset() + start * step;
        LoadElements(x, offset, step, n, block);
        use(std::span(block, static_cast<size_t>(n)), offset);
      }
  };
  const auto count = static_cast<double>(line_count * line);
  for (int64_t group = 0; group < group_count; ++group, groups.Advance()) {
    double sum = 0, squares = 0;
    each_block([&](std::span<double> values, int64_t) {
      for (double value : values) sum += value;
    });
    const double mean = sum / count;
    each_block([&](std::span<double> values, int64_t) {
      for (double value : values) squares += (value - mean) * (value - mean);
    });
    const double deviation = std::sqrt(squares / count) + kEpsilon;
    each_block([&](std::span<double> values, int64_t offset) {
      for (double& value : values) value = (value - mean) / deviation;
      StoreElements(block, static_cast<int64_t>(values.size()), y, offset, step);
    });
  }
  return {};
}

constexpr int kSince[] = {9, 13};
constexpr AttrSpec kAttributes[] = {{"axes", AttrKind::kInts}};

}  // namespace

const OpDef kMeanVarianceNormalizationOp = {
    .name = "MeanVarianceNormalization",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
