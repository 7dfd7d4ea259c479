// Finding slices, and the worst of them.
#include "monitor/slices.h"

#include <algorithm>

namespace insitu {
namespace {

constexpr std::string_view kOther = "other";
constexpr double kNearAlarm = 0.5;  // of the meter
constexpr uint64_t kLeastJudged = 20;

// The name of the slice with the largest value; a value of 0 stands for none.
template <class Value>
std::string_view Worst(std::span<const std::unique_ptr<Slice>> slices, const Value& value) {
  std::string_view worst;
  double largest = 0;
  for (const auto& slice : slices) {
    const double its = value(*slice);
    if (!(its > largest)) continue;
    largest = its;
    worst = slice->name;
  }
  return worst;
}

}  // namespace

Slice* Slices::For(std::string_view name) {
  if (name.empty()) return nullptr;
  if (name.size() > kLongestName) name = kOther;
  for (std::string_view wanted : {name, kOther}) {
    const auto found =
        std::ranges::find_if(slices_, [&](const auto& slice) { return slice->name == wanted; });
    if (found != slices_.end()) return found->get();
    if (slices_.size() < kMaximumSlices || wanted == kOther) {
      slices_.push_back(std::make_unique<Slice>(wanted, clock_step_ms_));
      return slices_.back().get();
    }
  }
  return nullptr;
}

std::string_view Slices::Slowest() const {
  return Worst(slices_, [](const Slice& slice) { return slice.total.Quantile(0.95).value_or(0); });
}

std::string_view Slices::Strangest() const {
  return Worst(slices_, [](const Slice& slice) -> double {
    if (!slice.drift) return 0;
    const EsrDetector& detector = slice.drift->detector();
    if (detector.state() == DriftState::kDrifting)
      return 1 + 1 / static_cast<double>(detector.alarm()->sample);
    return detector.meter() >= kNearAlarm ? detector.meter() : 0;
  });
}

std::string_view Slices::Poorest() const {
  return Worst(slices_, [](const Slice& slice) -> double {
    if (slice.judged < kLeastJudged) return 0;
    return static_cast<double>(slice.with_issues) / static_cast<double>(slice.judged);
  });
}

}  // namespace insitu
