// Softmax, exp(x - max) / sum(exp(x - max)) along one axis, and LogSoftmax, its logarithm.
// https://onnx.ai/onnx/operators/onnx__Softmax.html (13; earlier versions, which flatten, are
// rewritten at import). The maximum is subtracted first, so nothing overflows.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/axes.h"
#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

constexpr int64_t kDefaultAxis = -1;

Status Infer(InferContext& context) {
  INSITU_TRY(InferSame(context, kFloatTypes));
  if (const Shape* shape = context.shape(0))
    INSITU_TRY(NormalizeAxis(context.node().Attr<int64_t>("axis", kDefaultAxis), shape->size()));
  return {};
}

// One line of `count` elements, `stride` apart.
template <bool kLog>
void SoftmaxLine(const TensorView& x, const TensorView& y, int64_t offset, int64_t stride,
                 int64_t count) {
  double block[kBlock];
  const auto each_block = [&](auto&& use) {
    for (int64_t start = 0; start < count; start += kBlock) {
      const int64_t n = std::min(kBlock, count - start);
      LoadElements(x, offset + start * stride, stride, n, block);
      use(std::span(block, static_cast<size_t>(n)), start);
    }
  };
  double max = -std::numeric_limits<double>::infinity(), sum = 0;
  each_block([&](std::span<double> values, int64_t) {
    for (double value : values) max = std::max(max, value);
  });
  each_block([&](std::span<double> values, int64_t) {
    for (double value : values) sum += std::exp(value - max);
  });
  each_block([&](std::span<double> values, int64_t start) {
    for (double& value : values)
      value = kLog ? value - max - std::log(sum) : std::exp(value - max) / sum;
    StoreElements(block, static_cast<int64_t>(values.size()), y, offset + start * stride, stride);
  });
}

template <bool kLog>
Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", kDefaultAxis), x.dims.size()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  const std::span<const int64_t> dims = x.dims;
  const int64_t outer = ElementsUnchecked(dims.first(axis)), count = dims[axis],
                inner = ElementsUnchecked(dims.subspan(axis + 1));
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t j = 0; j < inner; ++j)
      SoftmaxLine<kLog>(x, y, i * count * inner + j, inner, count);
  return {};
}

Lowering Lower(const LowerContext& context) {
  const Shape* shape = context.shape(0);
  if (!shape) return Refuse("the rank is not known");
  auto axis = NormalizeAxis(context.node().Attr<int64_t>("axis", kDefaultAxis), shape->size());
  if (!axis) return Refuse(axis.error());
  return LoweredNode{lowered::Softmax{context.dtype(0), *axis + 1 == shape->size()}, {0}};
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  return CommuteAxis(node, perm, kDefaultAxis);
}

constexpr int kSince[] = {1, 11, 13};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}};

}  // namespace

const OpDef kSoftmaxOp = {
    .name = "Softmax",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run<false>,
    .lower = Lower,
    .commute = Commute,
};

const OpDef kLogSoftmaxOp = {
    .name = "LogSoftmax",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run<true>,
    .no_lowering = "no backend computes the logarithm of a softmax",
    .commute = Commute,
};

}  // namespace insitu
