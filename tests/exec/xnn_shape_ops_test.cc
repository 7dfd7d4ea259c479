// XNNPACK softmax, transpose, reductions and matrix products against plain loops, with the extents
// changing between runs.
#include "kernel_fixture.h"
#include "reference_formulas.h"

namespace insitu::test {
namespace {

Dims RandomDims(Rng& rng, int64_t rank, int64_t most) {
  Dims dims;
  for (int64_t i = 0; i < rank; ++i) dims.push_back(Pick(rng, 1, most));
  return dims;
}

// The position along every axis of the element with this row-major index.
std::vector<int64_t> Position(const Dims& dims, size_t index) {
  std::vector<int64_t> position(dims.size());
  for (size_t i = dims.size(); i-- > 0;) {
    position[i] = static_cast<int64_t>(index % static_cast<size_t>(dims[i]));
    index /= static_cast<size_t>(dims[i]);
  }
  return position;
}

size_t Index(const Dims& dims, const std::vector<int64_t>& position) {
  int64_t index = 0;
  for (size_t i = 0; i < dims.size(); ++i) index = index * dims[i] + position[i];
  return static_cast<size_t>(index);
}

TEST_CASE("softmax over the last axis") {
  Rng rng(51);
  auto kernel = Accepted(Xnn(2), lowered::Softmax{});
  for (int round = 0; round < 20; ++round) {
    const Dims dims = RandomDims(rng, Pick(rng, 1, 3), 70);
    const Tensor x = RandomFloats(rng, dims, -30.0f, 30.0f);
    const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, dims);
    const auto row = static_cast<size_t>(dims.back());
    for (size_t i = 0; i < static_cast<size_t>(x.elements()); i += row) {
      const auto in = x.As<float>().subspan(i, row);
      const double most = *std::ranges::max_element(in);
      double sum = 0.0;
      for (float value : in) sum += std::exp(double{value} - most);
      for (size_t k = 0; k < row; ++k) {
        const double expected = std::exp(double{in[k]} - most) / sum;
        REQUIRE(std::fabs(y.As<float>()[i + k] - expected) <= 2e-6 * expected + 1e-12);
      }
    }
  }
  CHECK_FALSE(Xnn(1).Consider(lowered::Softmax{DType::kFloat32, false}));
}

TEST_CASE("transposes move every element to its place") {
  Rng rng(52);
  for (DType dtype : {DType::kUint8, DType::kFloat16, DType::kFloat32, DType::kInt64, DType::kBool})
    for (int round = 0; round < 25; ++round) {
      const int64_t rank = Pick(rng, 1, 6);
      lowered::Permute op{dtype, {}};
      for (int64_t i = 0; i < rank; ++i) op.perm.push_back(i);
      std::ranges::shuffle(op.perm, rng);
      auto kernel = Accepted(Xnn(round % 2 + 1), op);
      for (int repeat = 0; repeat < 2; ++repeat) {
        const Dims in = RandomDims(rng, rank, rank > 4 ? 4 : 9);
        Dims out;
        for (int64_t axis : op.perm) out.push_back(in[static_cast<size_t>(axis)]);
        CAPTURE(Name(dtype), in, out, op.perm);
        Tensor x = Make(dtype, in);
        for (size_t i = 0; i < x.size_bytes(); ++i)
          x.data()[i] = static_cast<std::byte>(Pick(rng, 0, 255));
        const Tensor y = RunKernel(*kernel, {x}, dtype, out);
        const size_t size = ByteSize(dtype, 1);
        for (size_t i = 0; i < static_cast<size_t>(y.elements()); ++i) {
          const auto to = Position(out, i);
          std::vector<int64_t> from(in.size());
          for (size_t k = 0; k < op.perm.size(); ++k) from[static_cast<size_t>(op.perm[k])] = to[k];
          REQUIRE(std::equal(y.data() + i * size, y.data() + (i + 1) * size,
                             x.data() + Index(in, from) * size));
        }
      }
    }
  CHECK_FALSE(Xnn(1).Consider(lowered::Permute{DType::kFloat32, {0, 0}}));
  CHECK_FALSE(Xnn(1).Consider(lowered::Permute{DType::kFloat32, {0, 1, 2, 3, 4, 5, 6}}));
  CHECK_FALSE(Xnn(1).Consider(lowered::Permute{DType::kString, {1, 0}}));
}

TEST_CASE("sums and means over any axes") {
  Rng rng(53);
  for (int round = 0; round < 80; ++round) {
    const int64_t rank = Pick(rng, 1, 6);
    lowered::Reduce op;
    op.mean = round % 2 == 0;
    std::vector<bool> reduced(static_cast<size_t>(rank));
    for (int64_t i = 0; i < rank; ++i)
      if (Pick(rng, 0, 1)) {
        reduced[static_cast<size_t>(i)] = true;
        op.axes.push_back(Pick(rng, 0, 1) ? i : i - rank);
      }
    if (op.axes.empty()) continue;
    auto kernel = Accepted(Xnn(round % 3 == 0 ? 2 : 1), op);
    for (int repeat = 0; repeat < 2; ++repeat) {
      const Dims in = RandomDims(rng, rank, rank > 4 ? 4 : 17);
      Dims out = in;
      for (size_t i = 0; i < in.size(); ++i)
        if (reduced[i]) out[i] = 1;
      CAPTURE(in, out, op.mean);
      const Tensor x = RandomFloats(rng, in);
      std::vector<double> sums(static_cast<size_t>(ElementsUnchecked(out)), 0.0);
      for (size_t i = 0; i < static_cast<size_t>(x.elements()); ++i) {
        auto position = Position(in, i);
        for (size_t k = 0; k < in.size(); ++k)
          if (reduced[k]) position[k] = 0;
        sums[Index(out, position)] += x.As<float>()[i];
      }
      const double count = static_cast<double>(x.elements()) / static_cast<double>(sums.size());
      const Tensor y = RunKernel(*kernel, {x}, DType::kFloat32, out);
      for (size_t i = 0; i < sums.size(); ++i) {
        const double expected = op.mean ? sums[i] / count : sums[i];
        REQUIRE(std::fabs(y.As<float>()[i] - expected) <= 1e-6 * (op.mean ? 1.0 : count));
      }
    }
  }
}

TEST_CASE("a sum over nothing is 0, a mean not a number") {
  lowered::Reduce op;
  op.axes = {1};
  auto sum = Accepted(Xnn(1), op);
  CHECK(RunKernel(*sum, {Make(DType::kFloat32, {2, 0})}, DType::kFloat32, {2, 1}).As<float>()[1] ==
        0.0f);
  op.mean = true;
  auto mean = Accepted(Xnn(1), op);
  CHECK(std::isnan(
      RunKernel(*mean, {Make(DType::kFloat32, {2, 0})}, DType::kFloat32, {2, 1}).As<float>()[1]));
}

// XNNPACK counts these in size_t.
TEST_CASE("what XNNPACK would allocate beyond 2 GiB is refused before") {
  const int64_t depth = int64_t{1} << 26;
  const auto code = [](Kernel& kernel, const std::vector<Dims>& inputs, const Dims& output) {
    const auto scratch = kernel.Reshape(inputs, std::vector<Dims>{output});
    return scratch ? ErrorCode::kInternal : scratch.error().code;
  };
  CHECK(code(*Accepted(Xnn(1), lowered::BatchMatMul{}), {{1, depth}, {depth, 1}}, {1, 1}) ==
        ErrorCode::kLimitExceeded);
  lowered::Pool pool;
  pool.kernel[0] = pool.kernel[1] = 3;
  for (int i = 0; i < 2; ++i) pool.pad_begin[i] = pool.pad_end[i] = 1;
  const Dims plane{1, 8192, 8192, 1};
  CHECK(code(*Accepted(Xnn(1), pool), {plane}, plane) == ErrorCode::kLimitExceeded);
}

TEST_CASE("matrix products with numpy's rules") {
  Rng rng(54);
  auto kernel = Accepted(Xnn(2), lowered::BatchMatMul{});
  const struct {
    Dims a, b, out;
  } cases[] = {
      {{5, 7}, {7, 3}, {5, 3}},
      {{7}, {7, 3}, {3}},
      {{5, 7}, {7}, {5}},
      {{7}, {7}, {}},
      {{2, 3, 5, 7}, {2, 3, 7, 9}, {2, 3, 5, 9}},
      {{2, 3, 5, 7}, {7, 9}, {2, 3, 5, 9}},
      {{5, 7}, {4, 7, 9}, {4, 5, 9}},
      {{2, 1, 5, 7}, {3, 7, 9}, {2, 3, 5, 9}},
      {{1, 33, 65}, {1, 65, 17}, {1, 33, 17}},
      {{3, 0}, {0, 2}, {3, 2}},
      {{0, 4}, {4, 2}, {0, 2}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.a, c.b);
    const Tensor a = RandomFloats(rng, c.a), b = RandomFloats(rng, c.b);
    const Tensor y = RunKernel(*kernel, {a, b}, DType::kFloat32, c.out);
    Dims da = c.a, db = c.b, full = c.out;
    if (da.size() == 1) da.insert(da.begin(), 1), full.insert(full.end() - (db.size() > 1), 1);
    if (db.size() == 1) db.push_back(1), full.push_back(1);
    const int64_t depth = da.back();
    for (size_t i = 0; i < static_cast<size_t>(y.elements()); ++i) {
      const auto at = Position(full, i);
      double sum = 0.0, size = 0.0;
      for (int64_t k = 0; k < depth; ++k) {
        const auto pick = [&](const Dims& dims, int64_t row, int64_t column) {
          std::vector<int64_t> position(dims.size());
          for (size_t d = 0; d + 2 < dims.size(); ++d)
            position[d] = dims[d] == 1 ? 0 : at[d + full.size() - dims.size()];
          position[dims.size() - 2] = row;
          position[dims.size() - 1] = column;
          return Index(dims, position);
        };
        const double term = double{a.As<float>()[pick(da, at[full.size() - 2], k)]} *
                            double{b.As<float>()[pick(db, k, at[full.size() - 1])]};
        sum += term;
        size += std::fabs(term);
      }
      REQUIRE(std::fabs(y.As<float>()[i] - sum) <= 2e-6 * size + 1e-12);
    }
  }
}

}  // namespace
}  // namespace insitu::test
