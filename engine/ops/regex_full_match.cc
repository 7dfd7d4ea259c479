// RegexFullMatch: whether a pattern in RE2's syntax matches all of each string (ops/regex.h).
// https://onnx.ai/onnx/operators/onnx__RegexFullMatch.html (20)
#include "ops/infer_util.h"
#include "ops/ops.h"
#include "ops/regex.h"

namespace insitu {
namespace {

Result<Regex> Pattern(const Node& node) {
  return Regex::Compile(node.Attr("pattern", std::string()));
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kStringType));
  INSITU_TRY(Pattern(context.node()));
  context.SetOutput(0, DType::kBool, ShapeOf(context, 0));
  return {};
}

Status Run(RunContext& context) {
  INSITU_ASSIGN(const Regex regex, Pattern(context.node));
  const std::span<uint8_t> matches = context.outputs[0].As<uint8_t>();
  const std::vector<std::string>& texts = *context.inputs[0].strings;
  for (size_t i = 0; i < texts.size(); ++i) matches[i] = regex.MatchesAll(texts[i]);
  return {};
}

constexpr int kSince[] = {20};
constexpr AttrSpec kAttributes[] = {{"pattern", AttrKind::kString}};

}  // namespace

const OpDef kRegexFullMatchOp = {.name = "RegexFullMatch",
                                 .since = kSince,
                                 .attributes = kAttributes,
                                 .infer = Infer,
                                 .run = Run,
                                 .no_lowering = "backends compute numbers, not strings"};

}  // namespace insitu
