// The passes: graph -> graph, one file each, and the order in which they run.
// Invariant: after every pass the graph verifies and computes the same on the reference (integer
// results bit for bit, float results to rounding); a pass reports whether it changed anything.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "ir/graph.h"

namespace insitu {

struct PassContext {
  // Whether some backend wants this node's data channels-last; nullptr: layout is left alone.
  std::function<Result<bool>(const Graph& graph, const Node& node)> wants_channels_last;
  // Whether WidenHalves computes in float32 what the model has in 16 bits.
  bool widens_halves = true;
  // Optimisations that are left out, to measure what they bring: names of Optimisations().
  std::set<std::string, std::less<>> without;
  // Whether PreferSigned re-expresses uint8 activations.
  bool wants_signed_data = true;
  // Node names of the file that were folded or fused away -> by what, for explain().
  std::map<std::string, std::string>* absorbed = nullptr;
  // Outputs of folding are not made larger than this.
  int64_t max_folded_bytes = int64_t{16} << 20;
  // Whether DequantizeLinear of a constant may be folded. RunPasses sets it once QDQ fusion is
  // done: before, that would hide the integers from it.
  bool fold_dequantize = false;

  void NoteAbsorbed(const Node& node, std::string_view by) {
    if (absorbed) absorbed->emplace(node.name, by);
  }
};

using PassFn = Result<bool> (*)(Graph& graph, PassContext& context);

Result<bool> WidenHalves(Graph& graph, PassContext& context);          // widen_halves.cc
Result<bool> RemoveIdentities(Graph& graph, PassContext& context);     // remove_identities.cc
Result<bool> FoldConstants(Graph& graph, PassContext& context);        // fold_constants.cc
Result<bool> ChooseBranch(Graph& graph, PassContext& context);         // choose_branch.cc
Result<bool> RemoveDeadCode(Graph& graph, PassContext& context);       // remove_dead_code.cc
Result<bool> ExpandConvTranspose(Graph& graph, PassContext& context);  // expand_conv_transpose.cc
Result<bool> HoistQuantize(Graph& graph, PassContext& context);        // hoist_quantize.cc
Result<bool> SinkDequantize(Graph& graph, PassContext& context);       // sink_dequantize.cc
Result<bool> FuseQdq(Graph& graph, PassContext& context);              // fuse_qdq.cc
Result<bool> SplitQLinearConcat(Graph& graph, PassContext& context);   // split_qlinear_concat.cc
Result<bool> FuseDynamicQuantization(Graph& graph,
                                     PassContext& context);        // fuse_dynamic_quantization.cc
Result<bool> FuseConvInteger(Graph& graph, PassContext& context);  // fuse_conv_integer.cc
Result<bool> FuseQdqToFloat(Graph& graph, PassContext& context);   // fuse_qdq_to_float.cc
Result<bool> PreferSigned(Graph& graph, PassContext& context);     // prefer_signed.cc
Result<bool> FoldBatchNorm(Graph& graph, PassContext& context);    // fold_batch_norm.cc
Result<bool> FuseLayerNorm(Graph& graph, PassContext& context);    // fuse_layer_norm.cc
Result<bool> FuseGelu(Graph& graph, PassContext& context);         // fuse_gelu.cc
Result<bool> FuseBias(Graph& graph, PassContext& context);         // fuse_bias.cc
Result<bool> FuseActivations(Graph& graph, PassContext& context);  // fuse_activations.cc
Result<bool> ChooseLayout(Graph& graph, PassContext& context);     // choose_layout.cc

// RunPasses for the bodies of If, Loop and their kind; optimise_bodies.cc.
Status OptimiseBodies(Graph& graph, const PassContext& context);

// What can be left out without the model computing anything else, but for rounding.
std::span<const std::string_view> Optimisations();

// Runs all passes in the order of the design: canonicalise (identities, constants, dead code),
// fuse, layout, clean up, and then the same for the bodies of control-flow nodes. Infers shapes
// first and after each change.
Status RunPasses(Graph& graph, PassContext& context);

}  // namespace insitu
