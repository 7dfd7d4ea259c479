// Counting bad requests in windows.
#include "monitor/burn_rate.h"

#include <algorithm>
#include <cmath>

namespace insitu {

Result<BurnRate> BurnRate::Create(const SloOptions& options) {
  if (!(options.p95_ms >= 0 && std::isfinite(options.p95_ms)))
    return Fail(ErrorCode::kInvalidArgument, "slo.p95Ms must be a number of milliseconds");
  if (!(options.error_budget > 0 && options.error_budget <= 0.5))
    return Fail(ErrorCode::kInvalidArgument, "slo.errorBudget must be above 0, and 0.5 at most",
                "0.05 lets one request in twenty be slow or fail.");
  return BurnRate(options);
}

BurnRate::Change BurnRate::Record(double total_ms, bool failed) {
  const bool bad = failed || (options_.p95_ms > 0 && total_ms > options_.p95_ms);
  last_[requests_++ % kLongest] = bad;
  bad_ += bad;
  if (!burning_ && (Burns(1000, 100, 2) || Burns(100, 20, 6))) {
    burning_ = true;
    return Change::kBurning;
  }
  if (burning_ && Rate(100).value_or(2) <= 1) {
    burning_ = false;
    return Change::kOver;
  }
  return Change::kNone;
}

// Where the budget is large, all requests being bad is enough.
bool BurnRate::Burns(size_t longer, size_t shorter, double rate) const {
  rate = std::min(rate, 1 / options_.error_budget);
  return Rate(longer).value_or(0) >= rate && Rate(shorter).value_or(0) >= rate;
}

std::optional<double> BurnRate::Rate(size_t window) const {
  if (requests_ < window || window == 0 || window > kLongest) return std::nullopt;
  size_t bad = 0;
  for (size_t i = 1; i <= window; ++i) bad += last_[(requests_ - i) % kLongest];
  return static_cast<double>(bad) / static_cast<double>(window) / options_.error_budget;
}

void BurnRate::Reset() {
  requests_ = bad_ = 0;
  burning_ = false;
}

}  // namespace insitu
