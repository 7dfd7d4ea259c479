// Series and iterations behind the p-values.
#include "monitor/significance.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/compact_sort.h"

namespace insitu {
namespace {

constexpr double kPi = std::numbers::pi;

// Sum over terms 0, 1, ... until they no longer count.
template <class Term>
double Series(const Term& term) {
  constexpr int kMostTerms = 100;
  double sum = 0, largest = 0;
  for (int i = 0; i < kMostTerms; ++i) {
    const double value = term(i);
    sum += value;
    largest = std::max(largest, std::abs(value));
    if (i > 2 && std::abs(value) <= 1e-17 * largest) break;
  }
  return sum;
}

// P(sqrt(n) D <= x); names follow "Pelz and Good, Approximating the lower tail-areas of the
// Kolmogorov-Smirnov one-sample statistic", J. R. Statist. Soc. B 38 (1976).
double KolmogorovProbability(double n, double x) {
  const double x2 = x * x, x4 = x2 * x2, x6 = x4 * x2, x8 = x4 * x4;
  const double root = std::sqrt(kPi / 2);
  // Sums over all whole numbers: h runs over the halves i + 1/2, w over the whole ones; both are
  // symmetric, and w = 0 gives nothing.
  const auto halves = [&](auto polynomial) {
    return 2 * Series([&](int i) {
             const double h = kPi * kPi * (i + 0.5) * (i + 0.5);
             return polynomial(h) * std::exp(-h / (2 * x2));
           });
  };
  const auto wholes = [&](auto polynomial) {
    return 2 * Series([&](int i) {
             const double w = kPi * kPi * (i + 1.0) * (i + 1.0);
             return polynomial(w) * std::exp(-w / (2 * x2));
           });
  };
  const double k0 = root / x * halves([](double) { return 1.0; });
  const double k1 = root / (6 * x4) * halves([&](double h) { return h - x2; });
  const double k2 = root / (72 * x6 * x) * halves([&](double h) {
                      return 6 * x6 + 2 * x4 + h * (2 * x4 - 5 * x2) + h * h * (1 - 2 * x2);
                    }) -
                    root / (36 * x2 * x) * wholes([](double w) { return w; });
  const double k3 = root / (6480 * x8 * x2) * halves([&](double h) {
                      return h * h * h * (5 - 30 * x2) + h * h * (212 * x4 - 60 * x2) +
                             h * (135 * x4 - 96 * x6) - (30 * x6 + 90 * x8);
                    }) +
                    root / (108 * x6) * wholes([&](double w) { return 3 * x2 * w - w * w; });
  const double step = 1 / std::sqrt(n);
  return k0 + step * (k1 + step * (k2 + step * k3));
}

}  // namespace

double KolmogorovSurvival(double count, double d) {
  if (!(count > 0) || !(d > 0)) return 1;
  if (d >= 1) return 0;
  const double x = std::sqrt(count) * d;
  // Beyond, 1 - probability loses its digits, and the largest term of the tail is exact enough.
  constexpr double kTail = 2.5;
  if (x > kTail) return std::min(1.0, 2 * std::exp(-2 * x * x));
  if (x < 0.1) return 1;
  return std::clamp(1 - KolmogorovProbability(count, x), 0.0, 1.0);
}

// The regularized incomplete gamma function Q(degrees / 2, x / 2): its power series below the mean,
// Lentz's continued fraction above it.
double ChiSquareSurvival(double x, double degrees) {
  if (!(x > 0)) return 1;
  constexpr int kMostSteps = 10'000;
  constexpr double kEnough = 1e-15, kTiny = 1e-300;
  const double a = degrees / 2, z = x / 2;
  const double scale = std::exp(a * std::log(z) - z - std::lgamma(a));
  if (z < a + 1) {
    double term = 1 / a, sum = term;
    for (int i = 1; i < kMostSteps && term > kEnough * sum; ++i) sum += term *= z / (a + i);
    return std::clamp(1 - sum * scale, 0.0, 1.0);
  }
  double b = z + 1 - a, c = 1 / kTiny, d = 1 / b, fraction = d;
  for (int i = 1; i < kMostSteps; ++i) {
    const double numerator = i * (a - i);
    b += 2;
    d = numerator * d + b;
    c = b + numerator / c;
    d = 1 / (std::abs(d) < kTiny ? kTiny : d);
    if (std::abs(c) < kTiny) c = kTiny;
    const double factor = c * d;
    fraction *= factor;
    if (std::abs(factor - 1) < kEnough) break;
  }
  return std::clamp(fraction * scale, 0.0, 1.0);
}

// A rational start (Abramowitz and Stegun 26.2.23, within 4.5e-4), then Newton's steps.
double NormalQuantile(double p) {
  const double tail = std::min(p, 1 - p);
  const double t = std::sqrt(-2 * std::log(tail));
  double z = t - (2.515517 + t * (0.802853 + t * 0.010328)) /
                     (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int i = 0; i < 3; ++i) {
    const double above = std::erfc(z / std::numbers::sqrt2) / 2;
    const double density = std::exp(-z * z / 2) / std::sqrt(2 * kPi);
    if (density > 0) z += (above - tail) / density;
  }
  return p < 0.5 ? -z : z;
}

std::vector<double> AdjustForMany(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  CompactSort(order, std::ranges::greater{}, [&](size_t i) { return p_values[i]; });
  std::vector<double> adjusted(p_values.size());
  const auto count = static_cast<double>(p_values.size());
  double smallest = 1, rank = count;
  for (size_t i : order) adjusted[i] = smallest = std::min(smallest, p_values[i] * count / rank--);
  return adjusted;
}

}  // namespace insitu
