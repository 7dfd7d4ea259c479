// TfIdfVectorizer: how often each n-gram of a pool occurs in a row of tokens, weighted.
// The tokens of an n-gram lie 1 to max_skip_count + 1 apart; single tokens are counted once.
// https://onnx.ai/onnx/operators/onnx__TfIdfVectorizer.html (9)
#include <algorithm>
#include <map>

#include "ops/elements.h"
#include "ops/infer_util.h"
#include "ops/ops.h"

namespace insitu {
namespace {

using Ints = std::vector<int64_t>;

std::unexpected<Error> Bad(std::string what) {
  return Fail(ErrorCode::kInvalidModel, "TfIdfVectorizer: " + std::move(what),
              "The model was written by a faulty exporter.");
}

// The n-grams of the pool as lists of token numbers.
class Pool {
 public:
  static Result<Pool> Of(const Node& node) {
    Pool pool;
    const auto strings = node.Attr("pool_strings", std::vector<std::string>());
    const auto numbers = node.Attr("pool_int64s", Ints());
    for (const std::string& token : strings) pool.strings_.emplace(token, pool.strings_.size());
    for (int64_t token : numbers) pool.numbers_.emplace(token, pool.numbers_.size());
    Ints tokens;
    for (const std::string& token : strings)
      tokens.push_back(static_cast<int64_t>(pool.strings_[token]));
    for (int64_t token : numbers) tokens.push_back(static_cast<int64_t>(pool.numbers_[token]));

    const Ints starts = node.Attr("ngram_counts", Ints());
    size_t count = 0;
    for (size_t n = 1; n <= starts.size(); ++n) {
      const int64_t first = starts[n - 1], size = static_cast<int64_t>(tokens.size());
      const int64_t last = n < starts.size() ? starts[n] : size;
      if (first < 0 || last < first || last > size || (last - first) % static_cast<int64_t>(n) != 0)
        return Bad("ngram_counts do not divide the pool");
      for (int64_t at = first; at < last; at += static_cast<int64_t>(n))
        pool.grams_.emplace(
            Ints(tokens.begin() + at, tokens.begin() + at + static_cast<int64_t>(n)), count++);
    }
    pool.outputs_ = node.Attr("ngram_indexes", Ints());
    pool.weights_ = node.Attr("weights", std::vector<float>());
    if (pool.outputs_.size() != count || (!pool.weights_.empty() && pool.weights_.size() != count))
      return Bad(std::to_string(count) + " n-grams have " + std::to_string(pool.outputs_.size()) +
                 " indexes and " + std::to_string(pool.weights_.size()) + " weights");
    for (int64_t output : pool.outputs_) {
      if (output < 0 || output > (int64_t{1} << 30)) return Bad("an index is out of range");
      pool.width_ = std::max(pool.width_, output + 1);
    }
    return pool;
  }

  int64_t width() const { return width_; }
  int64_t output(size_t gram) const { return outputs_[gram]; }
  float weight(size_t gram) const { return weights_.empty() ? 1.0f : weights_[gram]; }
  // -1 where no n-gram has the token.
  int64_t Token(const TensorView& x, int64_t at) const {
    if (x.dtype == DType::kString) {
      const auto found = strings_.find((*x.strings)[static_cast<size_t>(at)]);
      return found == strings_.end() ? -1 : static_cast<int64_t>(found->second);
    }
    const auto found = numbers_.find(LoadInteger(x, at));
    return found == numbers_.end() ? -1 : static_cast<int64_t>(found->second);
  }
  const size_t* Find(const Ints& gram) const {
    const auto found = grams_.find(gram);
    return found == grams_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, size_t> strings_;
  std::map<int64_t, size_t> numbers_;
  std::map<Ints, size_t> grams_;
  Ints outputs_;
  std::vector<float> weights_;
  int64_t width_ = 0;
};

Status Infer(InferContext& context) {
  INSITU_TRY(RequireType(context, 0, kStringType | kIndexTypes));
  INSITU_ASSIGN(const Pool pool, Pool::Of(context.node()));
  auto shape = ShapeOf(context, 0);
  if (shape && shape->size() > 2) return Bad("takes dims [C] or [N,C], not " + ToString(*shape));
  if (shape && shape->empty()) shape->emplace_back();
  if (shape) shape->back() = pool.width();
  context.SetOutput(0, DType::kFloat32, std::move(shape));
  return {};
}

Status Run(RunContext& context) {
  const TensorView& x = context.inputs[0];
  const Node& node = context.node;
  INSITU_ASSIGN(const Pool pool, Pool::Of(node));
  const int64_t shortest = node.Attr<int64_t>("min_gram_length", 1);
  const int64_t longest = node.Attr<int64_t>("max_gram_length", 1);
  const int64_t skips = node.Attr<int64_t>("max_skip_count", 0);
  const std::string mode = node.Attr("mode", std::string("TF"));
  if (shortest < 1 || longest < shortest || skips < 0) return Bad("the gram lengths make no sense");

  Dims dims = x.dims;
  const int64_t columns = dims.empty() ? 1 : dims.back();
  if (dims.empty()) dims.push_back(1);
  dims.back() = pool.width();
  INSITU_ASSIGN(const TensorView y, RunOutput(context, 0, DType::kFloat32, std::move(dims)));
  std::ranges::fill(TensorView(y).As<float>(), 0.0f);
  for (int64_t row = 0; columns > 0 && row < x.elements() / columns; ++row) {
    Ints tokens;
    for (int64_t i = 0; i < columns; ++i) tokens.push_back(pool.Token(x, row * columns + i));
    const auto counts = TensorView(y).As<float>().subspan(static_cast<size_t>(row * pool.width()),
                                                          static_cast<size_t>(pool.width()));
    for (int64_t n = shortest; n <= std::min(longest, columns); ++n)
      for (int64_t apart = 1; apart <= (n == 1 ? 1 : std::min(skips, columns - 1) + 1); ++apart)
        for (int64_t start = 0; start + (n - 1) * apart < columns; ++start) {
          Ints gram;
          for (int64_t i = 0; i < n; ++i)
            gram.push_back(tokens[static_cast<size_t>(start + i * apart)]);
          const size_t* found = pool.Find(gram);
          if (!found) continue;
          float& count = counts[static_cast<size_t>(pool.output(*found))];
          if (mode == "TF") count += 1;
          if (mode == "IDF") count = pool.weight(*found);
          if (mode == "TFIDF") count += pool.weight(*found);
        }
  }
  return {};
}

constexpr int kSince[] = {9};
constexpr AttrSpec kAttributes[] = {{"max_gram_length", AttrKind::kInt, true},
                                    {"max_skip_count", AttrKind::kInt, true},
                                    {"min_gram_length", AttrKind::kInt, true},
                                    {"mode", AttrKind::kString, true},
                                    {"ngram_counts", AttrKind::kInts, true},
                                    {"ngram_indexes", AttrKind::kInts, true},
                                    {"pool_int64s", AttrKind::kInts},
                                    {"pool_strings", AttrKind::kStrings},
                                    {"weights", AttrKind::kFloats}};

}  // namespace

const OpDef kTfIdfVectorizerOp = {.name = "TfIdfVectorizer",
                                  .since = kSince,
                                  .attributes = kAttributes,
                                  .infer = Infer,
                                  .run = Run,
                                  .no_lowering = "backends have no n-grams"};

}  // namespace insitu
