// StringNormalizer: removes stop words from a list of strings, then changes the case of the rest.
// One empty string is left where every word was removed. Letters of ASCII, Latin-1, Greek and
// Cyrillic change their case; the attribute `locale` is not looked at.
// https://onnx.ai/onnx/operators/onnx__StringNormalizer.html (10)
#include <algorithm>

#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

// All of these letters have one or two bytes of UTF-8.
char32_t Changed(char32_t c, bool upper) {
  struct Range {
    char32_t first, last;  // of the capital letters
    char32_t distance;     // to the small ones
  };
  constexpr Range kRanges[] = {{U'A', U'Z', 32},
                               {0xC0, 0xDE, 32},
                               {0x391, 0x3A9, 32},
                               {0x410, 0x42F, 32},
                               {0x400, 0x40F, 80}};
  for (const auto& [first, last, distance] : kRanges) {
    const char32_t from = upper ? first + distance : first, to = upper ? last + distance : last;
    if (c < from || c > to || c == 0xD7 || c == 0xF7) continue;
    return upper ? c - distance : c + distance;
  }
  return c;
}

std::string ChangeCase(const std::string& text, bool upper) {
  std::string changed;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      changed += static_cast<char>(Changed(byte, upper));
    } else if ((byte & 0xE0) == 0xC0 && i + 1 < text.size()) {
      const auto next = static_cast<unsigned char>(text[++i]);
      const char32_t c = Changed((byte & 0x1Fu) << 6 | (next & 0x3Fu), upper);
      changed += static_cast<char>(0xC0 | c >> 6);
      changed += static_cast<char>(0x80 | (c & 0x3F));
    } else {
      changed += text[i];
    }
  }
  return changed;
}

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kStringType));
  auto shape = ShapeOf(context, 0);
  if (shape && (shape->empty() || shape->size() > 2))
    return Fail(ErrorCode::kInvalidModel,
                "StringNormalizer takes " + context.Describe(0) + ", but needs dims [C] or [1,C]");
  if (shape) shape->back() = Dim::Unknown();
  context.SetOutput(0, DType::kString, std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const Node& node = context.node;
  const std::string action = node.Attr("case_change_action", std::string("NONE"));
  const bool sensitive = node.Attr<int64_t>("is_case_sensitive", 0) != 0;
  if (x.dims.empty() || x.dims.size() > 2 || (x.dims.size() == 2 && x.dims[0] != 1))
    return Fail(ErrorCode::kShapeMismatch,
                "StringNormalizer takes dims [C] or [1,C], not " + ToString(x.dims));
  if (action != "NONE" && action != "LOWER" && action != "UPPER")
    return Fail(ErrorCode::kInvalidModel,
                "case_change_action '" + action + "' is none of NONE, LOWER and UPPER");
  const auto key = [&](const std::string& word) {
    return sensitive ? word : ChangeCase(word, false);
  };
  std::vector<std::string> stops = node.Attr("stopwords", std::vector<std::string>());
  for (std::string& stop : stops) stop = key(stop);
  std::vector<std::string> kept;
  for (const std::string& word : *x.strings) {
    if (std::ranges::find(stops, key(word)) != stops.end()) continue;
    kept.push_back(action == "NONE" ? word : ChangeCase(word, action == "UPPER"));
  }
  if (kept.empty()) kept.emplace_back();
  Dims dims = x.dims;
  dims.back() = static_cast<int64_t>(kept.size());
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kString, std::move(dims)));
  *y.strings = std::move(kept);
  return {};
}

constexpr int kSince[] = {10};
constexpr AttrSpec kAttributes[] = {{"case_change_action", AttrKind::kString},
                                    {"is_case_sensitive", AttrKind::kInt},
                                    {"locale", AttrKind::kString},
                                    {"stopwords", AttrKind::kStrings}};

}  // namespace

const OpDef kStringNormalizerOp = {.name = "StringNormalizer",
                                   .since = kSince,
                                   .attributes = kAttributes,
                                   .infer = Infer,
                                   .run = Run,
                                   .no_lowering = "backends compute numbers, not strings"};

}  // namespace insitu
