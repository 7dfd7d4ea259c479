// MelWeightMatrix: the triangles that turn a spectrogram [frames, bins] into mel bands, as a matrix
// [floor(dft_length / 2) + 1, num_mel_bins].
// https://onnx.ai/onnx/operators/onnx__MelWeightMatrix.html (17)
//   mel(f) = 2595 log10(1 + f / 700); num_mel_bins + 2 edges from lower to upper edge, the step
//   being (mel(upper) - mel(lower)) / (num_mel_bins + 2); an edge lies at spectrogram bin
//   floor((dft_length + 1) hz / sample_rate). Triangles are cut off at the last bin.
#include <algorithm>
#include <cmath>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/output_datatype.h"
#include "ops/scalar_input.h"

namespace insitu {
namespace {

enum Input : size_t { kBands, kDftLength, kSampleRate, kLower, kUpper };

Status Infer(InferContext& context) {
  for (size_t i : {kBands, kDftLength, kSampleRate})
    INSITU_TRY(RequireType(context, i, kIndexTypes));
  for (size_t i : {kLower, kUpper}) INSITU_TRY(RequireType(context, i, kFloatTypes));
  INSITU_ASSIGN(const DType dtype, OutputDatatype(context.node()));
  const Dim bins = FloorDiv(KnownScalar(context, kDftLength), 2) + 1;
  context.SetOutput(0, dtype, Shape{bins, KnownScalar(context, kBands)});
  return {};
}

Result<double> ReadMel(const TensorView& hertz) {
  if (hertz.elements() != 1)
    return Fail(ErrorCode::kShapeMismatch,
                "an edge has " + std::to_string(hertz.elements()) + " elements; one is needed");
  return 2595 * std::log10(1 + LoadReal(hertz, 0) / 700);
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const DType dtype, OutputDatatype(context.node));
  INSITU_ASSIGN(const int64_t bands,
                ReadScalar(context.inputs[kBands], "num_mel_bins", 0, kMostScalar));
  INSITU_ASSIGN(const int64_t length,
                ReadScalar(context.inputs[kDftLength], "dft_length", 0, kMostScalar));
  INSITU_ASSIGN(const int64_t rate,
                ReadScalar(context.inputs[kSampleRate], "sample_rate", 1, kMostScalar));
  INSITU_ASSIGN(const double low, ReadMel(context.inputs[kLower]));
  INSITU_ASSIGN(const double high, ReadMel(context.inputs[kUpper]));
  const int64_t bins = length / 2 + 1;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, {bins, bands}));

  const double step = (high - low) / static_cast<double>(bands + 2);
  const auto edge = [&](int64_t i) {
    const double hertz = 700 * (std::pow(10, (static_cast<double>(i) * step + low) / 2595) - 1);
    return std::floor(static_cast<double>(length + 1) * hertz / static_cast<double>(rate));
  };
  double block[kBlock];
  for (int64_t band = 0; band < bands; ++band) {
    const double left = edge(band), center = edge(band + 1), right = edge(band + 2);
    for (int64_t start = 0; start < bins; start += kBlock) {
      const int64_t count = std::min(kBlock, bins - start);
      for (int64_t i = 0; i < count; ++i) {
        const auto bin = static_cast<double>(start + i);
        block[i] = bin == center                 ? 1
                   : bin >= left && bin < center ? (bin - left) / (center - left)
                   : bin > center && bin < right ? (right - bin) / (right - center)
                                                 : 0;
      }
      StoreElements(block, count, y, start * bands + band, bands);
    }
  }
  return {};
}

constexpr int kSince[] = {17};
constexpr AttrSpec kAttributes[] = {{"output_datatype", AttrKind::kInt}};

}  // namespace

const OpDef kMelWeightMatrixOp = {
    .name = "MelWeightMatrix",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 5,
    .max_inputs = 5,
    .infer = Infer,
    .run = Run,
    .no_lowering = "it is a constant wherever its operands are",
};

}  // namespace insitu
