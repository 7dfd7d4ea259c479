// RunPasses: the order of the passes. Canonical form first, so that patterns meet constants and no
// Identity in between; then the types that backends compute in; integers before floats, so that
// fusion of activations finds integer operators already closed; layout last, over the nodes that
// will really run. Invariant: shapes are inferred after every change, so each pass sees true types;
// debug builds verify the graph as well.
#include <algorithm>
#include <array>

#include "ir/verify.h"
#include "ops/op_def.h"
#include "passes/passes.h"

namespace insitu {
namespace {

// Canonicalising ends by itself; the bound guards against two passes undoing each other.
constexpr int kMaxRounds = 16;

struct Optimisation {
  std::string_view name;
  PassFn pass;
};

constexpr Optimisation kOptimisations[] = {
    {"widen-halves", WidenHalves},
    {"fold-batch-norm", FoldBatchNorm},
    {"fuse-qdq", FuseQdq},
    {"fuse-dynamic-quantization", FuseDynamicQuantization},
    {"fuse-conv-integer", FuseConvInteger},
    {"fuse-qdq-to-float", FuseQdqToFloat},
    {"fuse-layer-norm", FuseLayerNorm},
    {"fuse-gelu", FuseGelu},
    {"fuse-bias", FuseBias},
    {"fuse-activations", FuseActivations},
    {"prefer-signed", PreferSigned},
    {"choose-layout", ChooseLayout},
};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kOptimisations)> names;
  std::ranges::transform(kOptimisations, names.begin(), &Optimisation::name);
  return names;
}();

bool IsLeftOut(PassFn pass, const PassContext& context) {
  const auto found = std::ranges::find(kOptimisations, pass, &Optimisation::pass);
  return found != std::end(kOptimisations) && context.without.contains(found->name);
}

Result<bool> Apply(PassFn pass, Graph& graph, PassContext& context) {
  if (IsLeftOut(pass, context)) return false;
  INSITU_ASSIGN(const bool changed, pass(graph, context));
  if (!changed) return false;
#ifndef NDEBUG
  INSITU_TRY(Verify(graph));
#endif
  INSITU_TRY(InferShapes(graph));
  return true;
}

Status Canonicalise(Graph& graph, PassContext& context) {
  for (int round = 0; round < kMaxRounds; ++round) {
    bool changed = false;
    for (PassFn pass : {RemoveIdentities, FoldConstants, ChooseBranch, RemoveDeadCode}) {
      INSITU_ASSIGN(const bool now, Apply(pass, graph, context));
      changed |= now;
    }
    if (!changed) break;
  }
  return {};
}

}  // namespace

std::span<const std::string_view> Optimisations() { return kNames; }

Status RunPasses(Graph& graph, PassContext& context) {
  INSITU_TRY(InferShapes(graph));
  INSITU_TRY(Canonicalise(graph, context));
  INSITU_ASSIGN(const bool widened, Apply(WidenHalves, graph, context));
  if (widened) INSITU_TRY(Canonicalise(graph, context));
  for (PassFn pass :
       {FoldBatchNorm, ExpandConvTranspose, SinkDequantize, HoistQuantize, FoldConstants, FuseQdq,
        SplitQLinearConcat, FuseDynamicQuantization, FuseConvInteger, FuseQdqToFloat, FuseLayerNorm,
        FuseGelu, FuseBias, FuseActivations, PreferSigned})
    INSITU_TRY(Apply(pass, graph, context));
  context.fold_dequantize = true;
  INSITU_TRY(Canonicalise(graph, context));
  // What was dequantized until now has constant operands at last.
  for (PassFn pass : {FoldBatchNorm, FuseBias, FuseActivations})
    INSITU_TRY(Apply(pass, graph, context));
  if (context.wants_channels_last) INSITU_TRY(Apply(ChooseLayout, graph, context));
  INSITU_TRY(Canonicalise(graph, context));
  return OptimiseBodies(graph, context);
}

}  // namespace insitu
