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

// At most `most` divisions; negative: any number.
std::vector<std::string_view> SplitAtSpace(std::string_view text, int64_t most) {
  std::vector<std::string_view> parts;
  size_t at = text.find_first_not_of(kSpace);
  while (at != text.npos) {
    text.remove_prefix(at);
    const size_t end = most == 0 ? text.npos : text.find_first_of(kSpace);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) break;
    text.remove_prefix(end);
    at = text.find_first_not_of(kSpace);
    if (most > 0) --most;
  }
  return parts;
}

std::vector<std::string_view> SplitAt(std::string_view text, std::string_view delimiter,
                                      int64_t most) {
  std::vector<std::string_view> parts;
  for (; most != 0; --most) {
    const size_t end = text.find(delimiter);
    if (end == text.npos) break;
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + delimiter.size());
  }
  parts.push_back(text);
  return parts;
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const std::string delimiter = context.node.Attr("delimiter", std::string());
  const int64_t most = context.node.Attr<int64_t>("maxsplit", -1);
  std::vector<std::vector<std::string_view>> split;
  size_t longest = 0;
  for (const std::string& text : *x.strings) {
    split.push_back(delimiter.empty() ? SplitAtSpace(text, most) : SplitAt(text, delimiter, most));
    longest = std::max(longest, split.back().size());
  }
  Dims dims = x.dims;
  dims.push_back(static_cast<int64_t>(longest));
  INSITU_ASSIGN(const TensorView parts, RunOutput(context, 0, DType::kString, std::move(dims)));
  for (size_t i = 0; i < split.size(); ++i)
    for (size_t j = 0; j < split[i].size(); ++j) (*parts.strings)[i * longest + j] = split[i][j];
  if (!WantsOutput(context, 1)) return {};
  INSITU_ASSIGN(const TensorView counts, RunOutput(context, 1, DType::kInt64, x.dims));
  for (size_t i = 0; i < split.size(); ++i) {
    const auto count = static_cast<int64_t>(split[i].size());
    StoreElements(&count, 1, counts, static_cast<int64_t>(i));
  }
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
