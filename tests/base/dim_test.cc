// Symbolic extents: canonical forms, cancellation, rounding, bounds, and text that reads back.
#include "base/dim.h"

#include <catch2/catch_test_macros.hpp>
#include <functional>
#include <limits>
#include <random>

namespace insitu {
namespace {

const Dim kBatch = Dim::Symbol("batch"), kH = Dim::Symbol("h"), kW = Dim::Symbol("w");

TEST_CASE("dims: numbers are computed") {
  CHECK(Dim(3) + Dim(4) == Dim(7));
  CHECK(Dim(3) - Dim(4) == Dim(-1));
  CHECK(FloorDiv(7, 2) == Dim(3));
  CHECK(FloorDiv(-7, 2) == Dim(-4));
  CHECK(FloorDiv(7, -2) == Dim(-4));
  CHECK(CeilDiv(7, 2) == Dim(4));
  CHECK(CeilDiv(-7, 2) == Dim(-3));
  CHECK(CeilDiv(7, -2) == Dim(-3));
  CHECK(Min(3, -5) == Dim(-5));
  CHECK(Max(3, -5) == Dim(3));
}

TEST_CASE("dims: overflow and division by zero are unknown") {
  const Dim most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();
  CHECK((most + Dim(1)).IsUnknown());
  CHECK((most * Dim(2)).IsUnknown());
  CHECK((least - Dim(1)).IsUnknown());
  CHECK((most * kH * Dim(2)).IsUnknown());
  CHECK(FloorDiv(least, -1).IsUnknown());
  CHECK(FloorDiv(5, 0).IsUnknown());
  CHECK(FloorDiv(kH, kH - kH).IsUnknown());
  CHECK(CeilDiv(kH, 0).IsUnknown());
  CHECK((Dim::Unknown() + kH).IsUnknown());
  CHECK_FALSE(Dim::Unknown() == Dim::Unknown());
}

TEST_CASE("dims: what a reshape with -1 needs cancels") {
  CHECK(FloorDiv(kBatch * Dim(8) * Dim(7) * Dim(7), kBatch) == Dim(392));
  CHECK(FloorDiv(kBatch * kH * kW * Dim(6), Dim(2) * kH * kBatch) == Dim(3) * kW);
  CHECK(Dim(2) * kH - kH == kH);
  CHECK(kH - kH == Dim(0));
  CHECK(FloorDiv((kH + kW) * (kH - kW), kH + kW) == kH - kW);
  CHECK(FloorDiv(kBatch * (kH + Dim(1)), kH + Dim(1)) == kBatch);
  CHECK((kH + Dim(1)) * (kH - Dim(1)) == kH * kH - Dim(1));
}

TEST_CASE("dims: the same strided extent has one form") {
  const Dim same = CeilDiv(kW, 2);
  CHECK(same == FloorDiv(kW + Dim(1), 2));
  CHECK(same == FloorDiv(kW - Dim(1), 2) + Dim(1));
  CHECK(same.ToString() == "floor((w+1)/2)");
  CHECK(CeilDiv(CeilDiv(kW, 2), 2) == CeilDiv(kW, 4));
  CHECK(FloorDiv(Dim(2) * kH + Dim(1), 4) == FloorDiv(kH, 2));
  CHECK(FloorDiv(Dim(3) * kH + Dim(7), 3) == kH + Dim(2));
  CHECK(FloorDiv(FloorDiv(kH, 2), 3) == FloorDiv(kH, 6));
}

TEST_CASE("dims: min and max decide what symbols >= 0 decide") {
  CHECK(Max(kH, 0) == kH);
  CHECK(Min(kH, kH + Dim(1)) == kH);
  CHECK(Max(kH, kH + kW) == kH + kW);
  CHECK(Min(kH, 5) == Min(5, kH));
  CHECK(Min(kH, 5).ToString() == "min(5,h)");
  CHECK_FALSE(Min(kH, 5) == Max(kH, 5));
}

TEST_CASE("dims: text") {
  CHECK((Dim(2) * kH + Dim(1)).ToString() == "2*h+1");
  CHECK((Dim(0) - kH).ToString() == "-h");
  CHECK(Dim::Unknown().ToString() == "?");
  CHECK(Dim::Symbol("a + b").ToString() == "'a + b'");
  CHECK_FALSE(Dim::Symbol("a+b") == Dim::Symbol("a") + Dim::Symbol("b"));
  CHECK(Dim::Symbol("a + b").SymbolName() == "a + b");
  CHECK_FALSE((kH + Dim(1)).SymbolName());
  const Shape shape = {kBatch, 3, FloorDiv(kH, kW + Dim(1))};
  CHECK(ToString(shape) == "[batch,3,floor(h/(w+1))]");
  for (const char* bad :
       {"", "h+", "(h", "floor(h)", "max(h,2", "'h", "99999999999999999999", "h w"})
    CHECK_FALSE(Dim::Parse(bad));
  CHECK_FALSE(Dim::Parse(std::string(100'000, '(')));
}

TEST_CASE("dims: expressions stay bounded") {
  Dim sum = 0, product = 1, nested = kH;
  for (int i = 0; i < 100; ++i) {
    sum = sum + Dim::Symbol("s" + std::to_string(i));
    product = product * (Dim::Symbol("s" + std::to_string(i)) + Dim(1));
    nested = Max(FloorDiv(nested + kW, kH), Dim(i));
  }
  CHECK(sum.IsUnknown());
  CHECK(product.IsUnknown());
  CHECK(nested.IsUnknown());
  const Dim long_name = Dim::Symbol(std::string(4096, 'a'));
  CHECK_FALSE(long_name.IsUnknown());
  CHECK((long_name + Dim::Symbol(std::string(4096, 'b'))).IsUnknown());
  CHECK(Dim(7).Weight() == 1);
  CHECK((kH + kW).Weight() > kH.Weight());
  CHECK(long_name.Weight() > 4096 / 64);
}

// Builds the same random expression as a Dim and as a number, and checks them against each other
// through the text form, whose symbols are replaced by their numbers.
TEST_CASE("dims: simplification never changes the value") {
  std::mt19937 random(7);
  const std::pair<const char*, int64_t> symbols[] = {{"p", 5}, {"q", 12}, {"r", 1}};
  auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::function<std::pair<Dim, int64_t>(int)> make = [&](int depth) -> std::pair<Dim, int64_t> {
    if (depth == 0 || below(4) == 0) {
      if (below(3) == 0) {
        const int64_t n = below(9) - 3;
        return {n, n};
      }
      const auto& [name, value] = symbols[below(3)];
      return {Dim::Symbol(name), value};
    }
    const auto [a, x] = make(depth - 1);
    const auto [b, y] = make(depth - 1);
    auto floor_quotient = [](int64_t n, int64_t d) {
      return n / d - (n % d != 0 && (n < 0) != (d < 0));
    };
    switch (below(7)) {
      case 0:
        return {a + b, x + y};
      case 1:
        return {a - b, x - y};
      case 2:
        return {a * b, x * y};
      case 3:
        return y > 0 ? std::pair{FloorDiv(a, b), floor_quotient(x, y)} : std::pair{a, x};
      case 4:
        return y > 0 ? std::pair{CeilDiv(a, b), -floor_quotient(-x, y)} : std::pair{a, x};
      case 5:
        return {Min(a, b), std::min(x, y)};
      default:
        return {Max(a, b), std::max(x, y)};
    }
  };
  auto replace = [](std::string text, const std::string& from, const std::string& to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
    return text;
  };
  int decided = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto [dim, value] = make(4);
    if (dim.IsUnknown()) continue;
    const std::string text = dim.ToString();
    INFO(text);
    const auto again = Dim::Parse(text);
    REQUIRE(again);
    CHECK(*again == dim);
    CHECK(again->ToString() == text);
    // "r" and "p" also occur in "floor": mark the functions first.
    std::string bound = replace(replace(text, "floor", "#"), "max", "$");
    bound = replace(replace(replace(bound, "p", "5"), "q", "12"), "r", "1");
    bound = replace(replace(bound, "#", "floor"), "$", "max");
    const auto number = Dim::Parse(bound);
    REQUIRE(number);
    if (number->IsUnknown()) continue;
    CHECK(*number == Dim(value));
    ++decided;
  }
  CHECK(decided > 2000);
}

}  // namespace
}  // namespace insitu
