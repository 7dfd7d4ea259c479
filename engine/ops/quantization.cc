// Checked reading of scales and zero points.
#include "ops/quantization.h"

#include <cmath>
#include <string>

#include "ops/elements.h"

namespace insitu {
namespace {

constexpr DTypeSet kZeroPointTypes =
    kFloat8Types | DTypeSet{DType::kUint8, DType::kInt8,  DType::kUint16, DType::kInt16,
                            DType::kInt32, DType::kUint4, DType::kInt4};

// `count` zero points from a tensor with 1 or `count` of them; zeros when it is omitted.
Result<std::vector<int32_t>> ZeroPoints(const TensorView& zero_point, int64_t count,
                                        std::string_view what) {
  constexpr int64_t kMostChannels = int64_t{1} << 24;
  if (count > kMostChannels)
    return Fail(ErrorCode::kLimitExceeded, std::string(what) + " has " + std::to_string(count) +
                                               " channels, more than " +
                                               std::to_string(kMostChannels));
  std::vector<int32_t> zeros(static_cast<size_t>(count), 0);
  if (zero_point.dtype == DType::kUndefined) return zeros;
  if (!kZeroPointTypes.Has(zero_point.dtype))
    return Fail(ErrorCode::kUnsupportedType, "the zero point of " + std::string(what) + " is " +
                                                 std::string(Name(zero_point.dtype)));
  const int64_t given = zero_point.elements();
  if (given != 1 && given != count)
    return Fail(ErrorCode::kShapeMismatch, "the zero point of " + std::string(what) + " has " +
                                               std::to_string(given) + " elements; 1 or " +
                                               std::to_string(count) + " are needed");
  for (int64_t i = 0; i < count; ++i) {
    const int64_t at = given == 1 ? 0 : i;
    if (kFloat8Types.Has(zero_point.dtype) && LoadReal(zero_point, at) != 0)
      return Fail(ErrorCode::kInvalidModel,
                  "a zero point of " + std::string(what) + " is float8 and not 0");
    zeros[static_cast<size_t>(i)] = static_cast<int32_t>(LoadInteger(zero_point, at));
  }
  return zeros;
}

const TensorView kOmitted;

const TensorView& InputOrOmitted(const RunContext& context, size_t i) {
  return context.HasInput(i) ? context.inputs[i] : kOmitted;
}

}  // namespace

Result<ChannelQuantization> ReadChannelQuantization(const TensorView& scale,
                                                    const TensorView& zero_point, int64_t channels,
                                                    std::string_view what) {
  const std::string of = " of " + std::string(what);
  if (!kScaleTypes.Has(scale.dtype))
    return Fail(ErrorCode::kUnsupportedType, "the scale" + of + " is " +
                                                 std::string(Name(scale.dtype)) +
                                                 "; float32, float16 or bfloat16 is needed");
  const int64_t count = scale.elements();
  if (count != 1 && count != channels)
    return Fail(ErrorCode::kShapeMismatch, "the scale" + of + " has " + std::to_string(count) +
                                               " elements; 1 or " + std::to_string(channels) +
                                               " are needed");
  ChannelQuantization quantization;
  for (int64_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(LoadReal(scale, i));
    if (!(value > 0.0f) || !std::isfinite(value))
      return Fail(ErrorCode::kInvalidModel,
                  "a scale" + of + " is not positive and finite: " + std::to_string(value),
                  "Quantize the model again; a layer had no range.");
    quantization.scale.push_back(value);
  }
  INSITU_ASSIGN(quantization.zero_point, ZeroPoints(zero_point, count, what));
  return quantization;
}

Result<Quantization> ReadQuantization(const TensorView& scale, const TensorView& zero_point,
                                      std::string_view what) {
  INSITU_ASSIGN(const ChannelQuantization read,
                ReadChannelQuantization(scale, zero_point, 1, what));
  return Quantization{read.scale[0], read.zero_point[0]};
}

Result<std::vector<int32_t>> ReadZeroPoints(const RunContext& context, size_t input,
                                            int64_t channels, std::string_view what) {
  return ZeroPoints(InputOrOmitted(context, input), channels, what);
}

Result<Quantization> ReadQuantization(const RunContext& context, size_t scale, size_t zero_point,
                                      std::string_view what) {
  return ReadQuantization(InputOrOmitted(context, scale), InputOrOmitted(context, zero_point),
                          what);
}

std::expected<ChannelQuantization, Refusal> LowerChannelQuantization(const LowerContext& context,
                                                                     size_t scale,
                                                                     size_t zero_point,
                                                                     int64_t channels) {
  const Tensor* scales = context.HasInput(scale) ? context.constant(scale) : nullptr;
  if (!scales) return Refuse("a scale is computed at run time");
  TensorView zeros;
  if (context.HasInput(zero_point)) {
    const Tensor* constant = context.constant(zero_point);
    if (!constant) return Refuse("a zero point is computed at run time");
    zeros = constant->View();
  }
  auto read = ReadChannelQuantization(scales->View(), zeros, channels, "an operand");
  if (!read) return Refuse(read.error());
  return *std::move(read);
}

std::expected<Quantization, Refusal> LowerQuantization(const LowerContext& context, size_t scale,
                                                       size_t zero_point) {
  auto read = LowerChannelQuantization(context, scale, zero_point, 1);
  if (!read) return std::unexpected(read.error());
  return Quantization{read->scale[0], read->zero_point[0]};
}

Status CheckByteInput(const InferContext& context, size_t i, std::string_view what) {
  if (IsByte(context.dtype(i))) return {};
  return Fail(ErrorCode::kUnsupportedType,
              std::string(what) + ", input " + context.Describe(i) + ", must be uint8 or int8");
}

Status RequireInputs(const InferContext& context, std::initializer_list<size_t> inputs) {
  for (size_t i : inputs)
    if (!context.HasInput(i))
      return Fail(ErrorCode::kInvalidModel, "input " + std::to_string(i) + " is missing");
  return {};
}

DType ZeroPointType(const InferContext& context, size_t i, DType fallback) {
  return context.HasInput(i) ? context.dtype(i) : fallback;
}

}  // namespace insitu
