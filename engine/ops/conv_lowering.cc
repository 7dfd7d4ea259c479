// Lowering of convolutions up to the point where their arithmetic differs.
#include "ops/conv_lowering.h"

#include <cstdint>

#include "ops/infer_util.h"
#include "ops/spatial.h"

namespace insitu {
namespace {

template <class Word>
void MoveChannelsLast(const Tensor& from, int64_t taps, int64_t depth, Tensor& to) {
  const auto* read = reinterpret_cast<const Word*>(from.data());
  auto* write = reinterpret_cast<Word*>(to.data());
  for (int64_t filters = from.dims()[0]; filters > 0; --filters, read += taps * depth)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t c = 0; c < depth; ++c) *write++ = read[c * taps + tap];
}

// [M, I, taps] -> [M, taps, I], for elements of 1, 2, 4 or 8 bytes. Where there is one tap or one
// channel the elements lie that way already.
Result<Tensor> ToChannelsLast(const Tensor& weights) {
  Dims dims = weights.dims();
  if (dims.size() == 3) dims.insert(dims.begin() + 2, 1);
  const int64_t depth = dims[1], taps = dims[2] * dims[3];
  const Dims moved = {dims[0], dims[2], dims[3], depth};
  if (depth == 1 || taps == 1) return weights.Reshaped(moved);
  INSITU_ASSIGN(Tensor packed, Tensor::Allocate(weights.dtype(), moved));
  switch (ByteSize(weights.dtype(), 1)) {
    case 1:
      MoveChannelsLast<uint8_t>(weights, taps, depth, packed);
      break;
    case 2:
      MoveChannelsLast<uint16_t>(weights, taps, depth, packed);
      break;
    case 4:
      MoveChannelsLast<uint32_t>(weights, taps, depth, packed);
      break;
    default:
      MoveChannelsLast<uint64_t>(weights, taps, depth, packed);
  }
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
  if (!window) return Refuse(window.error());
  auto packed = ToChannelsLast(*weights);
  if (!packed) return Refuse(packed.error());

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
