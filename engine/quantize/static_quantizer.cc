// The float model with the activations of interest as further outputs, and what is kept of them.
#include "quantize/static_quantizer.h"

#include <algorithm>
#include <cmath>

#include "quantize/float_graph.h"
#include "quantize/matrix_layer.h"
#include "quantize/samples.h"
#include "quantize/smooth.h"
#include "quantize/static_rewriter.h"
#include "quantize/static_selection.h"
#include "quantize/tables.h"
#include "quantize/weight_codes.h"
#include "quantize/written.h"

namespace insitu {
namespace {

// Means by channel, and the mean extents.
class ChannelMeans {
 public:
  void Add(const Tensor& tensor) {
    constexpr size_t axis = 1;
    const Dims& dims = tensor.dims();
    if (axis >= dims.size()) return;
    extents_.resize(dims.size(), 0);
    for (size_t i = 0; i < dims.size(); ++i) extents_[i] += static_cast<double>(dims[i]);
    ++samples_;
    sums_.resize(static_cast<size_t>(dims[axis]), 0);
    if (sums_.empty()) return;
    size_t inner = 1;
    for (size_t i = axis + 1; i < dims.size(); ++i) inner *= static_cast<size_t>(dims[i]);
    const auto values = tensor.As<float>();
    for (size_t i = 0; i < values.size(); ++i) sums_[i / inner % sums_.size()] += values[i];
    count_ += static_cast<double>(values.size()) / static_cast<double>(sums_.size());
  }
  InputMeans Get() const {
    InputMeans means{sums_, {}};
    for (double& mean : means.channels) mean /= std::max(count_, 1.0);
    for (double extent : extents_) means.dims.push_back(std::llround(extent / samples_));
    return means;
  }

 private:
  std::vector<double> sums_, extents_;
  double count_ = 0, samples_ = 0;
};

void Widen(std::vector<Range>& ranges, const Tensor& tensor) {
  if (tensor.dims().empty()) return;
  ranges.resize(static_cast<size_t>(tensor.dims().back()));
  const auto values = tensor.As<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    Range& range = ranges[i % ranges.size()];
    range.low = std::min(range.low, values[i]);
    range.high = std::max(range.high, values[i]);
  }
}

class StaticQuantizer final : public Quantizer {
 public:
  StaticQuantizer(Graph graph, const QuantizeOptions& options, Runtime& runtime)
      : graph_(std::move(graph)), options_(options), runtime_(runtime) {}

  Status Start() {
    all_ = Select(graph_, [this](const Node& node) { return IsWanted(node, {}); });
    for (NodeId id : LookUps(graph_, options_)) look_ups_.insert(graph_.node(id).name);
    for (ValueId id : all_.Read(graph_)) watched_[all_.Root(id)];
    for (const ChosenNode& chosen : all_.nodes) {
      const Node& node = graph_.node(chosen.id);
      if (options_.bias_correction && TakesBias(node) && LinearOf(graph_, node))
        watched_[node.inputs[0]].wants_means = true;
    }
    if (options_.smooth > 0)
      for (ValueId id : Smoothable(graph_)) watched_[id].by_channel = true;
    Graph observed = graph_;
    for (const auto& [id, of] : watched_)
      if (!IsEnd(id)) observed.outputs.push_back(id);
    INSITU_ASSIGN(session_, LoadWritten(observed, runtime_));
    for (ValueId id : graph_.outputs) output_names_.push_back(graph_.value(id).name);
    return {};
  }

  bool WantsSamples() const override { return true; }

  Status Observe(std::span<const NamedTensor> feeds) override {
    INSITU_ASSIGN(const std::vector<NamedTensor> results, session_->Run(feeds));
    for (auto& [id, of] : watched_) {
      const std::string& name = graph_.value(id).name;
      const Tensor* tensor = Find(results, name);
      if (!tensor) tensor = Find(feeds, name);
      if (!tensor || tensor->dtype() != DType::kFloat32)
        return Fail(ErrorCode::kInternal, "'" + name + "' was not computed");
      if (!of.range.Add(tensor->As<float>()))
        return Fail(ErrorCode::kDataQuality,
                    "'" + name + "' is not finite for sample " + std::to_string(observed_),
                    "Leave the sample out, or look for what makes NaN or infinities of it.");
      if (of.wants_means) of.means.Add(*tensor);
      if (of.by_channel) Widen(of.channels, *tensor);
    }
    ++observed_;
    seen_.reset();
    std::vector<NamedTensor> outputs;
    for (const std::string& name : output_names_)
      if (const Tensor* tensor = Find(results, name)) outputs.push_back({name, *tensor});
    return samples_.Add(feeds, outputs);
  }

  std::vector<std::string> Nodes() const override {
    std::set<NodeId> layers;
    for (const ChosenNode& chosen : all_.nodes) layers.insert(chosen.id);
    std::vector<std::string> names;
    for (NodeId id : graph_.Order())
      if (const std::string& name = graph_.node(id).name;
          layers.contains(id) || look_ups_.contains(name))
        names.push_back(name);
    return names;
  }

  Result<LayerError> Measure(const std::string& node, int samples) override {
    const auto chosen = std::ranges::find_if(all_.nodes, [&](const ChosenNode& candidate) {
      return graph_.node(candidate.id).name == node;
    });
    std::set<std::string> others = look_ups_;
    LayerError error{node, "Gather", {}, {}};
    Selection alone;
    if (chosen != all_.nodes.end()) {
      error.op = graph_.node(chosen->id).op;
      if (const auto linear = LinearOf(graph_, graph_.node(chosen->id))) {
        INSITU_ASSIGN(error.weight_sqnr, WeightSqnr(*linear));
      }
      alone = SelectAlone(graph_, all_, chosen->id);
    } else if (others.erase(node) == 0) {
      return NotQuantized(node);
    }
    INSITU_ASSIGN(const Graph quantized, Rewritten(alone, others));
    INSITU_ASSIGN(const auto session, LoadWritten(quantized, runtime_));
    INSITU_ASSIGN(error.output_sqnr, samples_.Compare(*session, samples));
    return error;
  }

  Result<Buffer> Write(const std::map<std::string, std::string>& metadata,
                       const std::set<std::string>& in_float) override {
    const auto wanted = [&](const Node& node) { return IsWanted(node, in_float); };
    INSITU_ASSIGN(Graph quantized, Rewritten(Select(graph_, wanted), in_float));
    return WriteModel(std::move(quantized), metadata);
  }

 private:
  struct Watched {
    RangeObserver range;
    bool wants_means = false;
    ChannelMeans means;
    bool by_channel = false;
    std::vector<Range> channels;
  };

  static const Tensor* Find(std::span<const NamedTensor> tensors, const std::string& name) {
    const auto found = std::ranges::find(tensors, name, &NamedTensor::name);
    return found == tensors.end() ? nullptr : &found->tensor;
  }

  bool IsEnd(ValueId id) const {
    return graph_.IsOutput(id) || std::ranges::find(graph_.inputs, id) != graph_.inputs.end();
  }

  bool IsWanted(const Node& node, const std::set<std::string>& in_float) const {
    return !IsExcluded(node, options_) && !in_float.contains(node.name);
  }

  Result<double> WeightSqnr(const Linear& linear) const {
    const int64_t axis = options_.per_channel ? linear.channel_axis : -1;
    INSITU_ASSIGN(const WeightCodes codes,
                  EncodeWeights(*linear.weights, axis, WeightLimit(options_.reduce_range)));
    INSITU_ASSIGN(const Tensor decoded, DecodeWeights(codes, axis));
    Sqnr sqnr;
    sqnr.Add(linear.weights->As<float>(), decoded.As<float>());
    return sqnr.decibels();
  }

  Result<Graph> Rewritten(const Selection& selection, const std::set<std::string>& in_float) {
    if (observed_ == 0)
      return Fail(ErrorCode::kInvalidArgument, "no sample has been observed",
                  "Feed some samples first: ranges of activations come from them.");
    Graph quantized = graph_;
    ChannelRanges channels;
    for (const auto& [id, of] : watched_)
      if (of.by_channel) channels.emplace(id, of.channels);
    INSITU_ASSIGN(const auto factors, Smooth(quantized, channels, options_.smooth));
    if (!seen_) seen_ = SeenWith(factors);
    INSITU_TRY(RewriteStatic(quantized, selection, *seen_, options_));
    QuantizeOptions of_tables = options_;
    of_tables.exclude_nodes.insert(in_float.begin(), in_float.end());
    INSITU_TRY(QuantizeTables(quantized, of_tables));
    return quantized;
  }

  Seen SeenWith(const std::map<ValueId, std::vector<double>>& factors) const {
    Seen seen;
    for (const auto& [id, of] : watched_) {
      const auto smoothed = factors.find(id);
      seen.ranges[id] = smoothed == factors.end()
                            ? of.range.Choose(options_.method, options_.percentile)
                            : Smoothed(of.channels, smoothed->second);
      if (!of.wants_means) continue;
      InputMeans means = of.means.Get();
      if (smoothed != factors.end())
        for (size_t c = 0; c < means.channels.size(); ++c) means.channels[c] /= smoothed->second[c];
      seen.means[id] = std::move(means);
    }
    for (ValueId id : all_.Read(graph_)) seen.ranges[id] = seen.ranges.at(all_.Root(id));
    return seen;
  }

  static Range Smoothed(const std::vector<Range>& channels, const std::vector<double>& factors) {
    Range range;
    for (size_t c = 0; c < channels.size(); ++c) {
      range.low = std::min(range.low, static_cast<float>(channels[c].low / factors[c]));
      range.high = std::max(range.high, static_cast<float>(channels[c].high / factors[c]));
    }
    return range;
  }

  const Graph graph_;
  const QuantizeOptions options_;
  Runtime& runtime_;
  Selection all_;
  std::set<std::string> look_ups_;
  std::map<ValueId, Watched> watched_;
  std::optional<Seen> seen_;  // of all samples; the search for ranges is made once
  std::vector<std::string> output_names_;
  std::unique_ptr<Session> session_;
  Samples samples_;
  int64_t observed_ = 0;
};

}  // namespace

Result<std::unique_ptr<Quantizer>> MakeStaticQuantizer(Graph graph, const QuantizeOptions& options,
                                                       Runtime& runtime) {
  auto quantizer = std::make_unique<StaticQuantizer>(std::move(graph), options, runtime);
  INSITU_TRY(quantizer->Start());
  return quantizer;
}

}  // namespace insitu
