#include "base/archive.h"

#include <catch2/catch_test_macros.hpp>
#include <random>

#include "base/dim.h"
#include "base/tensor.h"
#include "support/written.h"

namespace insitu::test {
namespace {

enum class Colour : uint8_t { kRed, kBlue };

struct Part {
  std::string name;
  Colour colour = Colour::kRed;

  void Transfer(Archive& archive) { archive(name, colour); }
  bool operator==(const Part&) const = default;
};

struct Everything {
  int64_t number = 0;
  double real = 0;
  float three[3] = {};
  std::array<uint8_t, 4> four = {};
  std::vector<Part> parts;
  std::vector<Colour> colours;
  std::optional<Part> present, absent;
  std::shared_ptr<const Part> shared, none;
  std::map<std::string, int64_t> map;
  std::vector<std::pair<std::string, int32_t>> pairs;
  std::variant<int64_t, std::string, Part> variant;

  void Transfer(Archive& archive) {
    archive(number, real, three, four, parts, colours, present, absent, shared, none, map, pairs,
            variant);
  }
};

Everything Filled() {
  Everything all;
  all.number = -(int64_t{1} << 40);
  all.real = 0.1;
  all.three[2] = 3;
  all.four = {1, 2, 3, 4};
  all.parts = {{"a", Colour::kBlue}, {"", Colour::kRed}};
  all.colours = {Colour::kBlue};
  all.present = Part{"here", Colour::kBlue};
  all.shared = std::make_shared<const Part>(Part{"far", Colour::kRed});
  all.map = {{"x", 1}, {"y", 2}};
  all.pairs = {{"p", 7}};
  all.variant = Part{"v", Colour::kBlue};
  return all;
}

TEST_CASE("an archive gives back what was put in") {
  Archive out;
  Everything all = Filled();
  out(all);
  const auto file = Written(out);
  CHECK(file->size() % 64 == 0);
  Archive in = Opened(file).value();
  Everything read;
  in(read);
  REQUIRE_FALSE(in.failed());
  CHECK(read.number == all.number);
  CHECK(read.real == all.real);
  CHECK(read.three[2] == 3);
  CHECK(read.four == all.four);
  CHECK(read.parts == all.parts);
  CHECK(read.colours == all.colours);
  CHECK(read.present == all.present);
  CHECK_FALSE(read.absent);
  REQUIRE(read.shared);
  CHECK(*read.shared == *all.shared);
  CHECK_FALSE(read.none);
  CHECK(read.map == all.map);
  CHECK(read.pairs == all.pairs);
  CHECK(std::get<Part>(read.variant) == std::get<Part>(all.variant));
  int64_t more = 5;
  in(more);
  CHECK(in.failed());
  CHECK(more == 0);
}

TEST_CASE("what is shared is written once and shared again") {
  Archive out;
  std::shared_ptr<Part> a = std::make_shared<Part>(Part{"a", Colour::kBlue}), b = a, none,
                        c = std::make_shared<Part>(*a);
  out(a, none, b, c);
  Archive in = Opened(Written(out)).value();
  std::shared_ptr<Part> read[4];
  in(read);
  REQUIRE_FALSE(in.failed());
  REQUIRE(read[0]);
  CHECK(read[0]->name == "a");
  CHECK_FALSE(read[1]);
  CHECK(read[2] == read[0]);
  REQUIRE(read[3]);
  CHECK(read[3] != read[0]);
}

TEST_CASE("blobs lie aligned in the archive, whatever size the parts have") {
  Buffer large = Buffer::Allocate(100'001).value(), small = Buffer::Allocate(1).value();
  std::mt19937 rng(5);
  for (size_t i = 0; i < large.size(); ++i) large.data()[i] = static_cast<std::byte>(rng());
  small.data()[0] = std::byte{42};
  for (const size_t most : {size_t{64}, size_t{4096}, size_t{1} << 20}) {
    Archive out;
    std::span<const std::byte> blobs[] = {{small.data(), 1}, {large.data(), large.size()}, {}};
    for (auto& blob : blobs) out.Blob(blob);
    const auto file = Written(out, most);
    Archive in = Opened(file).value();
    for (const auto& blob : blobs) {
      std::span<const std::byte> read;
      in.Blob(read);
      REQUIRE_FALSE(in.failed());
      CHECK(reinterpret_cast<uintptr_t>(read.data()) % 64 == 0);
      CHECK(std::ranges::equal(read, blob));
    }
    CHECK(in.owner() == file);
  }
}

TEST_CASE("a blob that is copied may go before the archive is written") {
  Archive out;
  out.CopyBlobs(true);
  {
    const std::vector<std::byte> bytes(100, std::byte{9});
    std::span<const std::byte> blob(bytes);
    out.Blob(blob);
  }
  Archive in = Opened(Written(out)).value();
  std::span<const std::byte> read;
  in.Blob(read);
  REQUIRE(read.size() == 100);
  CHECK(read[99] == std::byte{9});
}

TEST_CASE("tensors and dims survive, large ones without a copy") {
  const Dim dim = (Dim::Symbol("batch") + 3) * 2;
  Tensor small = Tensor::From<int32_t>({2}, std::vector<int32_t>{1, -2}).value();
  Tensor large = Tensor::Allocate(DType::kUint8, {5000}).value();
  for (size_t i = 0; i < 5000; ++i) large.data()[i] = static_cast<std::byte>(i);
  Tensor strings = Tensor::FromStrings({2}, {"a", "bc"}).value();
  Tensor sequence = Tensor::Sequence({small, strings});
  Tensor shape = Tensor::WithoutContents(DType::kFloat32, {3, 4}), nothing;
  Archive out;
  Dim wrote = dim;
  out(wrote, small, large, strings, sequence, shape, nothing);
  const auto file = Written(out);
  Archive in = Opened(file).value();
  Dim read;
  Tensor t[6];
  in(read, t);
  REQUIRE_FALSE(in.failed());
  CHECK(read == dim);
  CHECK(t[0].As<int32_t>()[1] == -2);
  CHECK(std::ranges::equal(t[1].bytes(), large.bytes()));
  CHECK((t[1].data() > file->data() && t[1].data() < file->data() + file->size()));
  CHECK(t[2].strings() == strings.strings());
  REQUIRE(t[3].items().size() == 2);
  CHECK(t[3].items()[1].strings()[1] == "bc");
  CHECK(t[4].data() == nullptr);
  CHECK(t[4].dims() == Dims{3, 4});
  CHECK(t[5].empty());
}

TEST_CASE("what is cut short, longer or changed is refused") {
  Archive out;
  Everything all = Filled();
  Buffer blob = Buffer::Zeroed(1000).value();
  std::span<const std::byte> bytes(blob.data(), blob.size());
  out(all);
  out.Blob(bytes);
  const auto file = Written(out);
  const auto refused = [](const std::shared_ptr<Buffer>& changed) {
    const auto opened = Opened(changed);
    return !opened && opened.error().code == ErrorCode::kInvalidModel;
  };
  for (size_t size = 0; size < file->size(); size += 16)
    CHECK(refused(std::make_shared<Buffer>(Buffer::Copy(file->data(), size).value())));
  Buffer longer = Buffer::Zeroed(file->size() + 64).value();
  std::memcpy(longer.data(), file->data(), file->size());
  CHECK(refused(std::make_shared<Buffer>(std::move(longer))));
  // The header counts as far as it is used; the footer is one number.
  const size_t end = file->size() - 64 + sizeof(uint64_t);
  for (size_t at = 0; at < end; ++at)
    for (const int bit : {0, 7}) {
      auto changed = std::make_shared<Buffer>(Buffer::Copy(file->data(), file->size()).value());
      changed->data()[at] ^= static_cast<std::byte>(1 << bit);
      CHECK(refused(changed));
    }
}

TEST_CASE("reading something else than was written fails without reading outside") {
  std::mt19937 rng(7);
  for (int round = 0; round < 2000; ++round) {
    Archive out;
    for (int i = 0; i < 40; ++i) {
      auto byte = static_cast<uint8_t>(rng() % (round % 2 ? 256 : 4));
      out(byte);
    }
    Archive in = Opened(Written(out)).value();
    Everything read;
    Tensor tensor;
    Dim dim;
    std::span<const std::byte> blob;
    in(read, tensor, dim);
    in.Blob(blob);
    CHECK(in.failed());
  }
}

}  // namespace
}  // namespace insitu::test
