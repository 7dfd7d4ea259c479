// The normalization kernel against double arithmetic, for long rows, large means and RMS.
#include "kernel_fixture.h"

namespace insitu::test {
namespace {

TEST_CASE("rows are normalized as in double") {
  Rng rng(111);
  for (int64_t count : {1, 3, 8, 100, 384, 5000})
    for (bool centred : {true, false})
      for (bool biased : {true, false}) {
        lowered::Normalize op{count, 1e-5f, centred, RandomFloats(rng, {count}), {}};
        if (biased) op.bias = RandomFloats(rng, {count});
        auto kernel = Accepted(Own(), op);
        const Tensor x = RandomFloats(rng, {3, count}, 4.0f, 6.0f);
        const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, {3, count});
        for (int64_t row = 0; row < 3; ++row) {
          const float* from = x.As<float>().data() + row * count;
          double mean = 0, variance = 0;
          for (int64_t i = 0; centred && i < count; ++i)
            mean += from[i] / static_cast<double>(count);
          for (int64_t i = 0; i < count; ++i)
            variance += (from[i] - mean) * (from[i] - mean) / static_cast<double>(count);
          for (int64_t i = 0; i < count; ++i) {
            const auto at = static_cast<size_t>(i);
            const double want =
                (from[i] - mean) / std::sqrt(variance + 1e-5) * op.scale.As<float>()[at] +
                (biased ? op.bias.As<float>()[at] : 0);
            REQUIRE(std::abs(y.As<float>()[static_cast<size_t>(row * count + i)] - want) <= 2e-5);
          }
        }
      }
}

}  // namespace
}  // namespace insitu::test
