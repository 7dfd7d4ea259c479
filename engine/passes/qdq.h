// What the files of fuse_qdq share: recognising quantized values around a float operator and
// putting one integer operator in its place.
// Invariant: scales and zero points are constants of the graph, checked by ops/quantization.h.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ops/quantization.h"
#include "passes/passes.h"

namespace insitu {

// The integers behind a float value: the operands of its DequantizeLinear.
struct QuantizedValue {
  ValueId value = kNoValue, scale = kNoValue;
  ValueId zero_point = kNoValue;  // may be omitted
  DType dtype = DType::kUndefined;
  ChannelQuantization numbers;
  int64_t axis = 1;  // of scales per channel; may be negative

  bool PerTensor() const { return numbers.PerTensor(); }
};

// What DequantizeLinear in front of `value` reads; nullopt when something else produces it, its
// parameters are not constant, or it quantizes in blocks.
std::optional<QuantizedValue> DequantizedFrom(const Graph& graph, ValueId value);
// As above, but only uint8 or int8 with one scale.
std::optional<QuantizedValue> DequantizedBytes(const Graph& graph, ValueId value);
// Constant uint8 or int8 weights of this rank (0: any), with one scale or one per element of
// `channel_axis`.
std::optional<QuantizedValue> DequantizedWeights(const Graph& graph, ValueId value, size_t rank,
                                                 int64_t channel_axis);
// Equal type, scale (bit for bit) and zero point.
bool SameQuantization(const QuantizedValue& a, const QuantizedValue& b);
// The zero point as a value, making a constant 0 of the right type where it was omitted.
Result<ValueId> ZeroPointOf(Graph& graph, const QuantizedValue& value);

// A QuantizeLinear (per tensor, to uint8 or int8) and the float operators in front of it, each read
// by nothing else: clamps, and what produces their input.
struct QuantizedOutput {
  NodeId quantize = kNoNode;
  std::vector<NodeId> clamps;  // Relu and Clip, from the last to the first
  ValueId source = kNoValue;   // the input of the first clamp
  NodeId producer = kNoNode;   // of source; kNoNode where others read it too, or it has none
  QuantizedValue y;
  std::optional<Clamp> clamp;  // in steps of y, where it is narrower than the type
};
std::optional<QuantizedOutput> MatchOutput(const Graph& graph, NodeId quantize);

// Turns the QuantizeLinear into `node` with these inputs; clamps and producer vanish into it.
// `node` has the clamp of the match as its activation unless it is a Clip.
void ReplaceOutput(Graph& graph, PassContext& context, const QuantizedOutput& match, Node node,
                   std::vector<ValueId> inputs, std::string_view remark = {});

// Removes DequantizeLinear nodes that nothing reads any more.
void RemoveUnreadDequantize(Graph& graph, PassContext& context);
// The attributes of a float node without its fused activation.
Attributes WithoutActivation(const Node& node);

// The patterns, each true when it replaced something. fuse_qdq_linear.cc:
Result<bool> FuseQdqConv(Graph& graph, PassContext& context, const QuantizedOutput& match);
Result<bool> FuseQdqGemm(Graph& graph, PassContext& context, const QuantizedOutput& match);
Result<bool> FuseQdqMatMul(Graph& graph, PassContext& context, const QuantizedOutput& match);
// fuse_qdq_elementwise.cc:
Result<bool> FuseQdqBinary(Graph& graph, PassContext& context, const QuantizedOutput& match);
Result<bool> FuseQdqPool(Graph& graph, PassContext& context, const QuantizedOutput& match);
Result<bool> FuseQdqSoftmax(Graph& graph, PassContext& context, const QuantizedOutput& match);
Result<bool> FuseQdqWhere(Graph& graph, PassContext& context, const QuantizedOutput& match);
Result<bool> FuseQdqConcat(Graph& graph, PassContext& context, const QuantizedOutput& match);
Result<bool> FuseQdqClamps(Graph& graph, PassContext& context, const QuantizedOutput& match);
// fuse_qdq_map.cc:
Result<bool> FuseQdqMap(Graph& graph, PassContext& context, const QuantizedOutput& match);

}  // namespace insitu
