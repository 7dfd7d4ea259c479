// Two histograms in JSON, one behind the other with a line feed between, merged.
// Invariant checked: counts add up, quantiles ascend, and what is written reads the same.
#include "fuzz/targets.h"
#include "monitor/histogram.h"

namespace insitu::test {
namespace {

void CheckSound(const Histogram& histogram) {
  const std::string written = histogram.ToJson();
  const auto again = Histogram::FromJson(written);
  Require(again.has_value(), again ? "" : ToString(again.error()) + " " + written);
  Require(again->ToJson() == written, "reads otherwise: " + written);
  std::optional<double> last;
  for (const double level : {0.0, 0.5, 0.9, 0.95, 0.99, 1.0}) {
    const auto quantile = histogram.Quantile(level);
    if (!quantile) continue;
    Require(!last || *quantile >= *last, "quantiles descend: " + written);
    last = quantile;
  }
}

}  // namespace

void FuzzHistogram(FuzzBytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const size_t cut = std::min(text.find('\n'), text.size());
  auto first = Histogram::FromJson(text.substr(0, cut));
  if (!first) return RequireTyped(first.error());
  CheckSound(*first);
  const auto second = Histogram::FromJson(text.substr(std::min(cut + 1, text.size())));
  if (!second) return RequireTyped(second.error());
  Histogram other_way = *second;
  other_way.Merge(*first);
  const uint64_t expected = first->count() + second->count();
  first->Merge(*second);
  Require(first->count() == expected, "counts do not add up");
  Require(first->buckets() == other_way.buckets() && first->below_step() == other_way.below_step(),
          "the order counts");
  CheckSound(*first);
}

}  // namespace insitu::test
