// Burn rates: calm within the budget, quick where it burns, over when it is over.
#include "monitor/burn_rate.h"

#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <random>

namespace insitu {
namespace {

using Change = BurnRate::Change;

BurnRate Make(SloOptions options) {
  auto made = BurnRate::Create(options);
  REQUIRE(made);
  return *made;
}

TEST_CASE("A session within its budget never burns") {
  BurnRate rate = Make({.p95_ms = 100, .error_budget = 0.05});
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i)
    REQUIRE(rate.Record(random() % 20 == 0 ? 150 : 50, false) == Change::kNone);
  CHECK(rate.requests() == 200'000);
  CHECK(std::abs(static_cast<double>(rate.bad()) - 10'000) < 500);
  CHECK_FALSE(rate.burning());
}

TEST_CASE("A sudden fault is noticed within a hundred requests, a slow one within a thousand") {
  for (const auto& [one_in, most] : {std::pair{2, 100}, {3, 110}, {8, 1'100}}) {
    BurnRate rate = Make({.p95_ms = 100, .error_budget = 0.05});
    for (int i = 0; i < 1'000; ++i) rate.Record(50, false);
    int needed = 0;
    while (needed < 5'000 && rate.Record(needed % one_in == 0 ? 150 : 50, false) == Change::kNone)
      ++needed;
    CAPTURE(one_in, needed);
    CHECK(needed <= most);
    CHECK(rate.burning());
    for (int i = 0; i < 30; ++i) CHECK(rate.Record(150, false) == Change::kNone);  // says so once
    int over = 0, requests = 0;
    for (; over == 0 && requests < 500; ++requests) over += rate.Record(50, false) == Change::kOver;
    CHECK(over == 1);
    CHECK(requests <= 130);
  }
}

TEST_CASE("Failures count as bad, with or without a limit for time") {
  BurnRate rate = Make({});
  for (int i = 0; i < 200; ++i) rate.Record(1e6, false);
  CHECK(rate.bad() == 0);
  bool burning = false;
  for (int i = 0; i < 100; ++i) burning |= rate.Record(1, true) == Change::kBurning;
  CHECK(burning);
  CHECK(rate.bad() == 100);
  rate.Reset();
  CHECK_FALSE(rate.burning());
  CHECK_FALSE(rate.Rate(20));
}

TEST_CASE("Rates are known once there are requests enough") {
  BurnRate rate = Make({.p95_ms = 10, .error_budget = 0.1});
  for (int i = 0; i < 19; ++i) rate.Record(20, false);
  CHECK_FALSE(rate.Rate(20));
  rate.Record(5, false);
  CHECK(std::abs(*rate.Rate(20) - 9.5) < 1e-12);
  CHECK_FALSE(rate.Rate(BurnRate::kLongest + 1));
}

TEST_CASE("Objectives that are none are refused") {
  CHECK_FALSE(BurnRate::Create({.p95_ms = -1}));
  CHECK_FALSE(BurnRate::Create({.p95_ms = std::numeric_limits<double>::infinity()}));
  CHECK_FALSE(BurnRate::Create({.error_budget = 0}));
  CHECK_FALSE(BurnRate::Create({.error_budget = 0.6}));
  CHECK_FALSE(BurnRate::Create({.error_budget = std::nan("")}));
}

}  // namespace
}  // namespace insitu
