// StringSplit: every string in its parts, along a new last axis as long as the most parts, and the
// number of parts of each. Without a delimiter (or with an empty one) runs of white space divide,
// as Python's str.split does. https://onnx.ai/onnx/operators/onnx__StringSplit.html (20)
#include <algorithm>
#include <string_view>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kStringType));
  auto parts = ShapeOf(context, 0);
  if (parts) parts->push_back(Dim::Unknown());
  context.SetOutput(0, DType::kString, std::move(parts));
  context.SetOutput(1, DType::kInt64, ShapeOf(context, 0));
  return {};
}

constexpr std::string_view kSpace = " \t\n\v\f\r";

// Calls `visit` with every part; at most `most` divisions, negative: any number.
template <class Visit>
void SplitAtSpace(std::string_view text, int64_t most, Visit visit) {
  size_t at = text.find_first_not_of(kSpace);
  while (at != text.npos) {
    text.remove_prefix(at);
    const size_t end = most == 0 ? text.npos : text.find_first_of(kSpace);
    visit(text.substr(0, end));
    if (end == text.npos) break;
    text.remove_prefix(end);
    at = text.find_first_not_of(kSpace);
    if (most > 0) --most;
  }
}

template <class Visit>
void SplitAt(std::string_view text, std::string_view delimiter, int64_t most, Visit visit) {
  for (; most != 0; --most) {
    const size_t end = text.find(delimiter);
    if (end == text.npos) break;
    visit(text.substr(0, end));
    text.remove_prefix(end + delimiter.size());
  }
  visit(text);
}

template <class Visit>
void Split(const Node& node, std::string_view text, Visit visit) {
  const std::string delimiter = node.Attr("delimiter", std::string());
  const int64_t most = node.Attr<int64_t>("maxsplit", -1);
  if (delimiter.empty())
    SplitAtSpace(text, most, visit);
  else
    SplitAt(text, delimiter, most, visit);
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  std::vector<int64_t> counts(x.strings->size());
  for (size_t i = 0; i < counts.size(); ++i)
    Split(context.node, (*x.strings)[i], [&](std::string_view) { ++counts[i]; });
  const int64_t longest = counts.empty() ? 0 : std::ranges::max(counts);
  Dims dims = x.dims;
  dims.push_back(longest);
  INSITU_ASSIGN(const TensorView parts, RunOutput(context, 0, DType::kString, std::move(dims)));
  for (size_t i = 0; i < counts.size(); ++i) {
    size_t at = i * static_cast<size_t>(longest);
    Split(context.node, (*x.strings)[i], [&](std::string_view p) { (*parts.strings)[at++] = p; });
  }
  if (!WantsOutput(context, 1)) return {};
  INSITU_ASSIGN(const TensorView lengths, RunOutput(context, 1, DType::kInt64, x.dims));
  StoreElements(counts.data(), static_cast<int64_t>(counts.size()), lengths, 0);
  return {};
}

constexpr int kSince[] = {20};
constexpr AttrSpec kAttributes[] = {{"delimiter", AttrKind::kString}, {"maxsplit", AttrKind::kInt}};

}  // namespace

const OpDef kStringSplitOp = {.name = "StringSplit",
                              .since = kSince,
                              .attributes = kAttributes,
                              .max_outputs = 2,
                              .infer = Infer,
                              .run = Run,
                              .no_lowering = "backends compute numbers, not strings"};

}  // namespace insitu
