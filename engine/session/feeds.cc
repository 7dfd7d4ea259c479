// Feed matching with errors that list what the model wants.
#include "session/feeds.h"

#include <algorithm>
#include <optional>

#include "session/session.h"

namespace insitu {

std::string Describe(const ValueType& type) {
  if (IsTensorType(type.dtype))
    return std::string(Name(type.dtype)) + (type.shape ? ToString(*type.shape) : "[...]");
  return std::string(Name(type.dtype)) + " of " +
         (type.element ? Describe(*type.element) : "values");
}

namespace {

// Whether the kinds and element types are those of `type`, at every depth. Absent values and empty
// sequences fit every element.
bool Fits(const Tensor& tensor, const ValueType& type) {
  if (tensor.dtype() != type.dtype) return false;
  return std::ranges::all_of(tensor.items(), [&](const Tensor& item) {
    return !type.element || Fits(item, *type.element);
  });
}

std::string DescribeFeed(const Tensor& tensor) {
  const auto items = tensor.items();
  return std::string(Name(tensor.dtype())) + (items.empty() ? "" : " of " + DescribeFeed(items[0]));
}

std::unexpected<Error> BadFeed(std::string message, const std::string& name,
                               std::span<const TensorInfo> inputs) {
  std::string hint = "The model's inputs are";
  for (size_t i = 0; i < inputs.size(); ++i)
    hint += (i ? ", " : " ") + inputs[i].name + ": " + Describe(inputs[i].type);
  if (inputs.empty()) hint = "The model has no inputs";
  return std::unexpected(
      Error{ErrorCode::kInvalidArgument, std::move(message), name, {}, hint + "."});
}

}  // namespace

Result<std::vector<Tensor>> MatchFeeds(std::span<const TensorInfo> inputs,
                                       std::span<const NamedTensor> feeds) {
  std::vector<std::optional<Tensor>> matched(inputs.size());
  for (const NamedTensor& feed : feeds) {
    auto it = std::ranges::find(inputs, feed.name, &TensorInfo::name);
    if (it == inputs.end())
      return BadFeed("there is no input named '" + feed.name + "'", feed.name, inputs);
    std::optional<Tensor>& slot = matched[static_cast<size_t>(it - inputs.begin())];
    if (slot) return BadFeed("input '" + feed.name + "' is given twice", feed.name, inputs);
    if (!Fits(feed.tensor, it->type))
      return BadFeed("input '" + feed.name + "' must be " + Describe(it->type) + ", not " +
                         DescribeFeed(feed.tensor),
                     feed.name, inputs);
    slot = feed.tensor;
  }
  std::vector<Tensor> ordered;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!matched[i])
      return BadFeed("input '" + inputs[i].name + "' is missing", inputs[i].name, inputs);
    ordered.push_back(*std::move(matched[i]));
  }
  return ordered;
}

}  // namespace insitu
