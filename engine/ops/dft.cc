// DFT: the discrete Fourier transform along one axis of a real [..., 1] or complex [..., 2] signal.
// https://onnx.ai/onnx/operators/onnx__DFT.html (20; the axis attribute of 17 becomes an input).
// The signal is cut or padded with zeros to dft_length; onesided keeps floor(N / 2) + 1 bins.
#include "base/fft.h"
#include "ops/axes.h"
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/scalar_input.h"

namespace insitu {
namespace {

constexpr int64_t kDefaultAxis = -2;

// The last axis holds the parts of a number and cannot be transformed.
Result<size_t> TransformedAxis(int64_t axis, size_t rank) {
  if (rank < 2)
    return Fail(ErrorCode::kShapeMismatch,
                "the signal needs a last axis of extent 1 (real) or 2 (complex)");
  INSITU_ASSIGN(const size_t index, NormalizeAxis(axis, rank));
  if (index + 1 < rank) return index;
  return Fail(ErrorCode::kInvalidModel,
              "axis " + std::to_string(axis) + " is the one of real and imaginary parts");
}

bool IsOneSided(const Node& node) { return node.Attr<int64_t>("onesided", 0) != 0; }
bool IsInverse(const Node& node) { return node.Attr<int64_t>("inverse", 0) != 0; }

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kFloatTypes));
  INSITU_TRY(RequireType(context, 1, kIndexTypes));
  INSITU_TRY(RequireType(context, 2, kIndexTypes));
  if (IsOneSided(context.node()) && IsInverse(context.node()))
    return Fail(ErrorCode::kInvalidModel, "onesided and inverse exclude each other");
  context.SetOutput(0, context.dtype(0), std::nullopt);
  const Shape* signal = context.shape(0);
  if (!signal) return {};
  const bool has_axis = context.HasInput(2);
  const Dim axis = has_axis ? KnownScalar(context, 2) : Dim(kDefaultAxis);
  Shape shape(signal->size());
  if (axis.IsKnown()) {
    INSITU_ASSIGN(const size_t index, TransformedAxis(axis.value(), signal->size()));
    shape = *signal;
    if (context.HasInput(1)) shape[index] = KnownScalar(context, 1);
    if (IsOneSided(context.node())) shape[index] = FloorDiv(shape[index], 2) + 1;
  }
  if (!shape.empty()) shape.back() = 2;
  context.SetOutput(0, context.dtype(0), std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  int64_t given_axis = kDefaultAxis;
  if (context.HasInput(2)) {
    INSITU_ASSIGN(given_axis, ReadScalar(context.inputs[2], "the axis", -64, 64));
  }
  INSITU_ASSIGN(const size_t axis, TransformedAxis(given_axis, x.dims.size()));
  const std::span<const int64_t> dims = x.dims;
  const int64_t parts = dims.back(), extent = dims[axis];
  if (parts != 1 && parts != 2)
    return Fail(ErrorCode::kShapeMismatch,
                "the last axis has extent " + std::to_string(parts) + "; 1 or 2 is needed");
  int64_t length = extent;
  if (context.HasInput(1)) {
    INSITU_ASSIGN(length, ReadScalar(context.inputs[1], "dft_length", 1, kMostScalar));
  }
  const int64_t bins = IsOneSided(context.node) ? length / 2 + 1 : length;
  Dims y_dims = x.dims;
  y_dims[axis] = bins;
  y_dims.back() = 2;
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, x.dtype, std::move(y_dims)));
  if (y.elements() == 0) return {};
  if (length == 0) return Fail(ErrorCode::kShapeMismatch, "the signal has no samples");

  INSITU_ASSIGN(Fft fft, Fft::Make(length));
  INSITU_ASSIGN(Tensor line, AllocateComplex(length));
  double* parts_of_line = line.As<double>().data();
  const int64_t outer = ElementsUnchecked(dims.first(axis)),
                inner = ElementsUnchecked(dims.subspan(axis + 1)) / parts;
  const int64_t used = std::min(length, extent);
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0; i < inner; ++i) {
      std::fill_n(parts_of_line, 2 * length, 0.0);
      for (int64_t n = 0; n < used; ++n)
        LoadElements(x, ((o * extent + n) * inner + i) * parts, 1, parts, parts_of_line + 2 * n);
      if (IsInverse(context.node))
        fft.Inverse(ComplexData(line));
      else
        fft.Forward(ComplexData(line));
      for (int64_t k = 0; k < bins; ++k)
        StoreElements(parts_of_line + 2 * k, 2, y, ((o * bins + k) * inner + i) * 2);
    }
  return {};
}

constexpr int kSince[] = {17, 20};
constexpr AttrSpec kAttributes[] = {{"inverse", AttrKind::kInt}, {"onesided", AttrKind::kInt}};

}  // namespace

const OpDef kDFTOp = {
    .name = "DFT",
    .since = kSince,
    .attributes = kAttributes,
    .max_inputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend transforms to frequencies",
};

}  // namespace insitu
