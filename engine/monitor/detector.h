// Detector: a watch over rows of features, which raises an alarm when they no longer look like
// those of a profile.
// Invariant: on independent samples of an exact profile the mean time between false alarms is
// `false_alarm_every` or more; no input makes a state NaN or infinite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "monitor/profile.h"

namespace insitu {

struct DetectorOptions {
  double false_alarm_every = 10'000;   // samples; at least 10
  uint64_t seed = 0x9e3779b97f4a7c15;  // ties and gaps are broken by a generator of our own
};

// kEsr: Shiryaev-Roberts over bets, for any change (esr.h). kCusum: cumulative sums of normal
// scores, for shifts (cusum.h). kKs: Kolmogorov-Smirnov tests of one window after another
// (ks_window.h).
enum class DetectorMethod : uint8_t { kEsr, kCusum, kKs };
// Of "auto", which is kEsr, "esr", "cusum" or "ks"; InvalidArgument for another name.
Result<DetectorMethod> DetectorMethodOf(std::string_view name);

enum class DriftState : uint8_t { kCalm, kDrifting };
// "calm", "drifting".
std::string_view Name(DriftState state);

class Detector {
 public:
  enum class Change : uint8_t { kNone, kDrift, kRecovered };

  // InvalidArgument for a profile without features or false_alarm_every outside [10, 1e12].
  static Result<std::unique_ptr<Detector>> Create(const ReferenceProfile& profile,
                                                  DetectorMethod method,
                                                  const DetectorOptions& options = {});
  virtual ~Detector() = default;

  // One sample, a value per feature of the profile. A value that is not finite is no observation of
  // its feature. `row` must have features() values.
  Change Update(std::span<const double> row) {
    ++samples_;
    return Observe(row);
  }
  // A sample that is counted, but not looked at.
  void Skip() { ++samples_; }
  // No alarm is raised while it is held, however much evidence there is.
  void Hold(bool held) { held_ = held; }
  // Forgets the evidence gathered since the last alarm; the state stays.
  virtual void Restart() = 0;
  // As new.
  virtual void Reset() = 0;

  virtual size_t features() const = 0;
  uint64_t samples() const { return samples_; }
  DriftState state() const { return state_; }

 protected:
  Detector() = default;
  Detector(const Detector&) = default;
  Detector(Detector&&) = default;
  Detector& operator=(const Detector&) = default;
  Detector& operator=(Detector&&) = default;

  static Status Check(const ReferenceProfile& profile, const DetectorOptions& options);
  // false_alarm_every, raised for short profiles.
  static double FalseAlarmEvery(const ReferenceProfile& profile, const DetectorOptions& options);

  bool held_ = false;
  uint64_t samples_ = 0;
  DriftState state_ = DriftState::kCalm;

 private:
  virtual Change Observe(std::span<const double> row) = 0;
};

}  // namespace insitu
