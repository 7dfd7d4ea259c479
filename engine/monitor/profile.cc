// Making, reading and writing reference profiles.
#include "monitor/profile.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/compact_sort.h"
#include "base/json.h"
#include "base/tensor.h"
#include "monitor/json_fields.h"
#include "monitor/output_features.h"
#include "monitor/quality.h"

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
  CompactSort(sorted);
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
  if (json.Find("categories")) {
    INSITU_ASSIGN(const Json::Array* categories, fields.Array("categories"));
    for (const Json& category : *categories) {
      if (!category.AsString()) return fields.Wrong("categories", "must be strings");
      feature.categories.push_back(*category.AsString());
    }
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

Result<ValueRange> ReadRange(const Json& json, const JsonFields& owner) {
  const Json::Array* bounds = json.AsArray();
  const double* low = bounds && bounds->size() == 2 ? (*bounds)[0].AsNumber() : nullptr;
  const double* high = low ? (*bounds)[1].AsNumber() : nullptr;
  if (!high || !(*low <= *high)) return owner.Wrong("range", "must be two numbers, ascending");
  return ValueRange{*low, *high};
}

Result<QualityRule> ReadQualityRule(const std::string& input, const Json& json) {
  QualityRule rule{input, {}, {}};
  const JsonFields fields(json, "profile quality '" + input + "'");
  if (!json.AsObject()) return fields.Wrong("range", "needs an object around it");
  if (const Json* range = json.Find("range")) {
    INSITU_ASSIGN(rule.range, ReadRange(*range, fields));
  }
  if (!json.Find("ignore")) return rule;
  INSITU_ASSIGN(const Json::Array* ignored, fields.Array("ignore"));
  for (const Json& name : *ignored) {
    if (!name.AsString() || !QualityIssueOf(*name.AsString()))
      return fields.Wrong("ignore", "must be names of issues");
    rule.ignore.push_back(*name.AsString());
  }
  return rule;
}

// The members of an object that may be absent, each by `read`.
template <class T, class Read>
Result<std::vector<T>> ReadEach(const Json& json, std::string_view key, const Read& read) {
  std::vector<T> each;
  const Json* found = json.Find(key);
  if (!found || found->IsNull()) return each;
  if (!found->AsObject()) return JsonFields(json, "profile").Wrong(key, "must be an object");
  for (const auto& [name, value] : *found->AsObject()) {
    INSITU_ASSIGN(T one, read(name, value));
    each.push_back(std::move(one));
  }
  return each;
}

Result<OutputRule> ReadOutputRule(const std::string& output, const Json& json) {
  if (json.AsString() && OutputKindOf(*json.AsString()))
    return OutputRule{output, *json.AsString()};
  return Fail(ErrorCode::kInvalidArgument,
              "profile outputs: '" + output + "' must be probabilities, logits or other");
}

void WriteRules(JsonWriter& out, const ReferenceProfile& profile) {
  if (!profile.quality.empty()) {
    out.Key("quality").BeginObject();
    for (const QualityRule& rule : profile.quality) {
      out.Key(rule.input).BeginObject();
      if (rule.range)
        out.Key("range").BeginArray().Number(rule.range->low).Number(rule.range->high).EndArray();
      out.Key("ignore").BeginArray();
      for (const std::string& name : rule.ignore) out.String(name);
      out.EndArray().EndObject();
    }
    out.EndObject();
  }
  if (profile.outputs.empty()) return;
  out.Key("outputs").BeginObject();
  for (const OutputRule& rule : profile.outputs) out.Key(rule.output).String(rule.kind);
  out.EndObject();
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
  INSITU_ASSIGN(profile.quality, ReadEach<QualityRule>(json, "quality", ReadQualityRule));
  INSITU_ASSIGN(profile.outputs, ReadEach<OutputRule>(json, "outputs", ReadOutputRule));
  if (const Json* accuracy = json.Find("accuracy"); accuracy && !accuracy->IsNull()) {
    INSITU_ASSIGN(profile.accuracy, Calibration::FromJson(*accuracy));
  }
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
  WriteRules(out, *this);
  if (accuracy) {
    out.Key("accuracy");
    accuracy->WriteJson(out);
  }
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
    if (!feature.categories.empty()) {
      out.Key("categories").BeginArray();
      for (const std::string& category : feature.categories) out.String(category);
      out.EndArray();
    }
    out.EndObject();
  }
  out.EndArray().EndObject();
  return out.Take();
}

}  // namespace insitu
