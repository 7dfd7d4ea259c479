// Real models cut short and with bytes exchanged: a result or a typed error each, and no Buffer
// that stays behind. The counts of [long] are those that a release is tested with.
#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "fuzz/load_and_run.h"
#include "fuzz/read_all.h"
#include "support/places.h"
#include "support/with_limits.h"

namespace insitu::test {
namespace {

// Generous to these models, so that a changed extent costs little.
constexpr Limits kBounded{.max_initializer_bytes = 64 << 20,
                          .max_loop_trips = 100,
                          .max_elements = 1 << 20,
                          .max_tensor_bytes = 8 << 20,
                          .max_arena_bytes = 32 << 20};

struct NamedModel {
  std::string name;
  std::vector<uint8_t> bytes;
};

// Our own models, and of those beside the checkout what is there.
std::vector<NamedModel> AllModels() {
  std::vector<NamedModel> models;
  const std::string own = ProjectDir() + "/models/", shared = SharedModelsDir();
  for (const char* path : {"handwriting/handwriting_int8.onnx", "handwriting/handwriting_fp32.onnx",
                           "intents/intents_int8.onnx", "intents/intents_fp32.onnx"})
    models.push_back({path, ReadAll(own + path)});
  if (!std::filesystem::exists(shared)) {
    WARN("left out: the models of " << shared);
    return models;
  }
  for (const auto& folder : std::filesystem::directory_iterator(shared))
    if (const auto path = folder.path() / "model.onnx"; std::filesystem::exists(path))
      models.push_back({folder.path().filename().string(), ReadAll(path)});
  return models;
}

class Damage {
 public:
  void EndsWell(FuzzBytes bytes) {
    const int64_t before = LiveBufferBytes();
    LoadAndRun(bytes, *runtime_);
    Require(LiveBufferBytes() == before, "a Buffer stays behind");
  }

 private:
  const WithLimits limits_{kBounded};
  std::unique_ptr<Runtime> runtime_ = *Runtime::Create(1);
};

// Every prefix of a small model, `count` of a larger one.
void CutShort(const NamedModel& model, size_t count) {
  constexpr size_t kSmallBytes = 30'000;
  Damage damage;
  const FuzzBytes bytes = model.bytes;
  const bool every = bytes.size() < kSmallBytes;
  std::mt19937 random(11);
  for (size_t i = 0; i < (every ? bytes.size() : count); ++i)
    damage.EndsWell(bytes.first(every ? i : random() % bytes.size()));
}

void Mutate(const NamedModel& model, int count) {
  Damage damage;
  std::vector<uint8_t> bytes = model.bytes;
  std::mt19937 random(12);
  for (int i = 0; i < count; ++i) {
    uint8_t& at = bytes[random() % bytes.size()];
    const uint8_t before = std::exchange(at, static_cast<uint8_t>(random()));
    damage.EndsWell(bytes);
    at = before;
  }
}

void DamageAll(size_t prefixes, int mutations) {
  for (const NamedModel& model : AllModels()) {
    INFO(model.name);
    REQUIRE_FALSE(model.bytes.empty());
    CutShort(model, prefixes);
    constexpr size_t kMutatedBytes = 180'000;  // five of the models are smaller
    if (model.bytes.size() < kMutatedBytes) Mutate(model, mutations);
  }
}

TEST_CASE("damaged models end in a result or a typed error") { DamageAll(40, 150); }

TEST_CASE("models damaged in thousands of ways end well", "[.long]") { DamageAll(2'000, 10'000); }

}  // namespace
}  // namespace insitu::test
