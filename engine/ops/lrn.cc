// LRN: x / (bias + alpha / size * sum of squares over `size` neighbouring channels) ^ beta.
// https://onnx.ai/onnx/operators/onnx__LRN.html (13). The window of channel c goes from
// c - floor((size - 1) / 2) to c + ceil((size - 1) / 2), as far as there are channels.
#include <algorithm>
#include <cmath>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(InferSame(context, kFloatTypes));
  if (context.node().Attr<int64_t>("size", 0) < 1)
    return Fail(ErrorCode::kInvalidModel, "attribute size of LRN must be at least 1");
  if (const Shape* shape = context.shape(0); shape && shape->size() < 2)
    return Fail(ErrorCode::kShapeMismatch,
                context.Describe(0) + " has no channel axis; two axes are needed");
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  if (x.dims.size() < 2)
    return Fail(ErrorCode::kShapeMismatch, "the input of LRN has no channel axis");
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, x.dims));
  if (x.elements() == 0) return {};
  const Node& node = context.node;
  const int64_t size = node.Attr<int64_t>("size", 1);
  const double alpha = static_cast<double>(node.Attr("alpha", 1e-4f)) / static_cast<double>(size);
  const double beta = node.Attr("beta", 0.75f), bias = node.Attr("bias", 1.0f);
  const int64_t channels = x.dims[1], inner = ElementsUnchecked(std::span(x.dims).subspan(2));
  const int64_t before = std::min((size - 1) / 2, channels), after = std::min(size / 2, channels);
  double values[kBlock], sums[kBlock];
  for (int64_t n = 0; n < x.dims[0]; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t start = 0; start < inner; start += kBlock) {
        const int64_t count = std::min(kBlock, inner - start);
        const auto offset = [&](int64_t channel) {
          return (n * channels + channel) * inner + start;
        };
        std::fill_n(sums, count, 0.0);
        for (int64_t k = std::max<int64_t>(0, c - before); k <= std::min(channels - 1, c + after);
             ++k) {
          LoadElements(x, offset(k), 1, count, values);
          for (int64_t i = 0; i < count; ++i) sums[i] += values[i] * values[i];
        }
        LoadElements(x, offset(c), 1, count, values);
        for (int64_t i = 0; i < count; ++i) values[i] /= std::pow(bias + alpha * sums[i], beta);
        StoreElements(values, count, y, offset(c));
      }
  return {};
}

constexpr int kSince[] = {1, 13};
constexpr AttrSpec kAttributes[] = {{"alpha", AttrKind::kFloat},
                                    {"beta", AttrKind::kFloat},
                                    {"bias", AttrKind::kFloat},
                                    {"size", AttrKind::kInt, true}};

}  // namespace

const OpDef kLRNOp = {
    .name = "LRN",
    .since = kSince,
    .attributes = kAttributes,
    .infer = Infer,
    .run = Run,
};

}  // namespace insitu
