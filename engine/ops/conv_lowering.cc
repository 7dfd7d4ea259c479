// Lowering of convolutions up to the point where their arithmetic differs.
#include "ops/conv_lowering.h"

#include <cstring>

#include "ops/infer_util.h"
#include "ops/spatial.h"

namespace insitu {
namespace {

// [M, I, taps] -> [M, taps, I], for elements of any size.
Result<Tensor> ToChannelsLast(const Tensor& weights) {
  Dims dims = weights.dims();
  if (dims.size() == 3) dims.insert(dims.begin() + 2, 1);
  const int64_t depth = dims[1], taps = dims[2] * dims[3];
  INSITU_ASSIGN(Tensor packed,
                Tensor::Allocate(weights.dtype(), {dims[0], dims[2], dims[3], depth}));
  const auto size = ByteSize(weights.dtype(), 1);
  const std::byte* from = weights.data();
  for (int64_t m = 0; m < dims[0]; ++m)
    for (int64_t c = 0; c < depth; ++c)
      for (int64_t tap = 0; tap < taps; ++tap, from += size)
        std::memcpy(packed.data() + static_cast<size_t>((m * taps + tap) * depth + c) * size, from,
                    size);
  return packed;
}

}  // namespace

std::expected<lowered::Convolution, Refusal> LowerConvolution(const LowerContext& context, size_t x,
                                                              size_t w) {
  const Tensor* weights = context.constant(w);
  if (!weights) return Refuse("weights are computed at run time");
  const size_t rank = weights->dims().size();
  if (rank != 3 && rank != 4)
    return Refuse(std::to_string(rank - 2) + " spatial axes; only 1 and 2 are lowered");
  auto window = ReadWindow(context.node(), rank - 2, std::span(weights->dims()).subspan(2));
  if (!window) return Refuse(window.error().message);
  auto packed = ToChannelsLast(*weights);
  if (!packed) return Refuse(packed.error().message);

  lowered::Convolution convolution;
  convolution.input = context.dtype(x);
  convolution.output = context.output_dtype(0);
  convolution.channels_last = IsChannelsLast(context.node());
  convolution.groups = context.node().Attr<int64_t>("group", 1);
  StoreWindow(*window, convolution);
  convolution.weights = *std::move(packed);
  return convolution;
}

}  // namespace insitu
