// insitu.FlipSign: y = x XOR 0x80, which turns uint8 into int8 and back without changing the real
// number it stands for when the zero point moves by 128 as well. One of insitu's own operators:
// passes/prefer_signed.cc puts it where a signed region meets an unsigned one.
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/quantization.h"

namespace insitu {
namespace {

DType OtherSign(DType type) { return type == DType::kUint8 ? DType::kInt8 : DType::kUint8; }

Status Infer(InferContext& context) {
  INSITU_TRY(CheckByteInput(context, 0, "x"));
  context.SetOutput(0, OtherSign(context.dtype(0)), ShapeOf(context, 0));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, OtherSign(x.dtype), x.dims));
  for (size_t i = 0; i < x.size_bytes(); ++i) y.data[i] = x.data[i] ^ std::byte{0x80};
  return {};
}

Lowering Lower(const LowerContext&) {
  lowered::ByteMap map;
  for (size_t i = 0; i < map.table.size(); ++i) map.table[i] = static_cast<uint8_t>(i ^ 0x80);
  return LoweredNode{map, {0}};
}

constexpr int kSince[] = {1};

}  // namespace

const OpDef kFlipSignOp = {
    .name = "FlipSign",
    .domain = "insitu",
    .since = kSince,
    .infer = Infer,
    .run = Run,
    .lower = Lower,
    .commute = CommuteUnchanged,
};

}  // namespace insitu
