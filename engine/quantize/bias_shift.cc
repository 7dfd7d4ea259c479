// Weights are walked once; where each belongs is told by the strides of their axes.
#include "quantize/bias_shift.h"

#include <algorithm>

#include "ops/spatial.h"

namespace insitu {
namespace {

// By tap of the weights, the share of outputs for which it lies in the data and not in the padding.
Result<std::vector<double>> TapShares(const Node& node, const Dims& weights, const Dims& data) {
  if (!node.Is("Conv") || data.size() != weights.size()) return std::vector<double>{1};
  const std::span<const int64_t> kernel = std::span(weights).subspan(2);
  INSITU_ASSIGN(Window window, ReadWindow(node, kernel.size(), kernel));
  const SpatialView view = MakeSpatialView(data, false);
  ResolvePads(window, std::span<const int64_t, kSlots>(view.extent));
  std::vector<double> shares{1};
  for (size_t slot = 0; slot < kSlots; ++slot) {
    const int64_t extent = view.extent[slot], stride = window.stride[slot];
    const int64_t padded = extent + window.pad_begin[slot] + window.pad_end[slot];
    const int64_t outputs = std::max<int64_t>(1, (padded - window.Reach(slot)) / stride + 1);
    std::vector<double> finer;
    for (double share : shares) {
      for (int64_t tap = 0; tap < window.kernel[slot]; ++tap) {
        int64_t inside = 0;
        for (int64_t output = 0; output < outputs; ++output) {
          const int64_t at = output * stride + tap * window.dilation[slot] - window.pad_begin[slot];
          inside += at >= 0 && at < extent;
        }
        finer.push_back(share * static_cast<double>(inside) / static_cast<double>(outputs));
      }
    }
    shares = std::move(finer);
  }
  return shares;
}

}  // namespace

Result<std::vector<double>> BiasShift(const Node& node, const Linear& linear,
                                      const WeightCodes& codes, const InputMeans& means) {
  const Dims& dims = linear.weights->dims();
  INSITU_ASSIGN(const std::vector<double> shares, TapShares(node, dims, means.dims));
  std::vector<size_t> steps(dims.size(), 1);
  for (size_t axis = dims.size() - 1; axis-- > 0;)
    steps[axis] = steps[axis + 1] * static_cast<size_t>(dims[axis + 1]);
  const auto at = [&](size_t i, int64_t axis) {
    const auto a = static_cast<size_t>(axis);
    return i / steps[a] % static_cast<size_t>(dims[a]);
  };
  const auto outputs = static_cast<size_t>(dims[static_cast<size_t>(linear.channel_axis)]);
  const auto group_inputs = static_cast<size_t>(dims[static_cast<size_t>(linear.input_axis)]);
  const size_t groups = std::max<size_t>(1, means.channels.size() / group_inputs);
  const size_t outputs_of_group = std::max<size_t>(1, outputs / groups);
  std::vector<double> shift(outputs, 0);
  const auto before = linear.weights->As<float>(), scales = codes.scales.As<float>();
  const auto after = codes.codes.As<int8_t>();
  for (size_t i = 0; i < before.size(); ++i) {
    const size_t o = at(i, linear.channel_axis);
    const size_t c = o / outputs_of_group * group_inputs + at(i, linear.input_axis);
    if (c >= means.channels.size()) continue;
    const double scale = scales[scales.size() == 1 ? 0 : o];
    shift[o] += (after[i] * scale - before[i]) * means.channels[c] * shares[i % shares.size()];
  }
  return shift;
}

}  // namespace insitu
