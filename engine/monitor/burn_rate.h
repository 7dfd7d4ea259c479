// BurnRate: how fast a session uses up its error budget, counted in requests, because a page that
// lies idle burns nothing. After the multi-window alerts of Google's SRE workbook (chapter 5).
// The budget is the share of requests that may be slow or fail. The burn rate of a window is its
// bad share over the budget. The alarm is raised where a long window says that it matters and a
// short one that it goes on:
//   1,000 and 100 requests at 2 times the budget,  100 and 20 requests at 6 times
// and ends when the last 100 are within the budget.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/archive.h"
#include "base/error.h"

namespace insitu {

struct SloOptions {
  double p95_ms = 0;           // a request that takes longer is bad; 0: only failures are
  double error_budget = 0.05;  // share of bad requests, in (0, 0.5]
};

class BurnRate {
 public:
  static constexpr size_t kLongest = 1000;
  enum class Change : uint8_t { kNone, kBurning, kOver };

  // InvalidArgument for a p95 that is negative or not finite, or a budget outside (0, 0.5].
  static Result<BurnRate> Create(const SloOptions& options);

  // A finished or failed request; what was cancelled is none.
  Change Record(double total_ms, bool failed);
  void Reset();
  void Transfer(Archive& archive) { archive(last_, requests_, bad_, burning_); }

  const SloOptions& options() const { return options_; }
  uint64_t requests() const { return requests_; }
  uint64_t bad() const { return bad_; }
  bool burning() const { return burning_; }
  // Of the last `window` requests, kLongest at most; nullopt before there were as many.
  std::optional<double> Rate(size_t window) const;

 private:
  explicit BurnRate(const SloOptions& options) : options_(options) {}
  bool Burns(size_t longer, size_t shorter, double rate) const;

  SloOptions options_;
  std::array<bool, kLongest> last_{};  // bad
  uint64_t requests_ = 0, bad_ = 0;
  bool burning_ = false;
};

}  // namespace insitu
