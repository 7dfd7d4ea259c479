// Which uint8 values of a graph prefer_signed.cc turns into int8, and where operators carry them.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <set>
#include <vector>

#include "ir/graph.h"

namespace insitu {

inline constexpr size_t kNoPort = std::numeric_limits<size_t>::max();

// A place where an operator reads or writes quantized activations and would as well do so with the
// other sign, once the zero point input (if any) moves along.
struct Port {
  size_t index = 0;
  bool output = false;
  size_t zero_point = kNoPort;  // index of the input with it

  ValueId Value(const Node& node) const {
    const auto& values = output ? node.outputs : node.inputs;
    return index < values.size() ? values[index] : kNoValue;
  }
};

// The ports of a node whose zero points are constant; empty for operators that are not listed.
std::vector<Port> PortsOf(const Graph& graph, const Node& node);
bool HasPort(const Graph& graph, const Node& node, ValueId value, bool output);

// Constant weights of a quantized linear operator.
struct Weights {
  size_t input = 0, zero_point = 0;
  bool is_signed = false;
  bool turnable = false;  // uint8 and every zero point 128
};
std::optional<Weights> WeightsOf(const Graph& graph, const Node& node);

// The values that are to become int8.
class SignedRegions {
 public:
  explicit SignedRegions(std::set<ValueId> turned) : turned_(std::move(turned)) {}
  bool Turns(ValueId value) const { return turned_.contains(value); }
  const std::set<ValueId>& turned() const { return turned_; }

 private:
  std::set<ValueId> turned_;
};
SignedRegions FindSignedRegions(const Graph& graph);

}  // namespace insitu
