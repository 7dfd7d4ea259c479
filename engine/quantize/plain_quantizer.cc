// One function rewrites the graph; which nodes it touched is seen by comparing.
#include "quantize/plain_quantizer.h"

#include <algorithm>

#include "quantize/blocks.h"
#include "quantize/dynamic.h"
#include "quantize/half.h"
#include "quantize/samples.h"
#include "quantize/tables.h"
#include "quantize/written.h"

namespace insitu {
namespace {

using Rewrite = Result<int64_t> (*)(Graph& graph, const QuantizeOptions& options);

template <Rewrite layers>
Result<int64_t> WithTables(Graph& graph, const QuantizeOptions& options) {
  INSITU_ASSIGN(const int64_t nodes, layers(graph, options));
  INSITU_ASSIGN(const int64_t tables, QuantizeTables(graph, options));
  return nodes + tables;
}

Rewrite RewriteFor(QuantizeTo to) {
  switch (to) {
    case QuantizeTo::kDynamicInt8:
      return WithTables<QuantizeDynamic>;
    case QuantizeTo::kFloat16:
      return StoreHalves;
    case QuantizeTo::kBlocks:
    case QuantizeTo::kInt8:
      break;
  }
  return WithTables<QuantizeBlocks>;
}

class PlainQuantizer final : public Quantizer {
 public:
  PlainQuantizer(Graph graph, const QuantizeOptions& options, Runtime& runtime)
      : graph_(std::move(graph)),
        options_(options),
        runtime_(runtime),
        rewrite_(RewriteFor(options.to)) {}

  Status Start() {
    Graph rewritten = graph_;
    INSITU_TRY(rewrite_(rewritten, options_));
    for (NodeId id : graph_.Order())
      if (IsTouched(rewritten, id)) nodes_.push_back(graph_.node(id).name);
    return {};
  }

  bool WantsSamples() const override { return false; }

  Status Observe(std::span<const NamedTensor> feeds) override {
    if (!session_) {
      INSITU_ASSIGN(session_, LoadWritten(graph_, runtime_));
    }
    INSITU_ASSIGN(const auto outputs, session_->Run(feeds));
    return samples_.Add(feeds, outputs);
  }

  std::vector<std::string> Nodes() const override { return nodes_; }

  Result<LayerError> Measure(const std::string& node, int samples) override {
    std::set<std::string> others(nodes_.begin(), nodes_.end());
    if (others.erase(node) == 0) return NotQuantized(node);
    LayerError error{node, {}, {}, {}};
    for (NodeId id : graph_.Order())
      if (graph_.node(id).name == node) error.op = graph_.node(id).op;
    INSITU_ASSIGN(const Graph rewritten, Without(others));
    INSITU_ASSIGN(const auto session, LoadWritten(rewritten, runtime_));
    INSITU_ASSIGN(error.output_sqnr, samples_.Compare(*session, samples));
    return error;
  }

  Result<Buffer> Write(const std::map<std::string, std::string>& metadata,
                       const std::set<std::string>& in_float) override {
    INSITU_ASSIGN(Graph rewritten, Without(in_float));
    return WriteModel(std::move(rewritten), metadata);
  }

 private:
  // Replaced, or with inputs that are other values or no constants any more.
  bool IsTouched(const Graph& rewritten, NodeId id) const {
    const Node &before = graph_.node(id), &after = rewritten.node(id);
    return after.dead || after.inputs != before.inputs ||
           std::ranges::any_of(before.inputs, [&](ValueId input) {
             return graph_.IsConstant(input) != rewritten.IsConstant(input);
           });
  }

  Result<Graph> Without(const std::set<std::string>& nodes) const {
    QuantizeOptions options = options_;
    options.exclude_nodes.insert(nodes.begin(), nodes.end());
    Graph rewritten = graph_;
    INSITU_TRY(rewrite_(rewritten, options));
    return rewritten;
  }

  const Graph graph_;
  const QuantizeOptions options_;
  Runtime& runtime_;
  const Rewrite rewrite_;
  std::vector<std::string> nodes_;
  std::unique_ptr<Session> session_;
  Samples samples_;
};

}  // namespace

Result<std::unique_ptr<Quantizer>> MakePlainQuantizer(Graph graph, const QuantizeOptions& options,
                                                      Runtime& runtime) {
  auto quantizer = std::make_unique<PlainQuantizer>(std::move(graph), options, runtime);
  INSITU_TRY(quantizer->Start());
  return quantizer;
}

}  // namespace insitu
