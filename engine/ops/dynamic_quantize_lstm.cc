// com.microsoft.DynamicQuantizeLSTM: LSTM with 8-bit weights; its input and its state are quantized
// by their own ranges on the way.
// https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.DynamicQuantizeLSTM
// Inputs: those of LSTM, with W [D, input, 4 * hidden] and R [D, hidden, 4 * hidden], then W_scale,
// W_zero_point, R_scale, R_zero_point, each [D] or [D, 4 * hidden].
//   acc = sum (q - zq) * (w - zw[c]), exact in int32; float32(acc) * float32(sq * sw[c])
// where q is DynamicQuantizeLinear of the whole input X, or of the states of one time step.
#include <algorithm>

#include "ops/dynamic_range.h"
#include "ops/infer_util.h"
#include "ops/matmul_reference.h"
#include "ops/ops.h"
#include "ops/quantization.h"
#include "ops/recurrent.h"

namespace insitu {
namespace {

enum Input : size_t { kWScale = kPeepholes + 1, kWZero, kRScale, kRZero };

constexpr RecurrentKind kKind = {.gates = 4,
                                 .activations = kLstmActivations,
                                 .has_cell = true,
                                 .weights_transposed = true,
                                 .step = LstmStep};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, kX, {DType::kFloat32}));
  INSITU_TRY(CheckByteInput(context, kW, "W"));
  INSITU_TRY(CheckByteInput(context, kR, "R"));
  INSITU_TRY(RequireInputs(context, {kWScale, kRScale}));
  INSITU_TRY(RequireSameType(context, kW, kWZero));
  INSITU_TRY(RequireSameType(context, kR, kRZero));
  return InferRecurrent(context, kKind);
}

// The weights of one kind, quantized per direction or per gate column.
struct QuantizedWeights {
  TensorView view;
  ChannelQuantization numbers;  // of all directions
};

Result<QuantizedWeights> ReadWeights(const RunContext& context, size_t weights, size_t scale,
                                     size_t zero_point, const RecurrentGeometry& g) {
  const int64_t count = context.inputs[scale].elements();
  if (count != g.directions && count != g.directions * g.gate_width)
    return Fail(ErrorCode::kShapeMismatch,
                "a scale of the weights has " + std::to_string(count) + " elements; " +
                    std::to_string(g.directions) + " or " +
                    std::to_string(g.directions * g.gate_width) + " are needed");
  QuantizedWeights read{context.inputs[weights], {}};
  INSITU_ASSIGN(read.numbers,
                ReadChannelQuantization(
                    context.inputs[scale],
                    context.HasInput(zero_point) ? context.inputs[zero_point] : TensorView{}, count,
                    "the weights"));
  return read;
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const RecurrentGeometry g, ReadRecurrentGeometry(context, kKind));
  INSITU_ASSIGN(const QuantizedWeights w, ReadWeights(context, kW, kWScale, kWZero, g));
  INSITU_ASSIGN(const QuantizedWeights r, ReadWeights(context, kR, kRScale, kRZero, g));
  const Quantization x_range = DynamicRange(context.inputs[kX].As<float>());
  const int64_t most = std::max(g.input, g.hidden);
  INSITU_ASSIGN(Tensor quantized, Tensor::Allocate(DType::kUint8, {g.batch, most}));
  INSITU_ASSIGN(Tensor floats, Tensor::Allocate(DType::kFloat32, {g.batch, most}));
  uint8_t* q = quantized.As<uint8_t>().data();
  float* values = floats.As<float>().data();

  const auto add = [&](int64_t direction, bool recurrent, const double* rows, int64_t count,
                       int64_t depth, int64_t first, int64_t columns, double* out) {
    const auto total = static_cast<size_t>(count * depth);
    for (size_t i = 0; i < total; ++i) values[i] = static_cast<float>(rows[i]);
    const Quantization range = recurrent ? DynamicRange({values, total}) : x_range;
    for (size_t i = 0; i < total; ++i)
      q[i] = static_cast<uint8_t>(
          RoundToRange(values[i] / range.scale, range.zero_point, RangeOf<uint8_t>({})));

    const QuantizedWeights& weights = recurrent ? r : w;
    const bool per_column = static_cast<int64_t>(weights.numbers.scale.size()) != g.directions;
    const auto at = [&](int64_t column) {
      return static_cast<size_t>(per_column ? direction * g.gate_width + first + column
                                            : direction);
    };
    const MatrixProduct product{count, depth, columns, depth, 1, g.gate_width, 1};
    const int64_t offset = direction * depth * g.gate_width + first;
    (void)DispatchByte(weights.view.dtype, [&]<class T>(T) -> Status {
      Multiply<int32_t>(
          product, q, [&](int64_t) { return range.zero_point; },
          weights.view.As<T>().data() + offset,
          [&](int64_t column) { return weights.numbers.zero_point[at(column)]; },
          [&](int64_t row, int64_t begin, std::span<const int32_t> sums) {
            for (size_t j = 0; j < sums.size(); ++j) {
              const int64_t column = begin + static_cast<int64_t>(j);
              const float factor = range.scale * weights.numbers.scale[at(column)];
              out[row * g.gate_width + first + column] += static_cast<float>(sums[j]) * factor;
            }
          });
      return {};
    });
  };
  return RunRecurrent(context, kKind, g, add);
}

constexpr int kSince[] = {1};
constexpr AttrSpec kAttributes[] = {
    {"activation_alpha", AttrKind::kFloats}, {"activation_beta", AttrKind::kFloats},
    {"activations", AttrKind::kStrings},     {"clip", AttrKind::kFloat},
    {"direction", AttrKind::kString},        {"hidden_size", AttrKind::kInt},
    {"input_forget", AttrKind::kInt},
};

}  // namespace

const OpDef kDynamicQuantizeLSTMOp = {
    .name = "DynamicQuantizeLSTM",
    .domain = "com.microsoft",
    .since = kSince,
    .attributes = kAttributes,
    .min_inputs = 3,
    .max_inputs = 12,
    .min_outputs = 0,
    .max_outputs = 3,
    .infer = Infer,
    .run = Run,
    .no_lowering = "no backend has recurrent operators",
};

}  // namespace insitu
