// STFT: the Fourier transforms of frames of a signal [batch, samples, 1 or 2], frame_step apart and
// weighted by a window. https://onnx.ai/onnx/operators/onnx__STFT.html (17)
// y [batch, floor((samples - frame_length) / frame_step) + 1, bins, 2]; onesided, the default,
// keeps floor(frame_length / 2) + 1 bins. Without frame_length, a frame is as long as the window.
#include "base/fft.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/scalar_input.h"
#include "ops/widen.h"

namespace insitu {
namespace {

enum Input : size_t { kSignal, kStep, kWindow, kLength };

bool IsOneSided(const Node& node) { return node.Attr<int64_t>("onesided", 1) != 0; }

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, kSignal, kFloatTypes));
  INSITU_TRY(RequireType(context, kStep, kIndexTypes));
  INSITU_TRY(RequireSameType(context, kSignal, kWindow));
  INSITU_TRY(RequireType(context, kLength, kIndexTypes));
  context.SetOutput(0, context.dtype(kSignal), std::nullopt);
  const Shape *signal = context.shape(kSignal), *window = context.shape(kWindow);
  Dim batch, samples;
  if (signal && (signal->size() < 2 || signal->size() > 3))
    return Fail(ErrorCode::kShapeMismatch,
                context.Describe(kSignal) + " does not have the axes batch, samples and parts");
  if (signal) batch = (*signal)[0], samples = (*signal)[1];
  Dim length = samples;
  if (context.HasInput(kWindow))
    length = window && window->size() == 1 ? (*window)[0] : Dim::Unknown();
  if (context.HasInput(kLength)) length = KnownScalar(context, kLength);
  const Dim frames = FloorDiv(samples - length, KnownScalar(context, kStep)) + 1;
  const Dim bins = IsOneSided(context.node()) ? FloorDiv(length, 2) + 1 : length;
  context.SetOutput(0, context.dtype(kSignal), Shape{batch, frames, bins, 2});
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[kSignal];
  const int64_t parts = x.dims.size() == 3 ? x.dims[2] : 1;
  if (x.dims.size() < 2 || x.dims.size() > 3 || parts < 1 || parts > 2)
    return Fail(ErrorCode::kShapeMismatch, "a signal of dims " + ToString(x.dims) +
                                               " is given; [batch, samples, 1 or 2] is needed");
  const int64_t batch = x.dims[0], samples = x.dims[1];
  INSITU_ASSIGN(const int64_t step,
                ReadScalar(context.inputs[kStep], "frame_step", 1, kMostScalar));
  Tensor window;
  int64_t length = samples;
  if (context.HasInput(kWindow)) {
    if (context.inputs[kWindow].dims.size() != 1)
      return Fail(
          ErrorCode::kShapeMismatch,
          "the window has dims " + ToString(context.inputs[kWindow].dims) + "; one axis is needed");
    INSITU_ASSIGN(window, Widened(context.inputs[kWindow]));
    length = window.elements();
  }
  if (context.HasInput(kLength)) {
    INSITU_ASSIGN(length, ReadScalar(context.inputs[kLength], "frame_length", 1, kMostScalar));
  }
  if (length < 1 || length > samples)
    return Fail(ErrorCode::kShapeMismatch, "a frame of " + std::to_string(length) +
                                               " samples does not fit a signal of " +
                                               std::to_string(samples));
  const int64_t frames = (samples - length) / step + 1;
  const int64_t bins = IsOneSided(context.node) ? length / 2 + 1 : length;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, {batch, frames, bins, 2}));
  if (y.elements() == 0) return {};

  INSITU_ASSIGN(Fft fft, Fft::Make(length));
  INSITU_ASSIGN(Tensor line, AllocateComplex(length));
  Complex* frame = ComplexData(line);
  const double* weights = window.empty() ? nullptr : window.As<double>().data();
  const int64_t used = weights ? std::min(length, window.elements()) : length;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t f = 0; f < frames; ++f) {
      const int64_t first = (b * samples + f * step) * parts;
      std::fill_n(frame, length, Complex{});
      for (int64_t part = 0; part < parts; ++part) {
        double block[kBlock];
        for (int64_t start = 0; start < used; start += kBlock) {
          const int64_t n = std::min(kBlock, used - start);
          LoadElements(x, first + start * parts + part, parts, n, block);
          for (int64_t i = 0; i < n; ++i) {
            const double value = block[i] * (weights ? weights[start + i] : 1);
            (part == 0 ? frame[start + i].re : frame[start + i].im) = value;
          }
        }
      }
      fft.Forward(frame);
      StoreElements(line.As<double>().data(), 2 * bins, y, (b * frames + f) * bins * 2);
    }
  return {};
}

constexpr int kSince[] = {17};
constexpr AttrSpec kAttributes[] = {{"onesided", AttrKind::kInt}};

}  // namespace

const OpDef kSTFTOp = {
    .name = "STFT",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 2,
    .max_inputs = 4,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend transforms to frequencies",
};

}  // namespace insitu
