// Lower limits for one scope.
#pragma once

#include <cstdlib>

#include "base/limits.h"

namespace insitu::test {

class WithLimits {
 public:
  explicit WithLimits(const Limits& limits) {
    if (!SetLimits(limits)) std::abort();
  }
  ~WithLimits() { (void)SetLimits(before_); }
  WithLimits(const WithLimits&) = delete;
  WithLimits& operator=(const WithLimits&) = delete;

 private:
  const Limits before_ = CurrentLimits();
};

}  // namespace insitu::test
