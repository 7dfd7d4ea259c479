// Asks every backend for an offer and keeps the cheapest; the reasons of the others are joined.
#include "plan/assign.h"

#include <limits>
#include <utility>
#include <variant>

#include "ops/op_def.h"

namespace insitu {
namespace {

// The channels-last flag of spatial operators, nullptr for the rest.
bool* ChannelsLast(LoweredOp& op) {
  if (auto* convolution = std::get_if<lowered::Convolution>(&op))
    return &convolution->channels_last;
  if (auto* pool = std::get_if<lowered::Pool>(&op)) return &pool->channels_last;
  return nullptr;
}

struct Choice {
  Backend* backend = nullptr;
  Offer offer{.cost = std::numeric_limits<double>::infinity()};
  std::string refusals;
};

Choice Cheapest(LoweredOp& op, std::span<Backend* const> backends) {
  const bool* channels_last = ChannelsLast(op);
  Choice choice;
  for (Backend* backend : backends) {
    auto offer = backend->Consider(op);
    std::string refusal;
    if (!offer) {
      refusal = offer.error().why;
    } else if (offer->wants_channels_last && channels_last && !*channels_last) {
      refusal = "its data is not channels-last";
    } else if (offer->cost < choice.offer.cost) {
      choice.backend = backend;
      choice.offer = *offer;
    }
    if (refusal.empty()) continue;
    if (!choice.refusals.empty()) choice.refusals += "; ";
    choice.refusals += std::string(backend->name()) + ": " + refusal;
  }
  return choice;
}

}  // namespace

Result<Assignment> Assign(const Graph& graph, const Node& node,
                          std::span<Backend* const> backends) {
  Assignment assignment;
  const OpDef* def = FindOp(node.op, node.domain);
  if (backends.empty()) {
    assignment.why = "the reference backend was asked for";
    return assignment;
  }
  if (!def->lower) {
    assignment.why = def->no_lowering;
    return assignment;
  }
  Lowering lowering = def->lower(LowerContext(graph, node));
  if (!lowering) {
    if (lowering.error().out_of_memory) return std::unexpected(*lowering.error().out_of_memory);
    assignment.why = std::move(lowering.error().why);
    return assignment;
  }
  if (std::holds_alternative<lowered::Reshape>(lowering->op)) {
    assignment.alias = true;
    assignment.lowered = std::move(*lowering);
    return assignment;
  }
  Choice choice = Cheapest(lowering->op, backends);
  assignment.why = std::move(choice.refusals);
  if (!choice.backend) return assignment;
  assignment.backend = choice.backend;
  assignment.offer = choice.offer;
  assignment.lowered = std::move(*lowering);
  return assignment;
}

Result<bool> WantsChannelsLast(const Graph& graph, const Node& node,
                               std::span<Backend* const> backends) {
  const OpDef* def = FindOp(node.op, node.domain);
  // What cannot be moved is not asked: lowering may copy weights.
  if (!def || !def->lower || !def->commute || backends.empty()) return false;
  Lowering lowering = def->lower(LowerContext(graph, node));
  if (!lowering && lowering.error().out_of_memory)
    return std::unexpected(*std::move(lowering.error().out_of_memory));
  if (!lowering) return false;
  bool* channels_last = ChannelsLast(lowering->op);
  if (!channels_last || *channels_last) return false;
  const double as_it_stands = Cheapest(lowering->op, backends).offer.cost;
  *channels_last = true;
  return Cheapest(lowering->op, backends).offer.cost < as_it_stands;
}

}  // namespace insitu
