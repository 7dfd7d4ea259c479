// Graphs in text form, quantized: what is left of them, what they compute, on the reference and
// through a file on the engine, and how far that may be from float.
#pragma once

#include <functional>
#include <memory>

#include "ir/text.h"
#include "ir/verify.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "passes/passes.h"
#include "quantize/options.h"
#include "session/session.h"
#include "support/evaluate.h"

namespace insitu::test {

using Quantize = Result<int64_t> (*)(Graph&, const QuantizeOptions&);

inline Graph Read(const std::string& text) {
  Graph graph = Value(Parse(text));
  Check(InferShapes(graph));
  return graph;
}

// The operators, in order: "MatMul, Add".
inline std::string Ops(const Graph& graph) {
  std::string ops;
  for (NodeId id : graph.Order()) ops += (ops.empty() ? "" : ", ") + graph.node(id).op;
  return ops;
}

inline ValueId Named(const Graph& graph, const std::string& name) {
  for (size_t i = 0; i < graph.value_count(); ++i)
    if (graph.value(static_cast<ValueId>(i)).name == name) return static_cast<ValueId>(i);
  FAIL("no value '" << name << "'");
  return kNoValue;
}

inline ModelBytes AsFile(const Graph& graph) {
  auto buffer = std::make_shared<Buffer>(Value(ExportModel(graph)));
  return {std::span<const std::byte>(buffer->data(), buffer->size()), buffer};
}

// The graph quantized, `changed` nodes of it; read from a file it computes the same.
inline Graph Quantized(const Graph& before, Quantize quantize, const QuantizeOptions& options,
                       int64_t changed) {
  Graph after = before;
  CHECK(Value(quantize(after, options)) == changed);
  Check(Verify(after));
  const Graph read = Value(ImportModel(AsFile(after), {})).graph;
  CHECK(Ops(read) == Ops(after));
  const Feeds feeds = RandomFeeds(before, 77);
  const auto want = Value(Evaluate(after, feeds)), got = Value(Evaluate(read, feeds));
  for (size_t i = 0; i < want.size(); ++i) CheckClose(got[i], want[i], 0);
  return after;
}

inline std::string OpsAfterPasses(Graph graph, PassContext context = {}) {
  Check(RunPasses(graph, context));
  return Ops(graph);
}

// The first output of the graph as a file, loaded; `rows` receives where nodes ran.
inline Tensor OnEngine(const Graph& graph, const Feeds& feeds,
                       std::vector<ExplainRow>* rows = nullptr) {
  const auto runtime = Value(Runtime::Create(1));
  auto session = Value(Session::Load(AsFile(graph), {}, *runtime));
  std::vector<NamedTensor> given;
  for (const auto& [name, tensor] : feeds) given.push_back({name, Value(tensor.Copy())});
  if (rows) *rows = session->Explain();
  return Value(session->Run(given)).front().tensor;
}

// A copy in which element i of a constant of floats is f(i, its value).
inline Tensor Mapped(const Tensor& tensor, const std::function<float(size_t, float)>& f) {
  Tensor mapped = Value(tensor.Copy());
  for (size_t i = 0; i < mapped.As<float>().size(); ++i)
    mapped.As<float>()[i] = f(i, mapped.As<float>()[i]);
  return mapped;
}
inline Graph WithMapped(Graph graph, const std::string& constant,
                        const std::function<float(size_t, float)>& f) {
  auto& value = graph.value(Named(graph, constant));
  value.constant = Mapped(*value.constant, f);
  return graph;
}

// How far a linear layer may be off, one number an output: `layer` reads input x and constants w
// and, where it has one, bias; its data is off by x_error, element i of its weights by w_error(i).
inline Tensor LinearBound(Graph layer, Feeds feeds, float x_error,
                          const std::function<float(size_t)>& w_error) {
  for (size_t i = 0; i < layer.value_count(); ++i)
    if (layer.value(static_cast<ValueId>(i)).name == "bias")
      layer = WithMapped(layer, "bias", [](size_t, float) { return 0.0F; });
  const Graph of_weights = WithMapped(layer, "w", [&](size_t i, float) { return w_error(i); });
  const Graph of_data =
      WithMapped(layer, "w", [&](size_t i, float w) { return std::abs(w) + w_error(i); });
  Feeds constant = feeds;
  feeds["x"] = Mapped(feeds["x"], [](size_t, float x) { return std::abs(x); });
  constant["x"] = Mapped(constant["x"], [&](size_t, float) { return x_error; });
  Tensor bound = Value(Evaluate(of_weights, feeds))[0];
  const Tensor more = Value(Evaluate(of_data, constant))[0];
  return Mapped(bound, [&](size_t i, float b) { return b + more.As<float>()[i]; });
}

// Some elements differ, none by more than the bound and the rounding of floats.
inline void CheckWithin(const Tensor& got, const Tensor& want, const Tensor& bound) {
  REQUIRE(got.dims() == want.dims());
  bool differs = false;
  for (size_t i = 0; i < want.As<float>().size(); ++i) {
    const double error = std::abs(got.As<float>()[i] - want.As<float>()[i]);
    INFO("element " << i << ": " << got.As<float>()[i] << " for " << want.As<float>()[i]);
    REQUIRE(error <= bound.As<float>()[i] * 1.0001 + 1e-5 * (1 + std::abs(want.As<float>()[i])));
    differs = differs || error > 0;
  }
  CHECK(differs);
}

}  // namespace insitu::test
