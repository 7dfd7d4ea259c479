// JSON: what is accepted, what is refused and where, numbers that come back bit for bit, and
// hostile text.
#include "base/json.h"

#include <bit>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace insitu {
namespace {

std::string ErrorOf(std::string_view text, const JsonLimits& limits = {}) {
  auto parsed = Json::Parse(text, limits);
  return parsed ? "none" : ToString(parsed.error());
}

bool Accepts(std::string_view text) { return Json::Parse(text).has_value(); }

double RoundTrip(double value) {
  JsonWriter out;
  out.Number(value);
  auto parsed = Json::Parse(out.Take());
  REQUIRE(parsed);
  REQUIRE(parsed->AsNumber());
  return *parsed->AsNumber();
}

TEST_CASE("Every kind of value, nested") {
  auto parsed = Json::Parse(
      " { \"a\" : [ 1 , -2.5e3 , true , false , null , \"x\" , [ ] , { } ] ,\n"
      "\t\"b\":{\"c\":\"\"} }\r\n");
  REQUIRE(parsed);
  const Json::Array* a = parsed->Find("a")->AsArray();
  REQUIRE(a);
  REQUIRE(a->size() == 8);
  CHECK(*(*a)[0].AsNumber() == 1);
  CHECK(*(*a)[1].AsNumber() == -2500);
  CHECK(*(*a)[2].AsBool());
  CHECK_FALSE(*(*a)[3].AsBool());
  CHECK((*a)[4].IsNull());
  CHECK(*(*a)[5].AsString() == "x");
  CHECK((*a)[6].AsArray()->empty());
  CHECK((*a)[7].AsObject()->empty());
  CHECK(parsed->Find("b")->Find("c")->AsString()->empty());
  CHECK(parsed->Find("c") == nullptr);
  CHECK((*a)[0].Find("c") == nullptr);
}

TEST_CASE("Strings: escapes, surrogate pairs, UTF-8") {
  auto parsed = Json::Parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00 é€😀")");
  REQUIRE(parsed);
  CHECK(*parsed->AsString() == "\"\\/\b\f\n\r\tAé€😀 é€😀");
  for (std::string_view bad :
       {"\"\\x\"", "\"\\u12g4\"", "\"\\ud83d\"", "\"\\ud83d\\u0041\"", "\"\\ude00\"", "\"a\nb\"",
        "\"open", "\"\\", "\"\\u12", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "\"\xf0\x80\x80\x80\""})
    CHECK_FALSE(Accepts(bad));
}

TEST_CASE("Only the grammar of RFC 8259") {
  for (std::string_view good : {"0", "-0", "10", "1.5", "1e5", "1E+5", "1e-5", "0.0e0", "[1,2]"})
    CHECK(Accepts(good));
  for (std::string_view bad :
       {"",           " ",     "01",        "+1",        ".5",  "1.",        "1e",    "1e+",
        "-",          "NaN",   "Infinity",  "-Infinity", "0x1", "[1,]",      "[,1]",  "[1 2]",
        "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\"}",   "[1",  "{\"a\":1",  "]",     "1 2",
        "tru",        "nulll", "'a'",       "// c\n1",   "[1}", "{\"a\":1]", "1e999", "-1e999"})
    CHECK_FALSE(Accepts(bad));
}

TEST_CASE("A refusal says where") {
  CHECK(ErrorOf("{\"a\":1,\n  \"b\":x}") ==
        "InvalidArgument: not JSON: expected a value at line 2, column 7");
  CHECK(ErrorOf("{\"a\":1,\"b\":2,\"a\":3}").contains("repeats a key"));
  CHECK(ErrorOf("[1] 2").contains("line 1, column 5"));
}

TEST_CASE("Limits: depth, bytes, values; a deep text does not touch the stack") {
  const JsonLimits small{.max_bytes = 20, .max_values = 4, .max_depth = 2};
  CHECK(ErrorOf("[[1]]", small) == "none");
  CHECK(ErrorOf("[[[1]]]", small).starts_with("LimitExceeded"));
  CHECK(ErrorOf("[1,2,3]", small) == "none");
  CHECK(ErrorOf("[1,2,3,4]", small).starts_with("LimitExceeded"));
  CHECK(ErrorOf("[1,2              ]  ", small).starts_with("LimitExceeded"));
  CHECK(ErrorOf(std::string(4'000'000, '[')).starts_with("LimitExceeded"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  CHECK(ErrorOf(objects).starts_with("LimitExceeded"));
}

TEST_CASE("Numbers come back as the same double, floats as the same float") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (std::isfinite(value)) REQUIRE(RoundTrip(value) == value);
    const float single = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(single)) continue;
    JsonWriter out;
    out.Float(single);
    REQUIRE(static_cast<float>(*Json::Parse(out.Take())->AsNumber()) == single);
  }
  for (double value : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 9007199254740993.0})
    CHECK(RoundTrip(value) == value);
  CHECK(std::signbit(RoundTrip(-0.0)));
  JsonWriter out;
  out.BeginArray().Number(0.1).Number(3).Float(0.1f).Number(std::nan(""));
  out.Number(std::numeric_limits<double>::infinity()).Integer(-5).EndArray();
  CHECK(out.Take() == "[0.1,3,0.1,null,null,-5]");
}

TEST_CASE("The writer separates, escapes and repairs") {
  JsonWriter out;
  out.BeginObject().Key("a\"\\\n").BeginArray().EndArray();
  out.Key("b").BeginObject().Key("c").Bool(true).Key("d").Null().EndObject();
  out.Key("e").String("\xff x \xc3").Key("f").Raw("[1]").EndObject();
  const std::string text = out.Take();
  CHECK(text ==
        "{\"a\\\"\\\\\\u000a\":[],\"b\":{\"c\":true,\"d\":null},"
        "\"e\":\"\uFFFD x \uFFFD\",\"f\":[1]}");
  auto parsed = Json::Parse(text);
  REQUIRE(parsed);
  CHECK(parsed->Find("a\"\\\n"));
}

TEST_CASE("Random and mutated text never crashes the parser") {
  std::mt19937_64 random(11);
  const std::string seed =
      R"({"a":[1,2.5e-3,true,null,"x\u00e9\n"],"b":{"c":[[],{}]},"d":"\ud83d\ude00"})";
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = i % 2 ? seed : std::string(random() % 64, ' ');
    for (uint64_t k = i % 2 ? random() % 4 : text.size(); k > 0; --k)
      text[random() % text.size()] =
          i % 4 ? static_cast<char>(random()) : "{}[]\",:0e-1tfn\\u"[random() % 17];
    accepted += Accepts(text);
  }
  CHECK(accepted > 100);
  CHECK(accepted < 15'000);
}

}  // namespace
}  // namespace insitu
