// Opset normalisation: every operator in its newest form, once, so that no later layer asks for the
// version of a model. Rules are in opset_rules_*.cc, one table row each.
// Invariant: a normalised graph computes what the original did; where that cannot be had, the
// answer is UnsupportedOp.
// Reference: https://github.com/onnx/onnx/blob/main/docs/Changelog.md
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

inline constexpr int64_t kFirstOpset = 6, kLastOpset = 23;

// Whether the operator is known, or rewritten at import to one that is.
bool IsImportable(std::string_view op, std::string_view domain);

// Rewrites every node of ai.onnx written for `opset`, in order of execution (which must be
// topological). Constant nodes become constants.
Status NormalizeOpset(Graph& graph, int64_t opset);

// One rewriting: applies to nodes of `op` in models whose opset is below `before`.
struct OpsetRule {
  std::string_view op;
  int64_t before;
  Status (*rewrite)(Graph& graph, NodeId id, int64_t opset);
};
inline constexpr int64_t kAlways = kLastOpset + 1;

std::span<const OpsetRule> SixRules();        // what opset 6 wrote otherwise
std::span<const OpsetRule> InputRules();      // attributes that became inputs
std::span<const OpsetRule> SoftmaxRules();    // Softmax, LogSoftmax, Hardmax
std::span<const OpsetRule> ResizeRules();     // Resize, Upsample, GridSample, RoiAlign
std::span<const OpsetRule> RetiredRules();    // Constant, Dropout, Scatter, BatchNormalization
std::span<const OpsetRule> ScanRules();       // before the bodies of the node are looked at
std::span<const OpsetRule> MicrosoftRules();  // those of com.microsoft, of any version

}  // namespace insitu
