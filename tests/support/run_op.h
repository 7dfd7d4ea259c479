// Calls one operator with given inputs: RunOp("Softmax", {x}, {{"axis", int64_t{1}}}).
// Every call goes two ways, once with the inputs known to inference and once with their extents
// alone (outputs then allocated by run()), and both must agree.
#pragma once

#include <initializer_list>

#include "support/evaluate.h"

namespace insitu::test {

template <class T>
Tensor Make(Dims dims, std::initializer_list<T> values) {
  return Value(Tensor::From<T>(std::move(dims), std::span(values.begin(), values.size())));
}
inline Tensor Floats(Dims dims, std::initializer_list<float> values) {
  return Make<float>(std::move(dims), values);
}
inline Tensor Longs(std::initializer_list<int64_t> values) {
  return Make<int64_t>({static_cast<int64_t>(values.size())}, values);
}
inline Tensor Bools(Dims dims, std::initializer_list<uint8_t> values) {
  return Value(Tensor::FromBytes(DType::kBool, std::move(dims),
                                 std::as_bytes(std::span(values.begin(), values.size()))));
}
inline Tensor Strings(Dims dims, std::vector<std::string> values) {
  return Value(Tensor::FromStrings(std::move(dims), std::move(values)));
}

struct OpCall {
  Attributes attributes;
  size_t outputs = 1;
  std::string domain;
  bool inputs_known = true;  // to inference, elements and all
};

inline Result<std::vector<Tensor>> RunOpOnce(const std::string& op,
                                             const std::vector<Tensor>& inputs,
                                             const OpCall& call) {
  Graph graph;
  Node node{"node", call.domain, op, {}, {}, call.attributes, false};
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].empty()) {
      node.inputs.push_back(kNoValue);
      continue;
    }
    insitu::Value value{"in" + std::to_string(i),
                        {inputs[i].dtype(), ToShape(inputs[i].dims())},
                        std::nullopt,
                        std::nullopt};
    if (call.inputs_known) value.constant = inputs[i];
    node.inputs.push_back(graph.AddValue(std::move(value)));
  }
  for (size_t i = 0; i < call.outputs; ++i)
    node.outputs.push_back(
        graph.AddValue({"out" + std::to_string(i), {}, std::nullopt, std::nullopt}));
  const NodeId id = graph.AddNode(std::move(node));
  INSITU_TRY(InferNode(graph, id));
  INSITU_ASSIGN(auto outputs, EvaluateNode(graph, id, inputs));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const ValueType& type = graph.value(graph.node(id).outputs[i]).type;
    if (!(type.dtype == outputs[i].dtype()))
      return Fail(ErrorCode::kInternal, "inference and run differ in type");
  }
  return outputs;
}

inline Result<std::vector<Tensor>> TryOp(const std::string& op, const std::vector<Tensor>& inputs,
                                         OpCall call = {}) {
  auto known = RunOpOnce(op, inputs, call);
  call.inputs_known = false;
  auto unknown = RunOpOnce(op, inputs, call);
  CHECK(known.has_value() == unknown.has_value());
  if (known && unknown)
    for (size_t i = 0; i < known->size(); ++i) CheckClose((*known)[i], (*unknown)[i], 0);
  return known;
}

inline std::vector<Tensor> RunOpAll(const std::string& op, const std::vector<Tensor>& inputs,
                                    OpCall call = {}) {
  return Value(TryOp(op, inputs, std::move(call)));
}

// Output 0.
inline Tensor RunOp(const std::string& op, const std::vector<Tensor>& inputs,
                    Attributes attributes = {}) {
  return RunOpAll(op, inputs, {.attributes = std::move(attributes), .domain = {}}).front();
}

// The code of the error that the call must give.
inline ErrorCode OpError(const std::string& op, const std::vector<Tensor>& inputs,
                         Attributes attributes = {}) {
  auto result = TryOp(op, inputs, {.attributes = std::move(attributes), .domain = {}});
  REQUIRE(!result.has_value());
  CHECK(!result.error().message.empty());
  CHECK(result.error().op == op);
  return result.error().code;
}

}  // namespace insitu::test
