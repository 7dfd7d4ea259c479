// Making, reading and writing reference profiles.
#include "monitor/profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/json.h"
#include "base/tensor.h"
#include "monitor/json_fields.h"

namespace insitu {
namespace {

constexpr std::string_view kFormat = "insitu-profile";
constexpr uint64_t kVersion = 1;
constexpr size_t kMaximumFeatures = 4096;
constexpr double kLargest = 1e300;

Status CheckNames(std::span<const std::string> names) {
  if (names.empty() || names.size() > kMaximumFeatures)
    return Fail(names.empty() ? ErrorCode::kInvalidArgument : ErrorCode::kLimitExceeded,
                "a profile has 1 to " + std::to_string(kMaximumFeatures) + " features, not " +
                    std::to_string(names.size()));
  std::vector<std::string_view> sorted(names.begin(), names.end());
  std::ranges::sort(sorted);
  if (sorted.front().empty())
    return Fail(ErrorCode::kInvalidArgument, "a feature of the profile has no name");
  if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
    return Fail(ErrorCode::kInvalidArgument,
                "the profile has two features '" + std::string(*twice) + "'",
                "Give every feature its own name.");
  return {};
}

Result<Tolerance> ReadTolerance(const Json& json, const std::string& owner) {
  const JsonFields fields(json, owner + " tolerance");
  Tolerance tolerance;
  INSITU_ASSIGN(tolerance.tail, fields.Number("tail", 1e-6, 0.499));
  INSITU_ASSIGN(tolerance.share, fields.Number("share", 1e-3, 1));
  return tolerance;
}

Result<FeatureProfile> ReadFeature(const Json& json, size_t position) {
  FeatureProfile feature;
  INSITU_ASSIGN(feature.name,
                JsonFields(json, "profile feature " + std::to_string(position)).String("name"));
  const std::string owner = "profile feature '" + feature.name + "'";
  const JsonFields fields(json, owner);
  INSITU_ASSIGN(const Json::Array* knots, fields.Array("knots"));
  if (knots->size() != kKnots) return fields.Wrong("knots", "must be 256 numbers");
  for (size_t i = 0; i < kKnots; ++i) {
    const double* knot = (*knots)[i].AsNumber();
    if (!knot || std::abs(*knot) > std::numeric_limits<float>::max())
      return fields.Wrong("knots", "must be numbers within single precision");
    feature.knots[i] = static_cast<float>(*knot);
  }
  if (!std::ranges::is_sorted(feature.knots)) return fields.Wrong("knots", "must ascend");
  INSITU_ASSIGN(feature.mean, fields.Number("mean", -kLargest, kLargest));
  INSITU_ASSIGN(feature.std, fields.Number("std", 0, kLargest));
  if (const Json* tolerance = json.Find("tolerance"); tolerance && !tolerance->IsNull()) {
    INSITU_ASSIGN(feature.tolerance, ReadTolerance(*tolerance, owner));
  }
  return feature;
}

Result<std::string> ReadModelHash(const Json& json) {
  const Json* model = json.Find("model");
  if (!model || model->IsNull()) return std::string();
  const JsonFields fields(*model, "profile model");
  INSITU_ASSIGN(std::string hash, fields.String("sha256"));
  if (hash.size() != 64 || hash.find_first_not_of("0123456789abcdef") != hash.npos)
    return fields.Wrong("sha256", "must be 64 lower-case hexadecimal digits");
  return hash;
}

// The profile of one ascending column.
FeatureProfile Summarize(std::string name, std::span<const float> sorted) {
  FeatureProfile feature;
  feature.name = std::move(name);
  const double count = static_cast<double>(sorted.size());
  for (size_t i = 0; i < kKnots; ++i) {
    const double level = (static_cast<double>(i) + 0.5) / kKnots;
    feature.knots[i] = sorted[static_cast<size_t>(level * count)];
  }
  feature.knots.front() = sorted.front();
  feature.knots.back() = sorted.back();
  const double middle = static_cast<double>(sorted[sorted.size() / 2]);
  double sum = 0, squares = 0;
  for (float value : sorted) {
    const double d = static_cast<double>(value) - middle;
    sum += d;
    squares += d * d;
  }
  feature.mean = middle + sum / count;
  feature.std = std::sqrt(std::max(squares / count - sum / count * (sum / count), 0.0));
  return feature;
}

}  // namespace

Result<ReferenceProfile> ReferenceProfile::FromJson(std::string_view text) {
  INSITU_ASSIGN(const Json json, Json::Parse(text));
  const JsonFields fields(json, "profile");
  INSITU_ASSIGN(const std::string format, fields.String("format"));
  if (format != kFormat) return fields.Wrong("format", "must be \"insitu-profile\"");
  INSITU_ASSIGN(const uint64_t version, fields.Count("version"));
  if (version != kVersion) return fields.Wrong("version", "must be 1, the only one known here");
  ReferenceProfile profile;
  INSITU_ASSIGN(profile.model_sha256, ReadModelHash(json));
  INSITU_ASSIGN(profile.count, fields.Count("count"));
  if (profile.count < kMinimumProfileRows) return fields.Wrong("count", "must be 256 or more");
  INSITU_ASSIGN(const Json::Array* features, fields.Array("features"));
  std::vector<std::string> names;
  for (const Json& feature : *features) {
    INSITU_ASSIGN(FeatureProfile read, ReadFeature(feature, profile.features.size()));
    names.push_back(read.name);
    profile.features.push_back(std::move(read));
  }
  INSITU_TRY(CheckNames(names));
  return profile;
}

Result<ReferenceProfile> ReferenceProfile::FromRows(std::span<const float> rows,
                                                    std::span<const std::string> names) {
  INSITU_TRY(CheckNames(names));
  const size_t width = names.size(), count = rows.size() / width;
  if (count * width != rows.size())
    return Fail(ErrorCode::kInvalidArgument,
                std::to_string(rows.size()) + " values are no whole number of rows of " +
                    std::to_string(width) + " features",
                "Pass n x features values, row by row.");
  if (count < kMinimumProfileRows)
    return Fail(ErrorCode::kInvalidArgument,
                "a profile needs 256 rows or more, not " + std::to_string(count),
                "10,000 rows give a detector its full accuracy.");
  INSITU_ASSIGN(Tensor scratch, Tensor::Allocate(DType::kFloat32, {static_cast<int64_t>(count)}));
  const std::span<float> column = scratch.As<float>();
  ReferenceProfile profile;
  profile.count = count;
  for (size_t k = 0; k < width; ++k) {
    for (size_t i = 0; i < count; ++i) {
      column[i] = rows[i * width + k];
      if (!std::isfinite(column[i]))
        return Fail(ErrorCode::kInvalidArgument,
                    "row " + std::to_string(i) + " of feature '" + names[k] + "' is not finite",
                    "Leave out rows with NaN or infinity.");
    }
    std::ranges::sort(column);
    profile.features.push_back(Summarize(names[k], column));
  }
  return profile;
}

std::string ReferenceProfile::ToJson() const {
  JsonWriter out;
  out.BeginObject();
  out.Key("format").String(kFormat).Key("version").Integer(kVersion);
  if (!model_sha256.empty())
    out.Key("model").BeginObject().Key("sha256").String(model_sha256).EndObject();
  out.Key("count").Integer(static_cast<int64_t>(count));
  out.Key("features").BeginArray();
  for (const FeatureProfile& feature : features) {
    out.BeginObject().Key("name").String(feature.name).Key("knots").BeginArray();
    for (float knot : feature.knots) out.Float(knot);
    out.EndArray().Key("mean").Number(feature.mean).Key("std").Number(feature.std);
    if (feature.tolerance) {
      out.Key("tolerance").BeginObject();
      out.Key("tail").Number(feature.tolerance->tail);
      out.Key("share").Number(feature.tolerance->share).EndObject();
    }
    out.EndObject();
  }
  out.EndArray().EndObject();
  return out.Take();
}

}  // namespace insitu
