// Hostile bytes: every prefix, random mutations, random bytes, other files and deep nesting end in
// a graph or a typed error. Run under the address and undefined-behaviour sanitizers.
#include <catch2/catch_test_macros.hpp>
#include <random>

#include "ir/verify.h"
#include "model_builder.h"

namespace insitu::test {
namespace {

// Imports and inspects; the outcome is a sound graph or an error with code and message.
bool EndsWell(const std::string& bytes) {
  const ModelBytes model = ToBytes(bytes);
  (void)InspectModel(model, {});
  const auto imported = ImportModel(model, {});
  if (imported) return Verify(imported->graph).has_value();
  return imported.error().code != ErrorCode::kInternal && !imported.error().message.empty();
}

// A model with something of everything that the importer reads.
ModelBuilder RichModel() {
  ModelBuilder builder(11);
  builder.Input("x", {"batch", int64_t{3}, int64_t{4}})
      .Initializer(FloatTensor("w", {4}, {1, 2, 3, 4}))
      .Node("Clip", {"x", "", ""}, {"a"})
      .Node("Softmax", {"a"}, {"b"}, "soft")
      .Int("axis", 1)
      .Node("Constant", {}, {"c"});
  *builder.Attribute("value", onnx::AttributeProto::TENSOR)->mutable_t() =
      FloatTensor("t", {1}, {0.5f});
  onnx::TensorProto raw = FloatTensor("r", {3, 1}, {});
  raw.set_raw_data(std::string(12, '\1'));
  builder.Initializer(raw)
      .Node("Mul", {"b", "w"}, {"d"})
      .Node("Add", {"d", "c"}, {"e"})
      .Node("Mul", {"e", "r"}, {"f"})
      .Node("Unsqueeze", {"f"}, {"y"})
      .Ints("axes", {0})
      .Output("y");
  auto* entry = builder.model.add_metadata_props();
  entry->set_key("k");
  entry->set_value("v");
  return builder;
}

TEST_CASE("the model that is damaged below is sound") { REQUIRE(RichModel().Import()); }

TEST_CASE("every prefix of a model ends well") {
  const std::string bytes = RichModel().Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) REQUIRE(EndsWell(bytes.substr(0, size)));
}

TEST_CASE("single-byte mutations end well") {
  const std::string bytes = RichModel().Bytes();
  std::mt19937 random(5);
  size_t refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    INFO("mutation " << i);
    REQUIRE(EndsWell(damaged));
    refused += !ImportModel(ToBytes(damaged), {}).has_value();
  }
  CHECK(refused > 500);
}

TEST_CASE("several mutations, insertions and deletions end well") {
  const std::string bytes = RichModel().Bytes();
  std::mt19937 random(6);
  for (int i = 0; i < 1000; ++i) {
    std::string damaged = bytes;
    for (int edits = 0; edits < 4; ++edits) {
      const size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0:
          damaged[at] = static_cast<char>(random());
          break;
        case 1:
          damaged.erase(at, 1 + random() % 8);
          break;
        default:
          damaged.insert(at, 1 + random() % 8, static_cast<char>(random()));
          break;
      }
    }
    REQUIRE(EndsWell(damaged));
  }
}

TEST_CASE("random bytes are no model") {
  std::mt19937 random(8);
  for (int i = 0; i < 300; ++i) {
    std::string bytes(random() % 200, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const auto imported = ImportModel(ToBytes(bytes), {});
    REQUIRE_FALSE(imported);
    CHECK(imported.error().code == ErrorCode::kInvalidModel);
    CHECK(imported.error().message.starts_with("not an ONNX model"));
    CHECK_FALSE(imported.error().hint.empty());
  }
}

TEST_CASE("other files are recognised") {
  const auto message = [](const std::string& text) {
    const auto imported = ImportModel(ToBytes(text), {});
    REQUIRE_FALSE(imported);
    return imported.error().message;
  };
  CHECK(message("") == "not an ONNX model: the file is empty");
  CHECK(message("<!doctype html><p>404").find("HTML") != std::string::npos);
  CHECK(message("version https://git-lfs.github.com/spec/v1").find("LFS") != std::string::npos);
  CHECK(message("INSITUE\x01 and more").find("encrypted") != std::string::npos);
  CHECK(message(std::string("\x1c\0\0\0TFL3....", 12)).find("TensorFlow") != std::string::npos);
  onnx::ModelProto empty;
  empty.set_ir_version(8);
  CHECK(message(empty.SerializeAsString()) == "not an ONNX model: it has no graph");
}

// A length-delimited field of the wire format. Messages nested thousands deep are made of these,
// because serializing them as messages recurses.
std::string WireField(int number, const std::string& payload) {
  std::string field(1, static_cast<char>(number << 3 | 2));
  size_t length = payload.size();
  for (; length >= 0x80; length >>= 7) field += static_cast<char>(length | 0x80);
  return field + static_cast<char>(length) + payload;
}

TEST_CASE("nested graphs are counted, bounded and refused") {
  const auto output = [](const std::string& name) { return WireField(12, WireField(1, name)); };
  const auto branches = [&](const std::string& then_branch) {
    return WireField(5, WireField(1, "then_branch") + WireField(6, then_branch)) +
           WireField(5, WireField(1, "else_branch") + WireField(6, output("x")));
  };
  const auto nested = [&](int depth) {
    std::string graph = output("x");
    for (int i = 0; i < depth; ++i) {
      const std::string node =
          WireField(1, "x") + WireField(2, "r") + WireField(4, "If") + branches(graph);
      graph = WireField(1, node) + output("r");
    }
    ModelBuilder builder = SmallModel();
    builder.Node("If", {"x"}, {"i"}, "branch");
    builder.last().mutable_unknown_fields()->append(branches(graph));
    return builder.Bytes();
  };
  const auto shallow = ImportModel(ToBytes(nested(2)), {});
  if (!shallow) FAIL(ToString(shallow.error()));
  CHECK(InspectModel(ToBytes(nested(2)), {})->info.op_counts.at("If") == 3);
  CHECK(ImportModel(ToBytes(nested(20)), {}).error().code == ErrorCode::kLimitExceeded);
  for (int depth : {40, 400, 4000}) CHECK(EndsWell(nested(depth)));
}

TEST_CASE("a failing allocation is an error") {
  const ModelBytes model = ToBytes(RichModel().Bytes());
  int64_t failures = 0;
  for (int64_t n = 0; n < 50; ++n) {
    FailBufferAllocationAfter(n);
    const auto imported = ImportModel(model, {});
    FailBufferAllocationAfter(-1);
    if (imported) break;
    CHECK(imported.error().code == ErrorCode::kOutOfMemory);
    ++failures;
  }
  CHECK(failures > 3);
}

TEST_CASE("too many nodes are refused before they are parsed") {
  onnx::ModelProto model;
  model.set_ir_version(8);
  std::string bytes = model.SerializeAsString();
  std::string graph;
  for (int i = 0; i < 200'001; ++i) graph += std::string("\x0a\x00", 2);
  bytes += '\x3a';
  for (size_t size = graph.size(); size > 0; size >>= 7)
    bytes += static_cast<char>((size & 0x7f) | (size >> 7 ? 0x80 : 0));
  const auto imported = ImportModel(ToBytes(bytes + graph), {});
  REQUIRE_FALSE(imported);
  CHECK(imported.error().code == ErrorCode::kLimitExceeded);
}

}  // namespace
}  // namespace insitu::test
