// Where of 8-bit elements, each brought to the output's quantization by a table, with numpy
// broadcasting of the three operands.
#include <algorithm>
#include <array>

#include "exec/kernels/kernels.h"

namespace insitu::kernels {
namespace {

// Steps of an operand along the axes of the output; 0 where it is repeated.
std::vector<size_t> StepsOf(const Dims& dims, size_t rank) {
  std::vector<size_t> steps(rank, 0);
  size_t step = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    if (dims[i] != 1) steps[rank - dims.size() + i] = step;
    step *= static_cast<size_t>(dims[i]);
  }
  return steps;
}

class ByteSelectKernel final : public Kernel {
 public:
  explicit ByteSelectKernel(const lowered::ByteSelect& op) : x_(op.x), y_(op.y) {}

  Result<uint64_t> Reshape(std::span<const Dims> inputs, std::span<const Dims> outputs) override {
    out_ = outputs[0];
    if (out_.empty()) out_ = {1};
    for (size_t k = 0; k < steps_.size(); ++k) steps_[k] = StepsOf(inputs[k], out_.size());
    return 0;
  }
  Status Run(std::span<const std::byte* const> inputs, std::span<std::byte* const> outputs,
             std::byte*) override {
    if (ElementsUnchecked(out_) == 0) return {};
    auto* to = Cast<uint8_t>(outputs[0]);
    RunFrom(0, Cast<uint8_t>(inputs[0]), Cast<uint8_t>(inputs[1]), Cast<uint8_t>(inputs[2]), to);
    return {};
  }

 private:
  void RunFrom(size_t axis, const uint8_t* condition, const uint8_t* x, const uint8_t* y,
               uint8_t*& to) const {
    const auto count = static_cast<size_t>(out_[axis]);
    const size_t c_step = steps_[0][axis], x_step = steps_[1][axis], y_step = steps_[2][axis];
    for (size_t i = 0; i < count; ++i) {
      if (axis + 1 < out_.size())
        RunFrom(axis + 1, condition, x, y, to);
      else
        *to++ = *condition ? x_[*x] : y_[*y];
      condition += c_step;
      x += x_step;
      y += y_step;
    }
  }

  std::array<uint8_t, 256> x_, y_;
  Dims out_;
  std::array<std::vector<size_t>, 3> steps_;
};

}  // namespace

Considered Consider(const lowered::ByteSelect&) { return Offer{.cost = 2.0}; }

Created Create(const lowered::ByteSelect& op, const ThreadPool&, PackedWeights) {
  return std::make_unique<ByteSelectKernel>(op);
}

}  // namespace insitu::kernels
