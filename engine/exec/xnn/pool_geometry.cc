// Window arithmetic of pooling. The padding at the end is what the known output extent needs, which
// covers ceil_mode and same padding alike.
#include "exec/xnn/pool_geometry.h"

#include <algorithm>
#include <limits>

namespace insitu::xnn {
namespace {

using lowered::PoolKind;

constexpr int64_t kHuge = std::numeric_limits<int32_t>::max();

bool IsGlobal(PoolKind kind) {
  return kind == PoolKind::kGlobalAverage || kind == PoolKind::kGlobalMax;
}

}  // namespace

std::optional<Refusal> CheckWindow(const lowered::Pool& op) {
  const bool same = op.auto_pad_same_upper || op.auto_pad_same_lower;
  if (op.kernel[0] == 1 && op.kernel[1] == 1) return Refusal{"a window of one element"};
  bool any_padding = same || op.ceil_mode;
  for (int i = 0; i < 2; ++i) {
    const int64_t k = op.kernel[i], s = op.stride[i], d = op.dilation[i];
    if (k < 1 || s < 1 || d < 1 || k > kHuge || d > kHuge || k * d > kHuge)
      return Refusal{"a window of strange extent"};
    if (s > k) return Refusal{"a stride larger than the window"};
    if (op.pad_begin[i] < 0 || op.pad_end[i] < 0 || op.pad_begin[i] >= k || op.pad_end[i] >= k)
      return Refusal{"padding as large as the window"};
    if (op.ceil_mode && s + op.pad_end[i] > k)
      return Refusal{"ceil_mode with windows that may lie in the padding"};
    any_padding |= op.pad_begin[i] > 0 || op.pad_end[i] > 0;
  }
  const bool dilated = op.dilation[0] > 1 || op.dilation[1] > 1;
  if (dilated && any_padding) return Refusal{"a dilated window with padding"};
  if (op.kind == PoolKind::kAverage) {
    if (dilated) return Refusal{"a dilated average"};
    if (op.count_include_pad && any_padding) return Refusal{"an average that counts padding"};
  }
  return std::nullopt;
}

std::optional<PoolGeometry> ResolvePool(const lowered::Pool& op, const Dims& in, const Dims& out) {
  const size_t rank = in.size();
  if (rank < 3 || out.size() != rank || in[0] != out[0] || in.back() != out.back())
    return std::nullopt;
  if (ElementsUnchecked(in) == 0) return std::nullopt;
  PoolGeometry g;
  g.batch = static_cast<size_t>(in[0]);
  g.channels = static_cast<size_t>(in.back());
  g.stride = g.dilation = {1, 1};
  if (IsGlobal(op.kind)) {
    const int64_t area = ElementsUnchecked(in) / in[0] / in.back();
    if (area > kHuge) return std::nullopt;
    g.input = {1, static_cast<size_t>(area)};
    g.output = {1, 1};
    g.kernel = {1, static_cast<uint32_t>(area)};
    return g;
  }
  if (rank > 4) return std::nullopt;
  for (size_t i = 0; i < 2; ++i) {
    const bool absent = rank == 3 && i == 0;  // one-dimensional data has height 1
    const int64_t size = absent ? 1 : in[rank - 3 + i];
    const int64_t count = absent ? 1 : out[rank - 3 + i];
    const int64_t reach = (op.kernel[i] - 1) * op.dilation[i] + 1;
    const int64_t total = std::max<int64_t>(0, (count - 1) * op.stride[i] + reach - size);
    int64_t begin = op.pad_begin[i];
    if (op.auto_pad_same_upper) begin = total / 2;
    if (op.auto_pad_same_lower) begin = total - total / 2;
    if (count < 1 || total > kHuge || reach > size + begin + std::max<int64_t>(0, total - begin))
      return std::nullopt;
    g.input[i] = static_cast<size_t>(size);
    g.output[i] = static_cast<size_t>(count);
    g.kernel[i] = static_cast<uint32_t>(op.kernel[i]);
    g.stride[i] = static_cast<uint32_t>(op.stride[i]);
    g.dilation[i] = static_cast<uint32_t>(op.dilation[i]);
    g.pad_begin[i] = static_cast<uint32_t>(begin);
    g.pad_end[i] = static_cast<uint32_t>(std::max<int64_t>(0, total - begin));
  }
  return g;
}

}  // namespace insitu::xnn
