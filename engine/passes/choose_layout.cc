// Chooses which nodes compute channels-last (NHWC) and puts Transposes where the layout changes.
// Why: XNNPACK's convolutions and pools want NHWC, ONNX is NCHW, and Transposes in the wrong places
// cost more than fast kernels gain. Nodes that a backend wants channels-last are so; nodes that a
// permutation may pass (OpDef.commute) are free; all others, inputs and outputs are not. What is
// left to choose is the cut of least bytes transposed, found exactly as a minimum cut. Transposes
// of the model from or to channels-last count as such changes and vanish where the layout agrees.
#include <algorithm>

#include "ops/op_def.h"
#include "passes/layout_rewriter.h"
#include "passes/min_cut.h"
#include "passes/passes.h"

namespace insitu {
namespace {

// Extents not known yet count as this many.
constexpr int64_t kGuessedExtent = 16;

// Bytes that a Transpose between the layouts moves; 0 where only extents of 1 change places.
int64_t TransposeCost(const Value& value) {
  const Shape& shape = *value.type.shape;
  double bytes = std::max(BitWidth(value.type.dtype), 8) / 8;
  for (const Dim& dim : shape)
    bytes *= static_cast<double>(dim.IsKnown() ? dim.value() : kGuessedExtent);
  const bool one_channel = shape[1] == Dim(1);
  const bool one_position =
      std::all_of(shape.begin() + 2, shape.end(), [](const Dim& dim) { return dim == Dim(1); });
  if (one_channel || one_position) return 0;
  return static_cast<int64_t>(std::min(bytes, 1e15)) + 1;
}

class LayoutChoice {
 public:
  LayoutChoice(const Graph& graph, const PassContext& context) : graph_(graph), context_(context) {}

  // For every node (by id), whether it is to compute channels-last.
  Result<std::vector<bool>> Choose() {
    vertex_.assign(graph_.node_count(), MinCut::kSink);
    const std::vector<NodeId> order = graph_.Order();
    for (NodeId id : order) {
      INSITU_ASSIGN(Vertex(id), Classify(graph_.node(id)));
      anything_wanted_ = anything_wanted_ || Vertex(id) == MinCut::kSource;
    }
    std::vector<bool> chosen(graph_.node_count());
    if (!anything_wanted_) return chosen;
    for (ValueId id : graph_.inputs) AddValue(id, MinCut::kSink);
    for (NodeId id : order)
      for (ValueId output : graph_.node(id).outputs)
        if (output != kNoValue) AddValue(output, ProducerVertex(id));
    const std::vector<bool> source_side = cut_.Solve();
    for (NodeId id : order)
      chosen[static_cast<size_t>(id)] = source_side[static_cast<size_t>(Vertex(id))];
    return chosen;
  }

 private:
  int& Vertex(NodeId id) { return vertex_[static_cast<size_t>(id)]; }

  Result<int> Classify(const Node& node) {
    INSITU_ASSIGN(const bool possible, CanBeChannelsLast(graph_, node));
    if (!possible) return MinCut::kSink;
    INSITU_ASSIGN(const bool wanted, context_.wants_channels_last(graph_, node));
    return wanted ? MinCut::kSource : cut_.AddVertex();
  }

  // A Transpose of the model is no layout of its own: what it reads, it would have channels-last;
  // or what it gives, is channels-last for nothing.
  int ProducerVertex(NodeId id) {
    return LayoutTransposeOf(graph_, graph_.node(id)) == LayoutTranspose::kFromLast
               ? MinCut::kSource
               : Vertex(id);
  }
  int ConsumerVertex(NodeId id) {
    return LayoutTransposeOf(graph_, graph_.node(id)) == LayoutTranspose::kToLast ? MinCut::kSource
                                                                                  : Vertex(id);
  }

  // Charges the value once when its producer and any of its readers disagree.
  void AddValue(ValueId id, int producer) {
    const Value& value = graph_.value(id);
    if (!value.type.shape || value.type.shape->size() < 3) return;
    const int64_t cost = TransposeCost(value);
    const int to_first = cut_.AddVertex(), to_last = cut_.AddVertex();
    cut_.AddEdge(producer, to_first, cost);
    cut_.AddEdge(to_last, producer, cost);
    const auto read_by = [&](int consumer) {
      cut_.AddEdge(to_first, consumer, MinCut::kInfinite);
      cut_.AddEdge(consumer, to_last, MinCut::kInfinite);
    };
    for (NodeId reader : graph_.Consumers(id)) read_by(ConsumerVertex(reader));
    if (graph_.IsOutput(id)) read_by(MinCut::kSink);
  }

  const Graph& graph_;
  const PassContext& context_;
  MinCut cut_;
  std::vector<int> vertex_;
  bool anything_wanted_ = false;
};

}  // namespace

Result<bool> ChooseLayout(Graph& graph, PassContext& context) {
  if (!context.wants_channels_last) return false;
  INSITU_ASSIGN(const std::vector<bool> chosen, LayoutChoice(graph, context).Choose());
  if (std::ranges::find(chosen, true) == chosen.end()) return false;
  INSITU_TRY(LayoutRewriter(graph).Rewrite(chosen));
  return true;
}

}  // namespace insitu
