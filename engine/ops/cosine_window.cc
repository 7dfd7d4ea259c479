// HannWindow, HammingWindow, BlackmanWindow: sums of cosines over `size` points.
// https://onnx.ai/onnx/operators/onnx__HannWindow.html (17) and its neighbours.
//   w[n] = a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N), N = size (periodic) or size - 1
// A symmetric window of one point is 1.
#include <cmath>
#include <numbers>

#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/output_datatype.h"
#include "ops/scalar_input.h"

namespace insitu {
namespace {

struct Hann {
  static constexpr double kTerms[] = {0.5, 0.5, 0};
};
struct Hamming {
  static constexpr double kTerms[] = {25.0 / 46, 21.0 / 46, 0};
};
struct Blackman {
  static constexpr double kTerms[] = {0.42, 0.5, 0.08};
};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kIndexTypes));
  INSITU_ASSIGN(const DType dtype, OutputDatatype(context.node()));
  context.SetOutput(0, dtype, Shape{KnownScalar(context, 0)});
  return {};
}

Status RunWindow(RunContext& context, const double (&terms)[3]) {
  INSITU_ASSIGN(const DType dtype, OutputDatatype(context.node));
  INSITU_ASSIGN(const int64_t size, ReadScalar(context.inputs[0], "the size", 0, kMostScalar));
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, dtype, {size}));
  const int64_t period = context.node.Attr<int64_t>("periodic", 1) != 0 ? size : size - 1;
  double block[kBlock];
  for (int64_t start = 0; start < size; start += kBlock) {
    const int64_t count = std::min(kBlock, size - start);
    for (int64_t i = 0; i < count; ++i) {
      const double angle =
          2 * std::numbers::pi * static_cast<double>(start + i) / static_cast<double>(period);
      block[i] =
          period == 0 ? 1 : terms[0] - terms[1] * std::cos(angle) + terms[2] * std::cos(2 * angle);
    }
    StoreElements(block, count, y, start);
  }
  return {};
}

template <class Window>
Status Run(RunContext& context) {
  return RunWindow(context, Window::kTerms);
}

constexpr int kSince[] = {17};
constexpr AttrSpec kAttributes[] = {{"output_datatype", AttrKind::kInt},
                                    {"periodic", AttrKind::kInt}};

template <class Window>
constexpr OpDef Define(std::string_view name) {
  return {.name = name,
          .since = kSince,
          .attributes = kAttributes,
          .infer = Infer,
          .run = Run<Window>,
          .no_lowering = "it is a constant wherever its size is one"};
}

}  // namespace

const OpDef kHannWindowOp = Define<Hann>("HannWindow");
const OpDef kHammingWindowOp = Define<Hamming>("HammingWindow");
const OpDef kBlackmanWindowOp = Define<Blackman>("BlackmanWindow");

}  // namespace insitu
