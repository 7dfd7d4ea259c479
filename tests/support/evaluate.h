// Runs a graph node by node on OpDef.run, without plan or executor: what passes and operators are
// judged by. Also random tensors and comparison with a tolerance.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/error.h"
#include "ir/graph.h"
#include "ops/elements.h"
#include "ops/evaluate_node.h"
#include "ops/op_def.h"

namespace insitu::test {

using Feeds = std::map<std::string, Tensor>;

// The value of a Result, or a test failure that prints its error.
template <class T>
T Value(Result<T> result) {
  if (!result) FAIL(ToString(result.error()));
  return *std::move(result);
}
inline void Check(const Status& status) {
  if (!status) FAIL(ToString(status.error()));
}

// The graph's outputs in order. `graph` is a copy on purpose: values become constants as they are
// computed, so that shapes that depend on data resolve.
inline Result<std::vector<Tensor>> Evaluate(Graph graph, const Feeds& feeds) {
  for (ValueId id : graph.inputs) {
    insitu::Value& input = graph.value(id);
    const auto feed = feeds.find(input.name);
    if (feed == feeds.end())
      return Fail(ErrorCode::kInvalidArgument, "no feed for '" + input.name + "'");
    input.constant = feed->second;
    input.elements.reset();
    input.type = {feed->second.dtype(), ToShape(feed->second.dims())};
  }
  for (NodeId id : graph.Order()) {
    INSITU_TRY(InferNode(graph, id));
    std::vector<Tensor> inputs;
    for (ValueId input : graph.node(id).inputs) {
      const Tensor* constant = graph.Constant(input);
      if (input != kNoValue && !constant)
        return Fail(ErrorCode::kInternal, "'" + graph.value(input).name + "' was not computed");
      inputs.push_back(constant ? *constant : Tensor());
    }
    INSITU_ASSIGN(auto outputs, EvaluateNode(graph, id, inputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      const ValueId output = graph.node(id).outputs[i];
      if (output == kNoValue) continue;
      graph.value(output).type = {outputs[i].dtype(), ToShape(outputs[i].dims())};
      graph.value(output).constant = std::move(outputs[i]);
      graph.value(output).elements.reset();
    }
  }
  std::vector<Tensor> results;
  for (ValueId id : graph.outputs) {
    if (!graph.Constant(id))
      return Fail(ErrorCode::kInternal, "output '" + graph.value(id).name + "' has no source");
    results.push_back(*graph.Constant(id));
  }
  return results;
}

// Normal values for floats, the whole range for 8-bit types, 0 or 1 for bool, -50..50 otherwise.
inline Tensor RandomTensor(DType dtype, const Dims& dims, uint32_t seed) {
  std::mt19937 random(seed);
  Tensor tensor = Value(Tensor::Allocate(dtype, dims));
  std::normal_distribution<double> normal;
  const int low = dtype == DType::kInt8 ? -128 : BitWidth(dtype) == 8 ? 0 : -50;
  const int high = dtype == DType::kInt8 ? 127 : BitWidth(dtype) == 8 ? 255 : 50;
  std::uniform_int_distribution<int64_t> integer(low, high), bit(0, 1);
  for (int64_t i = 0; i < tensor.elements(); ++i) {
    if (ArithmeticOf(dtype) == Arithmetic::kReal) {
      const double value = normal(random);
      StoreElements(&value, 1, tensor.View(), i);
    } else {
      const int64_t value = dtype == DType::kBool ? bit(random) : integer(random);
      StoreElements(&value, 1, tensor.View(), i);
    }
  }
  return tensor;
}

// A random feed for every input; symbolic and unknown extents become `extent`.
inline Feeds RandomFeeds(const Graph& graph, uint32_t seed, int64_t extent = 3) {
  Feeds feeds;
  for (ValueId id : graph.inputs) {
    const insitu::Value& input = graph.value(id);
    Dims dims;
    for (const Dim& dim : input.type.shape.value_or(Shape{}))
      dims.push_back(dim.IsKnown() ? dim.value() : extent);
    feeds[input.name] = RandomTensor(input.type.dtype, dims, seed++);
  }
  return feeds;
}

// Type and extents equal; integers, bools and strings equal; floats within `tolerance` relative to
// the larger of 1 and the value.
inline void CheckClose(const Tensor& got, const Tensor& want, double tolerance = 1e-5) {
  REQUIRE(Name(got.dtype()) == Name(want.dtype()));
  REQUIRE(got.dims() == want.dims());
  if (!IsTensorType(want.dtype())) {
    for (size_t i = 0; i < want.items().size(); ++i)
      CheckClose(got.items()[i], want.items()[i], tolerance);
    return;
  }
  if (want.dtype() == DType::kString) {
    CHECK(got.strings() == want.strings());
    return;
  }
  const bool real = ArithmeticOf(want.dtype()) == Arithmetic::kReal;
  for (int64_t i = 0; i < want.elements(); ++i) {
    bool same;
    if (real) {
      const double a = LoadReal(got.View(), i), b = LoadReal(want.View(), i);
      same = a == b || (std::isnan(a) && std::isnan(b)) ||
             std::fabs(a - b) <= tolerance * std::fmax(1, std::fabs(b));
    } else {
      same = LoadInteger(got.View(), i) == LoadInteger(want.View(), i);
    }
    if (same) continue;
    INFO("element " << i << ": got " << LoadReal(got.View(), i) << ", want "
                    << LoadReal(want.View(), i));
    REQUIRE(same);
  }
}

}  // namespace insitu::test
