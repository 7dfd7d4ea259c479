// Quality: whether an input is fit to be run at all, judged by itself and by a profile.
// Invariant: limits are quantiles of the profile with a margin, so that of its own kind one input
// in hundreds has an issue; without a profile only what is wrong in itself is one: NaN, infinities,
// constant tensors, frozen images.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/features.h"
#include "monitor/image_features.h"
#include "monitor/profile.h"

namespace insitu {

enum class QualityIssue : uint8_t {
  kNan,
  kInfinite,
  kConstant,  // more than one element, all the same
  kRange,     // values below or above those of the profile
  kScale,     // another normalisation is suspected: spread, or sign, are not the profile's
  kClipped,   // too many values at the limit of their type or range
  kDark,
  kOverexposed,
  kBlurred,
  kChannels,  // channels in another order are suspected
  kFrozen,    // the same image for the third time
};
inline constexpr size_t kQualityIssues = 11;
// "nan", "infinite", "constant", "range", "scale", "clipped", "dark", "overexposed", "blurred",
// "channels", "frozen".
std::string_view Name(QualityIssue issue);
std::optional<QualityIssue> QualityIssueOf(std::string_view name);
using QualityIssues = std::bitset<kQualityIssues>;
// "dark, blurred".
std::string ToString(QualityIssues issues);

// One input, as far as anything but a run looks at it.
struct InputReading {
  std::string name;
  TensorStatistics statistics;
  std::optional<ImageGeometry> geometry;
  ImageFeatures image;
  uint64_t digest = 0;  // of an image: of at most 256 elements, and of statistics of all of it
};
// nullopt for tensors without statistics. `compares`: with what images are compared by, which takes
// a while; the geometry is there anyway. `turn`: as ComputeStatistics.
std::optional<InputReading> ReadInput(const NamedView& input, bool compares = true,
                                      std::optional<size_t> turn = {});

class QualityGate {
 public:
  // What the profile says of an input's features becomes its limits; the profile is copied from.
  void Use(const ReferenceProfile& profile);

  // What is wrong with it; remembers images, to notice those that do not move.
  QualityIssues Judge(const InputReading& input);
  void Reset() { seen_.clear(); }

 private:
  // Of one feature of the profile.
  struct Bounds {
    double least;      // of the profile
    double low, high;  // extremes, and a quarter of a standard deviation
    double q01, q10, q99;
    double mean, std;
  };
  struct Seen {
    uint64_t digest = 0;
    int times = 0;
  };

  const Bounds* Find(std::string_view name, std::string_view suffix) const;
  QualityIssues JudgeValues(const InputReading& input) const;
  QualityIssues JudgeImage(const InputReading& input) const;
  bool LooksDark(const InputReading& input) const;
  bool LooksOverexposed(const InputReading& input) const;
  bool LooksSwapped(std::string_view name, const ImageFeatures& image) const;

  std::map<std::string, Bounds, std::less<>> bounds_;  // by feature
  std::vector<QualityRule> rules_;
  std::map<std::string, Seen, std::less<>> seen_;  // by input
};

}  // namespace insitu
