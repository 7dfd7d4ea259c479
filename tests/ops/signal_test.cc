// DFT, STFT, the windows and MelWeightMatrix: sums written out, inverses, edges.
#include <complex>
#include <numbers>

#include "support/run_op.h"

namespace insitu::test {
namespace {

TEST_CASE("DFT of any length is the sum of its definition, and comes back by its inverse") {
  for (int64_t n : {1, 2, 3, 5, 8, 12, 17, 100, 128}) {
    const Tensor x = RandomTensor(DType::kFloat64, {2, n, 3, 2}, static_cast<uint32_t>(n));
    const Tensor axis = Make<int64_t>({}, {-3});
    const Tensor y = RunOp("DFT", {x, Tensor(), axis});
    const auto at = [&](const Tensor& t, int64_t o, int64_t k, int64_t i) {
      const int64_t index = ((o * n + k) * 3 + i) * 2;
      return std::complex<double>(LoadReal(t.View(), index), LoadReal(t.View(), index + 1));
    };
    for (int64_t k = 0; k < n; ++k) {
      std::complex<double> sum;
      for (int64_t j = 0; j < n; ++j)
        sum += at(x, 1, j, 2) * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(j * k) /
                                                    static_cast<double>(n));
      REQUIRE(std::abs(at(y, 1, k, 2) - sum) < 1e-10);
    }
    CheckClose(RunOp("DFT", {y, Tensor(), axis}, {{"inverse", int64_t{1}}}), x, 1e-12);
  }
}

TEST_CASE("DFT cuts, pads and keeps one side") {
  const Tensor x = Floats({1, 4, 1}, {1, 2, 3, 4});
  CheckClose(RunOp("DFT", {x, Make<int64_t>({}, {2})}), Floats({1, 2, 2}, {3, 0, -1, 0}));
  CheckClose(RunOp("DFT", {x, Make<int32_t>({1}, {2})}, {{"onesided", int64_t{1}}}),
             Floats({1, 2, 2}, {3, 0, -1, 0}));
  CHECK(RunOp("DFT", {x, Make<int64_t>({}, {7})}, {{"onesided", int64_t{1}}}).dims() ==
        Dims{1, 4, 2});
  CHECK(OpError("DFT", {x, Make<int64_t>({}, {0})}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("DFT", {x, Make<int64_t>({}, {int64_t{1} << 40})}) == ErrorCode::kLimitExceeded);
  CHECK(OpError("DFT", {x, Tensor(), Make<int64_t>({}, {2})}) == ErrorCode::kInvalidModel);
  CHECK(OpError("DFT", {x}, {{"onesided", int64_t{1}}, {"inverse", int64_t{1}}}) ==
        ErrorCode::kInvalidModel);
  const Tensor empty = Value(Tensor::Allocate(DType::kFloat32, {0, 4, 1}));
  CHECK(RunOp("DFT", {empty}).dims() == Dims{0, 4, 2});
}

TEST_CASE("STFT is the DFT of every weighted frame") {
  const Tensor x = RandomTensor(DType::kFloat32, {2, 20, 1}, 3);
  const Tensor window = RandomTensor(DType::kFloat32, {6}, 4);
  const Tensor y = RunOp("STFT", {x, Make<int64_t>({}, {5}), window});
  REQUIRE(y.dims() == Dims{2, 3, 4, 2});
  const Tensor frame = RunOp("Slice", {x, Longs({5}), Longs({11}), Longs({1})});
  const Tensor weighted = RunOp("Mul", {frame, window.Reshaped({1, 6, 1})});
  const Tensor want = RunOp("DFT", {weighted}, {{"onesided", int64_t{1}}});
  CheckClose(RunOp("Slice", {y, Longs({1}), Longs({2}), Longs({1})}).Reshaped({2, 4, 2}), want);
  CHECK(RunOp("STFT", {x, Make<int32_t>({}, {4}), Tensor(), Make<int64_t>({}, {8})},
              {{"onesided", int64_t{0}}})
            .dims() == Dims{2, 4, 8, 2});
  CHECK(OpError("STFT", {x, Make<int64_t>({}, {0}), window}) == ErrorCode::kInvalidArgument);
  CHECK(OpError("STFT", {x, Make<int64_t>({}, {1}), Tensor(), Make<int64_t>({}, {21})}) ==
        ErrorCode::kShapeMismatch);
}

TEST_CASE("Windows, periodic and symmetric, of every type") {
  const Tensor size = Make<int64_t>({}, {4});
  CheckClose(RunOp("HannWindow", {size}), Floats({4}, {0, 0.5f, 1, 0.5f}), 1e-7);
  CheckClose(RunOp("HannWindow", {size}, {{"periodic", int64_t{0}}}),
             Floats({4}, {0, 0.75f, 0.75f, 0}), 1e-7);
  CheckClose(RunOp("HammingWindow", {Make<int32_t>({}, {2})}), Floats({2}, {4.0f / 46, 1}), 1e-7);
  CheckClose(RunOp("BlackmanWindow", {size}), Floats({4}, {0, 0.34f, 1, 0.34f}), 1e-6);
  CheckClose(RunOp("HannWindow", {Make<int64_t>({}, {1})}, {{"periodic", int64_t{0}}}),
             Floats({1}, {1}));
  CHECK(RunOp("HannWindow", {Make<int64_t>({}, {0})}).dims() == Dims{0});
  CHECK(RunOp("HannWindow", {size}, {{"output_datatype", int64_t{11}}}).dtype() == DType::kFloat64);
  CHECK(OpError("HannWindow", {Make<int64_t>({}, {-1})}) == ErrorCode::kShapeMismatch);
  CHECK(OpError("HannWindow", {size}, {{"output_datatype", int64_t{8}}}) ==
        ErrorCode::kUnsupportedType);
}

TEST_CASE("MelWeightMatrix cuts triangles off at the last bin") {
  const auto matrix = [](int64_t rate) {
    return RunOp("MelWeightMatrix",
                 {Make<int64_t>({}, {3}), Make<int64_t>({}, {16}), Make<int64_t>({}, {rate}),
                  Floats({}, {0}), Floats({}, {8000})});
  };
  const Tensor m = matrix(16000);
  CHECK(m.dims() == Dims{9, 3});
  for (int64_t band = 0; band < 3; ++band) {
    double most = 0;
    for (int64_t bin = 0; bin < 9; ++bin)
      most = std::fmax(most, LoadReal(m.View(), bin * 3 + band));
    CHECK(most == 1);
  }
  CHECK(matrix(100).dims() == Dims{9, 3});
  CHECK(OpError("MelWeightMatrix", {Make<int64_t>({}, {3}), Make<int64_t>({}, {16}),
                                    Make<int64_t>({}, {0}), Floats({}, {0}), Floats({}, {1})}) ==
        ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace insitu::test
