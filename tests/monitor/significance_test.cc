// Distributions against tables made with SciPy 1.10 (kstwo.sf, chi2.sf, norm.ppf), and p-values of
// many tests at once against a worked example.
#include "monitor/significance.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

namespace insitu {
namespace {

TEST_CASE("Kolmogorov-Smirnov p-values are those of the exact distribution") {
  struct Row {
    double count, d, p;
  };
  constexpr Row kRows[] = {
      // KS
  };
  for (const auto& [count, d, p] : kRows) {
    CAPTURE(count, d);
    CHECK(std::abs(KolmogorovSurvival(count, d) - p) < (count < 100 ? 1e-3 : 1e-5));
  }
  CHECK(KolmogorovSurvival(50, 0) == 1);
  CHECK(KolmogorovSurvival(50, 1) == 0);
  CHECK(KolmogorovSurvival(1e6, 1e-6) == 1);
}

TEST_CASE("chi-square p-values") {
  struct Row {
    double x, degrees, p;
  };
  constexpr Row kRows[] = {
      // CHI
  };
  for (const auto& [x, degrees, p] : kRows) {
    CAPTURE(x, degrees);
    CHECK(std::abs(ChiSquareSurvival(x, degrees) - p) <= 1e-12 + 1e-9 * p);
  }
  CHECK(ChiSquareSurvival(0, 3) == 1);
}

TEST_CASE("quantiles of the normal distribution") {
  struct Row {
    double p, z;
  };
  constexpr Row kRows[] = {
      // NORM
  };
  for (const auto& [p, z] : kRows) {
    CAPTURE(p);
    CHECK(std::abs(NormalQuantile(p) - z) < 1e-9);
  }
}

// The example of Benjamini and Hochberg (1995), section 3.2: four of fifteen are rejected at 5 %.
TEST_CASE("p-values of many tests") {
  const std::vector<double> p = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                                 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000};
  const std::vector<double> adjusted = AdjustForMany(p);
  for (size_t i = 0; i < p.size(); ++i) CHECK((adjusted[i] < 0.05) == (i < 4));
  CHECK(std::abs(adjusted[0] - 0.0015) < 1e-12);
  CHECK(std::abs(adjusted[3] - 0.035625) < 1e-12);
  CHECK(adjusted[14] == 1);
  CHECK(AdjustForMany({}).empty());
}

}  // namespace
}  // namespace insitu
