// Stages follow each other; what a failed request did not reach is left out.
#include "monitor/trace.h"

#include <algorithm>
#include <cmath>

namespace insitu {

namespace {

constexpr std::array kInOrder = {Stage::kPreprocess, Stage::kQueue, Stage::kCopyIn, Stage::kInfer,
                                 Stage::kCopyOut};

}  // namespace

void Trace::Record(double started_unix_ms, const StageTimes& times, Outcome outcome) {
  if (!std::isfinite(started_unix_ms)) return;
  if (requests_.size() < kRequests) requests_.emplace_back();
  requests_[recorded_++ % kRequests] = {started_unix_ms, times, outcome};
}

void Trace::Reset() {
  requests_.clear();
  recorded_ = 0;
}

std::string Trace::ToJson() const {
  JsonWriter out;
  const auto event = [&](std::string_view name, double start_ms, double ms) -> JsonWriter& {
    out.BeginObject().Key("name").String(name).Key("cat").String("insitu").Key("ph").String("X");
    out.Key("ts").Number(start_ms * 1e3).Key("dur").Number(ms * 1e3);
    return out.Key("pid").Integer(1).Key("tid").Integer(1);
  };
  out.BeginObject().Key("traceEvents").BeginArray();
  for (size_t i = 0; i < requests_.size(); ++i) {
    const uint64_t number = recorded_ - requests_.size() + i;
    const Request& request = requests_[number % kRequests];
    double at = request.started_unix_ms, stages = 0;
    for (Stage stage : kInOrder)
      if (const double ms = request.times[stage]; std::isfinite(ms)) stages += ms;
    const double total = request.times[Stage::kTotal];
    event("request", at, std::isfinite(total) ? total : stages).Key("args").BeginObject();
    out.Key("number").Integer(static_cast<int64_t>(number));
    if (request.outcome) out.Key("failure").String(insitu::Name(*request.outcome));
    out.EndObject().EndObject();
    for (Stage stage : kInOrder) {
      const double ms = request.times[stage];
      if (!std::isfinite(ms)) continue;
      event(Name(stage), at, ms).EndObject();
      at += ms;
    }
  }
  out.EndArray().Key("displayTimeUnit").String("ms").EndObject();
  return out.Take();
}

}  // namespace insitu
