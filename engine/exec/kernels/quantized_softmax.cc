// Softmax of 8-bit elements; formula in ops/qlinear_softmax.cc. Powers come from a table of the 256
// distances to the largest element, and so do the results of a line: of each element there is a
// look-up to add and a look-up to write, which is short where far elements become zero.
#include <algorithm>
#include <array>

#include "exec/kernels/byte_look_up.h"
#include "exec/kernels/kernels.h"
#include "exec/kernels/simd_requantize.h"
#include "exec/thread_pool.h"
#include "ops/softmax_powers.h"

namespace insitu::kernels {
namespace {

template <class T>
class QuantizedSoftmaxKernel final : public Kernel {
 public:
  QuantizedSoftmaxKernel(const lowered::QuantizedSoftmax& op, const ThreadPool& pool)
      : op_(op), pool_(pool) {
    const auto powers = SoftmaxPowers(op.x.scale);
    std::ranges::copy(powers, powers_.begin());
    std::ranges::reverse_copy(powers, reversed_.begin());
  }

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims>) override {
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
    const auto* x = Cast<T>(inputs[0]);
    auto* y = Cast<T>(outputs[0]);
    const size_t of_task = std::max<size_t>(1, kElementsOfTask / count_);
    pool_.ForEach((lines + of_task - 1) / of_task, uint64_t{lines} * count_ * kWorkOfElement,
                  [&](size_t task, size_t) {
                    const size_t end = std::min((task + 1) * of_task, lines);
                    for (size_t line = task * of_task; line < end; ++line) {
                      const size_t first = line / inner_ * count_ * inner_ + line % inner_;
                      inner_ == 1 ? RunLine(x + first, y + first)
                                  : RunLine(x + first, y + first, inner_);
                    }
                  });
    return {};
  }

 private:
  static constexpr size_t kElementsOfTask = 4096, kWorkOfElement = 4;

  // Two functions of one: where elements lie side by side, vectors take them.
  void RunLine(const T* x, T* y) const {
    T largest = x[0];
    for (size_t i = 1; i < count_; ++i) largest = std::max(largest, x[i]);
    ByteResults results;
    const size_t used = Tabulate(largest, SumOf(x, 1, largest), results);
    LookUpDistances(results, used, static_cast<uint8_t>(largest),
                    reinterpret_cast<const uint8_t*>(x), count_, reinterpret_cast<uint8_t*>(y));
  }
  void RunLine(const T* x, T* y, size_t step) const {
    T largest = x[0];
    for (size_t i = 1; i < count_; ++i) largest = std::max(largest, x[i * step]);
    ByteResults results;
    Tabulate(largest, SumOf(x, step, largest), results);
    for (size_t i = 0; i < count_; ++i)
      y[i * step] = static_cast<T>(results[static_cast<uint8_t>(largest - x[i * step])]);
  }

  [[gnu::always_inline]] int64_t SumOf(const T* x, size_t step, T largest) const {
    const int from_largest = kLast - largest;
    int64_t sum = 0;
    for (size_t i = 0; i < count_; ++i)
      sum += reversed_[static_cast<size_t>(from_largest + x[i * step])];
    return sum;
  }

  // What an element becomes, by its distance to the largest one. Those beyond a distance that is
  // less than half a step are all zero; gives the first of these.
  size_t Tabulate(T largest, int64_t sum, ByteResults& results) const {
    const QuantizedRange range = RangeOf<T>({});
    const double total = static_cast<double>(sum), reciprocal = 1 / total;
    const double negligible = 0.49 * static_cast<double>(op_.y.scale) * total;
    const size_t distances = static_cast<size_t>(largest - std::numeric_limits<T>::lowest()) + 1;
    size_t d = 0;
    for (; d < distances && powers_[d] >= negligible; d += kOfStep) {
      float shares[kOfStep];
      for (size_t i = 0; i < kOfStep; ++i) shares[i] = SoftmaxShare(powers_[d + i], reciprocal);
      QuantizeFloats(shares, kOfStep, op_.y, range, reinterpret_cast<std::byte*>(&results[d]));
    }
    const auto zero = static_cast<uint8_t>(RoundToRange(0.0f, op_.y.zero_point, range));
    std::fill(results.begin() + static_cast<ptrdiff_t>(d), results.end(), zero);
    return d;
  }

  static constexpr size_t kOfStep = 8;
  static constexpr int kLast = 255;

  lowered::QuantizedSoftmax op_;
  const ThreadPool& pool_;
  std::array<double, 256> powers_;     // by distance
  std::array<int64_t, 256> reversed_;  // by 255 - distance
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
