// Recording, merging and reading of the exponential histogram, and its JSON form.
#include "monitor/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "monitor/json_fields.h"

namespace insitu {
namespace {

constexpr double kBucketsPerOctave = 1 << Histogram::kScale;
// Differences of a stepped clock miss whole steps by rounding: this much counts as a full step.
constexpr double kStepSlack = 0.99;

double LowerBoundMs(int index) { return std::exp2(index / kBucketsPerOctave) * 1e3; }

// The estimate with the least relative error over a bucket, (base - 1) / (base + 1) = 1.083 %.
double MiddleMs(int index) {
  const double low = LowerBoundMs(index), high = LowerBoundMs(index + 1);
  return 2 * low * high / (low + high);
}

// The only index whose bucket holds a positive time, before clamping to the range.
int IndexOf(double ms) {
  return static_cast<int>(std::ceil(std::log2(ms / 1e3) * kBucketsPerOctave)) - 1;
}

// Counts stop at the largest number instead of starting again from zero.
template <class T>
void AddTo(T& counter, T more) {
  counter += std::min<T>(more, std::numeric_limits<T>::max() - counter);
}

}  // namespace

Histogram::Histogram(double clock_step_ms)
    : clock_step_ms_(std::isfinite(clock_step_ms) ? std::max(clock_step_ms, 0.0) : 0) {}

void Histogram::Record(double ms) {
  if (std::isnan(ms)) return;
  ms = std::clamp(ms, 0.0, 1e12);
  min_ms_ = count_ ? std::min(min_ms_, ms) : ms;
  max_ms_ = count_ ? std::max(max_ms_, ms) : ms;
  sum_ms_ += ms;
  ++count_;
  if (ms < clock_step_ms_ * kStepSlack || ms <= LowerBoundMs(kFirstIndex)) {
    ++below_step_;
  } else if (const int index = IndexOf(ms); index > kLastIndex) {
    ++overflow_;
  } else {
    AddTo(buckets_[static_cast<size_t>(std::max(index, kFirstIndex) - kFirstIndex)], 1u);
  }
}

void Histogram::Merge(const Histogram& other) {
  if (other.count_ > 0) {
    min_ms_ = count_ ? std::min(min_ms_, other.min_ms_) : other.min_ms_;
    max_ms_ = count_ ? std::max(max_ms_, other.max_ms_) : other.max_ms_;
  }
  AddTo(count_, other.count_);
  AddTo(below_step_, other.below_step_);
  AddTo(overflow_, other.overflow_);
  sum_ms_ += other.sum_ms_;
  const bool coarser = clock_step_ms_ != other.clock_step_ms_;
  clock_step_ms_ = std::max(clock_step_ms_, other.clock_step_ms_);
  for (size_t k = 0; k < kBuckets; ++k) {
    AddTo(buckets_[k], other.buckets_[k]);
    const int index = kFirstIndex + static_cast<int>(k);
    if (coarser && LowerBoundMs(index + 1) < clock_step_ms_ * kStepSlack)
      below_step_ += std::exchange(buckets_[k], 0);
  }
}

void Histogram::Transfer(Archive& archive) {
  Histogram all = archive.reads() ? Histogram() : *this;
  archive(all.clock_step_ms_, all.count_, all.below_step_, all.overflow_, all.sum_ms_, all.min_ms_,
          all.max_ms_, all.buckets_);
  if (!archive.reads()) return;
  Reset();
  Merge(all);
}

void Histogram::Reset() { *this = Histogram(clock_step_ms_); }

std::optional<double> Histogram::min_ms() const {
  return count_ ? std::optional(min_ms_) : std::nullopt;
}

std::optional<double> Histogram::max_ms() const {
  return count_ ? std::optional(max_ms_) : std::nullopt;
}

std::optional<double> Histogram::Quantile(double q) const {
  if (!(q >= 0 && q <= 1) || count_ < MinimumSamples(q)) return std::nullopt;
  const double exact_rank = std::ceil(q * static_cast<double>(count_));
  const auto rank = std::clamp<uint64_t>(static_cast<uint64_t>(exact_rank), 1, count_);
  uint64_t seen = below_step_;
  if (rank <= seen) return 0;
  if (rank == 1) return min_ms_;
  if (rank == count_) return max_ms_;
  for (size_t k = 0; k < kBuckets; ++k) {
    seen += buckets_[k];
    if (rank <= seen)
      return std::clamp(MiddleMs(kFirstIndex + static_cast<int>(k)), min_ms_, max_ms_);
  }
  return max_ms_;
}

uint64_t Histogram::MinimumSamples(double q) {
  constexpr double kDoubt = 0.01;
  constexpr uint64_t kNever = uint64_t{1} << 53;
  const double p = std::max(q, 1 - q);
  if (!(p < 1)) return p == 1 ? 1 : kNever;
  if (p <= 0.75) {
    // Central: all samples on one side of the true quantile are this unlikely.
    uint64_t n = 1;
    while (std::pow(p, n) + std::pow(1 - p, n) > kDoubt) ++n;
    return n;
  }
  // Tail: the second largest of n lies below the true quantile with P(Binomial(n, 1 - p) <= 1).
  auto doubt = [p](uint64_t n) {
    const double count = static_cast<double>(n);
    return std::exp((count - 1) * std::log(p)) * (p + count * (1 - p));
  };
  uint64_t high = 2;
  while (doubt(high) > kDoubt && high < kNever) high *= 2;
  uint64_t low = high / 2;
  while (low + 1 < high) {
    const uint64_t middle = low + (high - low) / 2;
    (doubt(middle) > kDoubt ? low : high) = middle;
  }
  return high;
}

void Histogram::WriteJson(JsonWriter& out) const {
  size_t first = 0, end = kBuckets;
  while (first < end && buckets_[first] == 0) ++first;
  while (end > first && buckets_[end - 1] == 0) --end;
  auto integer = [&](std::string_view key, uint64_t value) {
    out.Key(key).Integer(static_cast<int64_t>(value));
  };
  auto number = [&](std::string_view key, std::optional<double> value) {
    out.Key(key);
    value ? out.Number(*value) : out.Null();
  };
  out.BeginObject();
  integer("scale", kScale);
  number("clockStepMs", clock_step_ms_);
  integer("count", count_);
  integer("belowStep", below_step_);
  integer("overflow", overflow_);
  number("sumMs", sum_ms_);
  number("minMs", min_ms());
  number("maxMs", max_ms());
  out.Key("offset").Integer(kFirstIndex + static_cast<int>(first));
  out.Key("buckets").BeginArray();
  for (size_t k = first; k < end; ++k) out.Integer(buckets_[k]);
  out.EndArray().EndObject();
}

std::string Histogram::ToJson() const {
  JsonWriter out;
  WriteJson(out);
  return out.Take();
}

Result<Histogram> Histogram::FromJson(std::string_view text) {
  INSITU_ASSIGN(const Json json, Json::Parse(text));
  const JsonFields fields(json, "histogram");
  INSITU_ASSIGN(const uint64_t scale, fields.Count("scale"));
  if (scale != kScale) return fields.Wrong("scale", "must be 5");
  Histogram histogram;
  INSITU_ASSIGN(histogram.clock_step_ms_, fields.Number("clockStepMs", 0, 1e12));
  INSITU_ASSIGN(histogram.count_, fields.Count("count"));
  INSITU_ASSIGN(histogram.below_step_, fields.Count("belowStep"));
  INSITU_ASSIGN(histogram.overflow_, fields.Count("overflow"));
  INSITU_ASSIGN(histogram.sum_ms_, fields.Number("sumMs", 0, 1e300));
  if (histogram.count_ > 0) {
    INSITU_ASSIGN(histogram.min_ms_, fields.Number("minMs", 0, 1e12));
    INSITU_ASSIGN(histogram.max_ms_, fields.Number("maxMs", histogram.min_ms_, 1e12));
  }
  INSITU_ASSIGN(const double offset, fields.Number("offset", kFirstIndex, kLastIndex + 1));
  INSITU_ASSIGN(const Json::Array* counts, fields.Array("buckets"));
  const auto first = static_cast<size_t>(offset - kFirstIndex);
  if (offset != std::floor(offset) || first + counts->size() > kBuckets)
    return fields.Wrong("buckets", "must lie within the range of 1 us to 64 s");
  uint64_t total = histogram.below_step_ + histogram.overflow_;
  for (size_t k = 0; k < counts->size(); ++k) {
    const double* count = (*counts)[k].AsNumber();
    if (!count || !(*count >= 0 && *count <= UINT32_MAX) || *count != std::floor(*count))
      return fields.Wrong("buckets", "must be counts below 2^32");
    histogram.buckets_[first + k] = static_cast<uint32_t>(*count);
    total += histogram.buckets_[first + k];
  }
  if (total != histogram.count_) return fields.Wrong("count", "must be the sum of all counts");
  return histogram;
}

}  // namespace insitu
