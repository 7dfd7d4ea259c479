// Hardmax: 1 at the first largest element along an axis, 0 elsewhere.
// https://onnx.ai/onnx/operators/onnx__Hardmax.html (13; earlier versions, which flatten, are
// rewritten at import). NaN counts as largest.
#include "ops/axes.h"
#include "ops/axis_lines.h"
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

int64_t IndexOfLargest(const TensorView& x, int64_t offset, const AxisLines& lines) {
  double block[kBlock], most = 0;
  int64_t index = 0;
  for (int64_t start = 0; start < lines.count; start += kBlock) {
    const int64_t n = std::min(kBlock, lines.count - start);
    LoadElements(x, offset + start * lines.inner, lines.inner, n, block);
    for (int64_t i = 0; i < n; ++i) {
      if (start + i > 0 && (most != most || !(block[i] > most || block[i] != block[i]))) continue;
      most = block[i];
      index = start + i;
    }
  }
  return index;
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const size_t axis,
                NormalizeAxis(context.node.Attr<int64_t>("axis", kDefaultAxis), x.dims.size()));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  if (x.elements() == 0) return {};
  std::fill_n(y.data, y.size_bytes(), std::byte{0});
  const AxisLines lines(x.dims, axis);
  lines.ForEach([&](int64_t offset) {
    const double one = 1;
    StoreElements(&one, 1, y, offset + IndexOfLargest(x, offset, lines) * lines.inner);
  });
  return {};
}

std::optional<Attributes> Commute(const Graph&, const Node& node, std::span<const int64_t> perm) {
  return CommuteAxis(node, perm, kDefaultAxis);
}

constexpr int kSince[] = {1, 11, 13};
constexpr AttrSpec kAttributes[] = {{"axis", AttrKind::kInt}};

}  // namespace

const OpDef kHardmaxOp = {
    .name = "Hardmax",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
    .commute = Commute,
};

}  // namespace insitu
