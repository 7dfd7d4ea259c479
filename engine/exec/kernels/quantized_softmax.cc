// Softmax of 8-bit elements: powers come from a table of the 256 distances to the largest element,
// and so do the results of a line, so that only the sum is computed element by element, of four
// lines at a time, since one addition waits for the other.
//   p = exp(scale_x * (x - max)) / sum, in double; y = saturate(rint_half_even(float32(p) /
//   scale_y) + zy)
#include <algorithm>
#include <array>
#include <cmath>

#include "exec/kernels/kernels.h"
#include "exec/kernels/simd_requantize.h"
#include "exec/thread_pool.h"

namespace insitu::kernels {
namespace {

template <class T>
class QuantizedSoftmaxKernel final : public Kernel {
 public:
  QuantizedSoftmaxKernel(const lowered::QuantizedSoftmax& op, const ThreadPool& pool)
      : op_(op), pool_(pool) {
    for (size_t i = 0; i < powers_.size(); ++i)
      powers_[i] = std::exp(-static_cast<double>(op.x.scale) * static_cast<double>(i));
  }

  Result<size_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
    const std::span<const int64_t> dims = inputs[0];
    const auto axis = static_cast<size_t>(op_.axis);
    if (axis > dims.size() || (axis == dims.size() && !op_.flattens))
      return Fail(ErrorCode::kShapeMismatch, "Softmax along axis " + std::to_string(op_.axis) +
                                                 " of a tensor of shape " + ToString(dims));
    outer_ = static_cast<size_t>(ElementsUnchecked(dims.first(axis)));
    const auto rest = static_cast<size_t>(ElementsUnchecked(dims.subspan(axis)));
    count_ = op_.flattens ? rest : static_cast<size_t>(dims[axis]);
    inner_ = op_.flattens || count_ == 0 ? 1 : rest / count_;
    return 0;
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (count_ == 0) return {};
    const size_t lines = outer_ * inner_;
    pool_.ForEach(
        (lines + kLines - 1) / kLines, lines * count_ * kWorkOfElement, [&](size_t index, size_t) {
          const size_t first = index * kLines;
          RunLines(Cast<T>(inputs[0]), Cast<T>(outputs[0]), first, std::min(kLines, lines - first));
        });
    return {};
  }

 private:
  static constexpr size_t kLines = 4, kWorkOfElement = 4;
  using Results = std::array<std::byte, 256>;

  size_t FirstOf(size_t line) const { return line / inner_ * count_ * inner_ + line % inner_; }

  void RunLines(const T* x, T* y, size_t first, size_t lines) const {
    // Lines that are not there are the last one once more.
    const T* from[kLines];
    T largest[kLines];
    double sums[kLines] = {};
    for (size_t l = 0; l < kLines; ++l) {
      from[l] = x + FirstOf(first + std::min(l, lines - 1));
      largest[l] = from[l][0];
      for (size_t i = 1; i < count_; ++i) largest[l] = std::max(largest[l], from[l][i * inner_]);
    }
    for (size_t i = 0; i < count_; ++i)
      for (size_t l = 0; l < kLines; ++l)
        sums[l] += powers_[Distance(largest[l], from[l][i * inner_])];
    for (size_t l = 0; l < lines; ++l) {
      Results results;
      Tabulate(sums[l], results);
      T* to = y + FirstOf(first + l);
      for (size_t i = 0; i < count_; ++i)
        to[i * inner_] = static_cast<T>(results[Distance(largest[l], from[l][i * inner_])]);
    }
  }

  // What an element of each distance becomes. Those beyond a distance that is less than half a step
  // are all zero.
  void Tabulate(double sum, Results& results) const {
    const QuantizedRange range = RangeOf<T>({});
    const double negligible = op_.x.scale > 0 ? 0.49 * static_cast<double>(op_.y.scale) * sum : 0.0;
    for (size_t d = 0; d < results.size(); d += kOfStep) {
      if (powers_[d] < negligible) {
        std::fill(results.begin() + static_cast<ptrdiff_t>(d), results.end(),
                  static_cast<std::byte>(RoundToRange(0.0f, op_.y.zero_point, range)));
        return;
      }
      float shares[kOfStep];
      for (size_t i = 0; i < kOfStep; ++i) shares[i] = static_cast<float>(powers_[d + i] / sum);
      QuantizeFloats(shares, kOfStep, op_.y, range, results.data() + d);
    }
  }

  static size_t Distance(T largest, T value) {
    return static_cast<size_t>(static_cast<int>(largest) - static_cast<int>(value));
  }

  static constexpr size_t kOfStep = 8;

  lowered::QuantizedSoftmax op_;
  const ThreadPool& pool_;
  std::array<double, 256> powers_;
  size_t outer_ = 0, count_ = 0, inner_ = 1;
};

}  // namespace

Considered Consider(const lowered::QuantizedSoftmax& op) {
  if (!IsByte(op.dtype)) return Refuse("only 8-bit integers");
  return Offer{.cost = 2.0};
}

Created Create(const lowered::QuantizedSoftmax& op, const ThreadPool& pool, PackedWeights) {
  if (op.dtype == DType::kInt8) return std::make_unique<QuantizedSoftmaxKernel<int8_t>>(op, pool);
  return std::make_unique<QuantizedSoftmaxKernel<uint8_t>>(op, pool);
}

}  // namespace insitu::kernels
