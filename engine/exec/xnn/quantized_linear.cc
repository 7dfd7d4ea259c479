// Choice of the integer form and the checks that XNNPACK would otherwise make at creation.
#include "exec/xnn/quantized_linear.h"

#include <algorithm>
#include <cmath>

#include "exec/xnn/sign_flip.h"
#include "exec/xnn/xnn_operator.h"
#include "ops/infer_util.h"

namespace insitu::xnn {
namespace {

// XNNPACK rejects larger factors from accumulator to output.
constexpr float kMaxRequantization = 256.0f;

int32_t Flipped(int32_t zero_point, bool flip, bool to_unsigned) {
  if (!flip) return zero_point;
  return to_unsigned ? zero_point + 128 : zero_point - 128;
}

bool InRange(int32_t zero_point, DType dtype) {
  return dtype == DType::kInt8 ? zero_point >= -128 && zero_point <= 127
                               : zero_point >= 0 && zero_point <= 255;
}

bool AllEqual(std::span<const int32_t> values, int32_t value) {
  return std::ranges::all_of(values, [=](int32_t v) { return v == value; });
}

}  // namespace

std::expected<QuantizedLinear, Refusal> ResolveQuantizedLinear(const LinearOperands& o) {
  if (!IsByte(o.input) || !IsByte(o.output) || !IsByte(o.weights.dtype()))
    return Refuse("only 8-bit integers in, out and as weights");
  if (!o.x || !o.y) return Refuse("the quantization of input and output must be known");
  if (!o.bias.empty() &&
      (o.bias.dtype() != DType::kInt32 || o.bias.elements() != o.output_channels))
    return Refuse("the bias must be int32, one per output channel");
  if (!IsUsableScale(o.x->scale) || !IsUsableScale(o.y->scale))
    return Refuse("input and output scales must be positive, normal numbers");
  if (!InRange(o.x->zero_point, o.input) || !InRange(o.y->zero_point, o.output))
    return Refuse("a zero point outside its type");
  const auto channels = static_cast<size_t>(o.output_channels);
  if (o.w_scale.size() != 1 && o.w_scale.size() != channels)
    return Refuse("weight scales must be one or one per output channel");
  for (float scale : o.w_scale) {
    if (!IsUsableScale(scale)) return Refuse("weight scales must be positive, normal numbers");
    if (!(o.x->scale * scale / o.y->scale < kMaxRequantization))
      return Refuse("the factor from accumulator to output is 256 or more");
  }

  QuantizedLinear result;
  const bool unsigned_weights = o.weights.dtype() == DType::kUint8;
  const int32_t middle = unsigned_weights ? 128 : 0;
  if (AllEqual(o.w_zero_point, middle) && !(unsigned_weights && o.w_zero_point.empty())) {
    result.w_scale.assign(channels, o.w_scale[0]);
    if (o.w_scale.size() == channels) result.w_scale.assign(o.w_scale.begin(), o.w_scale.end());
  } else {
    const int32_t zero_point = o.w_zero_point.empty() ? 0 : o.w_zero_point[0];
    if (o.w_scale.size() != 1 || !AllEqual(o.w_zero_point, zero_point) ||
        !InRange(zero_point, o.weights.dtype()))
      return Refuse("weights with a zero point must have one scale and one zero point");
    result.is_unsigned = true;
    result.w_scale.assign(1, o.w_scale[0]);
    result.w_zero_point = Flipped(zero_point, !unsigned_weights, true);
  }

  const bool u = result.is_unsigned;
  const DType native = u ? DType::kUint8 : DType::kInt8;
  result.flip_x = o.input != native;
  result.flip_w = o.weights.dtype() != native;
  result.flip_y = o.output != native;
  result.x_scale = o.x->scale;
  result.y_scale = o.y->scale;
  result.x_zero_point = Flipped(o.x->zero_point, result.flip_x, u);
  result.y_zero_point = Flipped(o.y->zero_point, result.flip_y, u);
  const float type_min = o.output == DType::kInt8 ? -128.0f : 0.0f;
  const float type_max = o.output == DType::kInt8 ? 127.0f : 255.0f;
  const float low = std::clamp(std::ceil(o.clamp.min), type_min, type_max);
  const float high = std::clamp(std::floor(o.clamp.max), type_min, type_max);
  if (!(low <= high)) return Refuse("the output clamp is empty");
  result.y_min = Flipped(static_cast<int32_t>(low), result.flip_y, u);
  result.y_max = Flipped(static_cast<int32_t>(high), result.flip_y, u);
  return result;
}

Result<const std::byte*> QuantizedLinear::Weights(const Tensor& weights, Buffer& storage) const {
  if (!flip_w || !weights.data()) return weights.data();
  INSITU_ASSIGN(storage, Buffer::Allocate(weights.size_bytes()));
  FlipSigns(weights.data(), storage.data(), weights.size_bytes());
  return storage.data();
}

std::optional<Refusal> CheckFloatLinear(const LinearOperands& o) {
  if (o.input != DType::kFloat32 || o.output != DType::kFloat32)
    return Refusal{"only float32 and quantized 8-bit types"};
  if (o.weights.dtype() != DType::kFloat32) return Refusal{"float32 input needs float32 weights"};
  if (!o.bias.empty() &&
      (o.bias.dtype() != DType::kFloat32 || o.bias.elements() != o.output_channels))
    return Refusal{"the bias must be float32, one per output channel"};
  if (!(o.clamp.min <= o.clamp.max)) return Refusal{"the output clamp is empty"};
  return std::nullopt;
}

}  // namespace insitu::xnn
