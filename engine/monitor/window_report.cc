// The comparison of a window with a profile. Bins hold a half more than was counted, so that an
// empty one is no infinity.
#include "monitor/window_report.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "monitor/conformal.h"
#include "monitor/ks_window.h"
#include "monitor/significance.h"

namespace insitu {
namespace {

constexpr size_t kLeastRows = 20, kBins = 10;
constexpr double kHalf = 0.5;

struct Bins {
  std::vector<float> ends;       // a value belongs to the first bin that it does not exceed
  std::vector<double> expected;  // shares of the profile
};

Bins MakeBins(const std::array<float, kKnots>& knots) {
  Bins bins;
  size_t before = 0;
  for (size_t i = 1; i <= kBins; ++i) {
    const float end = knots[i * kKnots / kBins - 1];
    const auto upto = static_cast<size_t>(std::ranges::upper_bound(knots, end) - knots.begin());
    if (upto == before) continue;
    bins.ends.push_back(end);
    bins.expected.push_back(static_cast<double>(upto - before) / kKnots);
    before = upto;
  }
  bins.ends.back() = std::numeric_limits<float>::infinity();
  return bins;
}

// `sorted` and not empty; `smaller`: what the profile's own size makes of the window's, below 1.
void CompareBins(const Bins& bins, std::span<const float> sorted, double smaller,
                 FeatureReport& report) {
  const auto count = static_cast<double>(sorted.size());
  const auto bin_count = static_cast<double>(bins.ends.size());
  auto from = sorted.begin();
  for (size_t b = 0; b < bins.ends.size(); ++b) {
    const auto end = std::upper_bound(from, sorted.end(), bins.ends[b]);
    const auto counted = static_cast<double>(end - from);
    from = end;
    const double expected = bins.expected[b];
    const double off = counted - count * expected;
    report.chi_square += smaller * off * off / (count * expected);
    const double share = (counted + kHalf) / (count + kHalf * bin_count);
    const double middle = (share + expected) / 2;
    report.psi += (share - expected) * std::log(share / expected);
    report.jensen_shannon +=
        (share * std::log2(share / middle) + expected * std::log2(expected / middle)) / 2;
  }
  report.degrees = bin_count - 1;
  if (report.degrees > 0)
    report.chi_square_p = ChiSquareSurvival(report.chi_square, report.degrees);
}

double Wasserstein(const FeatureProfile& profile, std::span<const float> sorted) {
  if (!(profile.std > 0)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (size_t i = 0; i < kKnots; ++i) {
    const double level = (static_cast<double>(i) + 0.5) / kKnots;
    const float value = sorted[static_cast<size_t>(level * static_cast<double>(sorted.size()))];
    sum += std::abs(static_cast<double>(value) - static_cast<double>(profile.knots[i]));
  }
  return sum / kKnots / profile.std;
}

FeatureReport CompareFeature(const FeatureProfile& profile, uint64_t profile_count,
                             std::vector<float> values, Chance& chance) {
  FeatureReport report;
  report.name = profile.name;
  report.count = values.size();
  if (values.empty()) return report;
  std::ranges::sort(values);
  const auto count = static_cast<double>(values.size()),
             reference = static_cast<double>(profile_count);
  const double smaller = reference / (count + reference);
  std::vector<double> ranks;
  for (float value : values)
    ranks.push_back(ConformalRank(profile.knots, static_cast<double>(value), chance));
  report.ks = KolmogorovStatistic(ranks);
  report.ks_p = KolmogorovSurvival(count * smaller, report.ks);
  CompareBins(MakeBins(profile.knots), values, smaller, report);
  report.wasserstein = Wasserstein(profile, values);
  return report;
}

void Adjust(std::vector<FeatureReport>& features, double FeatureReport::* from,
            double FeatureReport::* to) {
  std::vector<double> p_values;
  for (const FeatureReport& feature : features) p_values.push_back(feature.*from);
  const std::vector<double> adjusted = AdjustForMany(p_values);
  for (size_t k = 0; k < features.size(); ++k) features[k].*to = adjusted[k];
}

}  // namespace

Result<WindowReport> WindowReport::Compare(const ReferenceProfile& profile,
                                           std::span<const float> rows) {
  const size_t width = profile.features.size(), count = rows.size() / width;
  if (count * width != rows.size())
    return Fail(ErrorCode::kShapeMismatch,
                std::to_string(rows.size()) + " numbers are no rows of " + std::to_string(width) +
                    " features",
                "Pass as many numbers a row as the profile has features.");
  if (count < kLeastRows)
    return Fail(ErrorCode::kInvalidArgument,
                "a window of " + std::to_string(count) + " rows is too short to compare",
                "Pass 20 rows or more.");
  WindowReport report;
  report.count = count;
  Chance chance(count);
  for (size_t k = 0; k < width; ++k) {
    std::vector<float> values;
    for (size_t i = 0; i < count; ++i)
      if (const float value = rows[i * width + k]; std::isfinite(value)) values.push_back(value);
    report.features.push_back(
        CompareFeature(profile.features[k], profile.count, std::move(values), chance));
  }
  Adjust(report.features, &FeatureReport::ks_p, &FeatureReport::ks_adjusted);
  Adjust(report.features, &FeatureReport::chi_square_p, &FeatureReport::chi_square_adjusted);
  return report;
}

std::string WindowReport::ToJson() const {
  JsonWriter out;
  out.BeginObject().Key("count").Integer(static_cast<int64_t>(count));
  out.Key("features").BeginArray();
  for (const FeatureReport& feature : features) {
    out.BeginObject().Key("name").String(feature.name);
    out.Key("count").Integer(static_cast<int64_t>(feature.count));
    out.Key("ks").BeginObject().Key("statistic").Number(feature.ks);
    out.Key("p").Number(feature.ks_p).Key("adjusted").Number(feature.ks_adjusted).EndObject();
    out.Key("chiSquare").BeginObject().Key("statistic").Number(feature.chi_square);
    out.Key("degrees").Number(feature.degrees).Key("p").Number(feature.chi_square_p);
    out.Key("adjusted").Number(feature.chi_square_adjusted).EndObject();
    out.Key("psi").Number(feature.psi).Key("jensenShannon").Number(feature.jensen_shannon);
    out.Key("wasserstein").Number(feature.wasserstein).EndObject();
  }
  out.EndArray().EndObject();
  return out.Take();
}

}  // namespace insitu
