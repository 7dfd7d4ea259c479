// Trace: the last requests, stage by stage, in the Trace Event Format that browsers' performance
// panels and Perfetto open.
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "monitor/latency.h"

namespace insitu {

class Trace {
 public:
  static constexpr size_t kRequests = 512;

  // `started_unix_ms`: when the request was made; NaN: it is left out.
  void Record(double started_unix_ms, const StageTimes& times, Outcome outcome);
  void Reset();
  std::string ToJson() const;

 private:
  struct Request {
    double started_unix_ms = 0;
    StageTimes times;
    Outcome outcome;
  };

  std::vector<Request> requests_;  // a ring
  uint64_t recorded_ = 0;
};

}  // namespace insitu
