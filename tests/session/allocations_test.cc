// Every allocation of a load, a restore and a run fails once: an OutOfMemory that leaves nothing
// behind, and what is done again gives the same bits.
#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "support/ones.h"
#include "support/places.h"
#include "support/written.h"
#include "tools/onnx_case.h"

namespace insitu::test {
namespace {

namespace fs = std::filesystem;

// Calls `attempt` with its first, second, ... allocation failing, until none does; gives how many
// failed. `attempt` says how it ended, and frees what it made.
int FailEach(const std::function<Status()>& attempt) {
  for (int n = 0;; ++n) {
    INFO("allocation " << n);
    const int64_t before = LiveBufferBytes();
    FailBufferAllocationAfter(n);
    const Status status = attempt();
    const bool has_failed = FailBufferAllocationAfter(-1);
    REQUIRE(LiveBufferBytes() == before);
    REQUIRE(status.has_value() != has_failed);  // none is swallowed
    if (status) return n;
    INFO(ToString(status.error()));
    REQUIRE(status.error().code == ErrorCode::kOutOfMemory);
  }
}

std::vector<NamedTensor> SmallFeeds(const Session& session) {
  std::vector<NamedTensor> feeds;
  for (const TensorInfo& input : session.inputs()) {
    Dims dims;
    for (const Dim& dim : *input.type.shape) dims.push_back(dim.IsKnown() ? dim.value() : 2);
    feeds.push_back({input.name, Ones(input.type.dtype, std::move(dims)).value()});
  }
  return feeds;
}

bool SameBits(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  return std::ranges::equal(a, b, [](const NamedTensor& one, const NamedTensor& other) {
    return one.tensor.dims() == other.tensor.dims() &&
           std::ranges::equal(one.tensor.bytes(), other.tensor.bytes());
  });
}

Status ToStatus(const auto& result) { return result ? Status() : std::unexpected(result.error()); }

void FailEverywhere(const fs::path& path) {
  INFO(path.string());
  const auto model = ReadFile(path).value();
  const int64_t before_all = LiveBufferBytes();
  {
    const auto runtime = Runtime::Create(1).value();
    SessionOptions options;
    options.import = ExternalDataBeside(path);
    CHECK(FailEach([&] { return ToStatus(Session::Load(model, options, *runtime)); }) > 3);

    options.keep = true;  // for which there may be no memory without a failure
    const auto session = Session::Load(model, options, *runtime).value();
    const auto given = path.parent_path() / "test_data_set_0";
    const auto feeds =
        fs::exists(given) ? ReadFeeds(given, *session).value() : SmallFeeds(*session);
    const auto want = session->Run(feeds).value();
    CHECK(FailEach([&] { return ToStatus(session->Run(feeds)); }) > 0);
    CHECK(SameBits(session->Run(feeds).value(), want));

    const auto kept = Written(*session->TakeKept());
    const ModelBytes archive{{kept->data(), kept->size()}, kept};
    CHECK(FailEach([&] { return ToStatus(Session::Restore(archive, {}, *runtime)); }) > 0);
    const auto restored = Session::Restore(archive, {}, *runtime).value();
    CHECK(SameBits(restored->Run(feeds).value(), want));
  }
  CHECK(LiveBufferBytes() == before_all);
}

TEST_CASE("every failing allocation leaves nothing behind and the session usable") {
  for (const char* path : {"handwriting/handwriting_int8.onnx", "handwriting/handwriting_fp32.onnx",
                           "intents/intents_int8.onnx"})
    FailEverywhere(ProjectDir() + "/models/" + path);
  const std::string shared = SharedModelsDir();
  if (!fs::exists(shared)) SKIP("no models at " << shared << ": set INSITU_SHARED");
  for (const char* name :
       {"mnist_cnn", "mnist_external", "silero_vad_16k", "mobilenet_v2_int8_qdq"})
    FailEverywhere(shared + "/" + name + "/model.onnx");
}

TEST_CASE("an error of memory names the need, the use and the limit") {
  const int64_t in_use = LiveBufferBytes();
  SetMemoryMaximum(1'000'000);
  FailBufferAllocationAfter(0);
  const auto failed = Buffer::Allocate(4096);
  FailBufferAllocationAfter(-1);
  SetMemoryMaximum(0);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().message == "cannot allocate 4096 bytes, besides " + std::to_string(in_use) +
                                      " in use, of a memory of at most 1000000");
}

}  // namespace
}  // namespace insitu::test
