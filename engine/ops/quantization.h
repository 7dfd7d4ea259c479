// Reading scale and zero-point operands, for runs (views), lowering and passes (constants) alike.
// Invariant: what is given back is checked: counts match, scales are finite and positive, zero
// points fit the element type they belong to.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/tensor.h"
#include "ops/infer_util.h"
#include "ops/lowering.h"
#include "ops/op_def.h"

namespace insitu {

// One scale and zero point, or one per channel.
struct ChannelQuantization {
  std::vector<float> scale;
  std::vector<int32_t> zero_point;  // as many as scales

  bool PerTensor() const { return scale.size() == 1; }
  float ScaleAt(int64_t channel) const {
    return scale[PerTensor() ? 0 : static_cast<size_t>(channel)];
  }
  int32_t ZeroPointAt(int64_t channel) const {
    return zero_point[PerTensor() ? 0 : static_cast<size_t>(channel)];
  }
};

// The types of scales. Those of 16 bits are read as float32; int32 scales came with int32 data.
inline constexpr DTypeSet kScaleTypes = {DType::kFloat32, DType::kFloat16, DType::kBfloat16,
                                         DType::kInt32};
inline constexpr DTypeSet kFloat8Types = {DType::kFloat8E4M3FN, DType::kFloat8E4M3FNUZ,
                                          DType::kFloat8E5M2, DType::kFloat8E5M2FNUZ};

inline bool IsByte(DType dtype) { return dtype == DType::kUint8 || dtype == DType::kInt8; }

// A zero point of dtype kUndefined is omitted and means 0. `what` names the operand in errors.
Result<Quantization> ReadQuantization(const TensorView& scale, const TensorView& zero_point,
                                      std::string_view what);
// One scale, or `channels` of them.
Result<ChannelQuantization> ReadChannelQuantization(const TensorView& scale,
                                                    const TensorView& zero_point, int64_t channels,
                                                    std::string_view what);

// The zero points alone, one per channel, from an optional input; zeros when it is omitted.
Result<std::vector<int32_t>> ReadZeroPoints(const RunContext& context, size_t input,
                                            int64_t channels, std::string_view what);
// Scale and zero point from the inputs of a run.
Result<Quantization> ReadQuantization(const RunContext& context, size_t scale, size_t zero_point,
                                      std::string_view what);
// From constants; a Refusal when they are not constant.
std::expected<Quantization, Refusal> LowerQuantization(const LowerContext& context, size_t scale,
                                                       size_t zero_point);
std::expected<ChannelQuantization, Refusal> LowerChannelQuantization(const LowerContext& context,
                                                                     size_t scale,
                                                                     size_t zero_point,
                                                                     int64_t channels);

// InvalidModel unless input i of a quantized operator is uint8 or int8.
Status CheckByteInput(const InferContext& context, size_t i, std::string_view what);
// InvalidModel unless these inputs are given, for operators with optional ones in between.
Status RequireInputs(const InferContext& context, std::initializer_list<size_t> inputs);
// The element type of an optional zero point, or `fallback` when omitted.
DType ZeroPointType(const InferContext& context, size_t i, DType fallback);

// Calls f with a value of the C++ type of a uint8 or int8 tensor; UnsupportedType otherwise.
template <class F>
Status DispatchByte(DType dtype, F&& f) {
  if (dtype == DType::kUint8) return f(uint8_t{});
  if (dtype == DType::kInt8) return f(int8_t{});
  return Fail(ErrorCode::kUnsupportedType, "quantized data of type " + std::string(Name(dtype)) +
                                               "; insitu computes with uint8 and int8");
}

}  // namespace insitu
