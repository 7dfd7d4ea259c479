// Checks of the links, and a run with the state in between.
#include "session/stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace insitu {
namespace {

const TensorInfo* Find(std::span<const TensorInfo> infos, std::string_view name) {
  const auto it = std::ranges::find(infos, name, &TensorInfo::name);
  return it == infos.end() ? nullptr : &*it;
}

// Whether `dim`, one that the model leaves open, comes first in an input.
bool IsBatch(const Dim& dim, std::span<const TensorInfo> inputs) {
  return std::ranges::any_of(inputs, [&](const TensorInfo& info) {
    const auto& shape = info.type.shape;
    return shape && !shape->empty() && !shape->front().IsKnown() &&
           shape->front().ToString() == dim.ToString();
  });
}

Result<Tensor> Zeros(const TensorInfo& info, std::span<const TensorInfo> inputs) {
  if (!info.type.shape)
    return Fail(ErrorCode::kInvalidArgument,
                "nobody knows the rank of the state '" + info.name + "'",
                "Pass its first value in `initial`.");
  Dims dims;
  for (const Dim& dim : *info.type.shape) {
    const bool first = dims.empty(), named = dim.ToString() != "?";
    dims.push_back(dim.IsKnown() ? dim.value() : first || (named && IsBatch(dim, inputs)) ? 1 : 0);
  }
  INSITU_ASSIGN(Tensor zeros, Tensor::Allocate(info.type.dtype, std::move(dims)));
  std::memset(zeros.data(), 0, zeros.size_bytes());
  return zeros;
}

}  // namespace

Result<Stream> Stream::Open(const Session& session, std::vector<StateLink> links,
                            std::span<const NamedTensor> initial) {
  Stream stream;
  for (const StateLink& link : links) {
    const TensorInfo* input = Find(session.inputs(), link.input);
    const TensorInfo* output = Find(session.outputs(), link.output);
    if (!input || !output)
      return Fail(ErrorCode::kInvalidArgument,
                  "the state '" + link.input + "': '" + link.output +
                      "' is no input and output of the model",
                  "Write { input: 'output' }; session.inputs and session.outputs list them.");
    if (input->type.dtype != output->type.dtype || !HasBytes(input->type.dtype))
      return Fail(ErrorCode::kInvalidArgument,
                  "the state '" + link.input + "' is " + std::string(Name(input->type.dtype)) +
                      ", but '" + link.output + "' is " + std::string(Name(output->type.dtype)),
                  "State is a tensor of numbers of one dtype.");
    if (std::ranges::count(links, link.input, &StateLink::input) > 1)
      return Fail(ErrorCode::kInvalidArgument, "the state '" + link.input + "' is named twice");
    const auto given = std::ranges::find(initial, link.input, &NamedTensor::name);
    if (given != initial.end()) {
      stream.initial_.push_back(*given);
      continue;
    }
    INSITU_ASSIGN(Tensor zeros, Zeros(*input, session.inputs()));
    stream.initial_.push_back({link.input, std::move(zeros)});
  }
  for (const NamedTensor& value : initial) {
    if (std::ranges::find(links, value.name, &StateLink::input) == links.end())
      return Fail(ErrorCode::kInvalidArgument,
                  "`initial` has '" + value.name + "', which is no state", "Name it in `state`.");
  }
  stream.links_ = std::move(links);
  stream.Reset();
  return stream;
}

Result<std::vector<NamedTensor>> Stream::Run(Session& session, std::span<const NamedTensor> feeds,
                                             const SessionRunOptions& options) {
  std::vector<NamedTensor> all(feeds.begin(), feeds.end());
  all.insert(all.end(), state_.begin(), state_.end());
  const auto is_state = [&](const std::string& name) {
    return std::ranges::find(links_, name, &StateLink::output) != links_.end();
  };
  std::vector<std::string> asked = options.outputs;
  if (asked.empty()) {
    for (const TensorInfo& output : session.outputs())
      if (!is_state(output.name)) asked.push_back(output.name);
  }
  SessionRunOptions with_state = options;
  with_state.outputs = asked;
  for (const StateLink& link : links_) with_state.outputs.push_back(link.output);
  INSITU_ASSIGN(std::vector<NamedTensor> results, session.Run(all, with_state));
  previous_ = state_;
  for (size_t i = 0; i < links_.size(); ++i)
    state_[i].tensor = std::move(results[asked.size() + i].tensor);
  results.resize(asked.size());
  return results;
}

}  // namespace insitu
