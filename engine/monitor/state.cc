// Saving a monitor and going on with it, for example on the next visit of a page.
// Invariant: a state is taken whole or not at all.
#include "monitor/monitor.h"

namespace insitu {
namespace {

// Of the members that are saved here: another one where they change.
constexpr uint32_t kStateVersion = 1;

}  // namespace

std::string Monitor::Identity() const {
  JsonWriter out;
  out.BeginArray().Integer(kStateVersion).String(options_.model_sha256);
  out.Number(options_.false_alarm_every).Integer(static_cast<int64_t>(options_.sample));
  out.Integer(static_cast<int64_t>(options_.learn));
  if (options_.slo) out.Number(options_.slo->p95_ms).Number(options_.slo->error_budget);
  if (options_.profile && options_.learn == 0) out.Raw(options_.profile->ToJson());
  return out.EndArray().Take();
}

void Monitor::Save(Archive& archive) {
  std::string identity = Identity(), learnt;
  if (options_.profile && options_.learn > 0) learnt = options_.profile->ToJson();
  archive(identity, learnt);
  Transfer(archive);
}

Result<std::unique_ptr<Monitor>> Monitor::Restore(MonitorOptions options, Archive& archive) {
  const uint64_t learn = options.learn;
  INSITU_ASSIGN(std::unique_ptr<Monitor> monitor, Create(std::move(options)));
  std::string identity, learnt;
  archive(identity, learnt);
  if (archive.failed() || identity != monitor->Identity())
    return Fail(ErrorCode::kInvalidArgument,
                "what was kept of the watch is of another model, profile or options");
  if (learn > 0 && !learnt.empty()) {
    INSITU_ASSIGN(monitor->options_.profile, ReferenceProfile::FromJson(learnt));
    INSITU_TRY(monitor->StartWatch());
  }
  monitor->Transfer(archive);
  if (archive.failed() || !archive.AtEnd())
    return Fail(ErrorCode::kInvalidModel, "what was kept of the watch is damaged");
  return monitor;
}

void Monitor::Transfer(Archive& archive) {
  archive(options_.start_unix_ms, options_.instance, latency_, categories_, quality_, classes_,
          accuracy_, requests_, samples_);
  if (burn_rate_) archive(*burn_rate_);
  if (learner_) archive(*learner_);
  if (watch_) archive(*watch_);
  const size_t slices = archive.Count(slices_.all().size());
  for (size_t i = 0; i < slices && !archive.failed(); ++i) {
    std::string name = archive.reads() ? "" : slices_.all()[i]->name;
    bool drifts = !archive.reads() && slices_.all()[i]->drift;
    archive(name, drifts);
    Slice* slice = slices_.For(name);
    if (!slice) return archive.MarkFailed();
    if (drifts && !slice->drift && watch_) StartDrift(*slice);
    archive(*slice);
  }
}

}  // namespace insitu
