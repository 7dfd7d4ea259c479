// Archive: values as bytes and back, for what insitu itself wrote and reads again: prepared models.
// One list of fields serves both directions: a type has `void Transfer(Archive& a) { a(x, y); }`.
// Small values lie in a head; large pieces (Blob) behind it, aligned, where they are used in place.
//   header: magic of the format, bytes of the head   64 bytes
//   head, then blobs                                 each padded to a multiple of 64
//   footer: checksum of all in front of it           64 bytes
// Invariant: reading never leaves the archive; what is cut short or changed by accident is refused
// by its checksum before anything is read. It is no protection against forgery: whoever can write
// an archive is trusted with what runs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/checksum.h"
#include "base/error.h"

namespace insitu {

class Archive {
 public:
  Archive() = default;  // to write to
  // To read from `bytes`, 64-byte aligned like a Buffer's and kept alive by `owner`. InvalidModel
  // where they are no archive, of another format, cut short or changed.
  static Result<Archive> Open(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

  bool reads() const { return reads_; }
  // Reading: something was asked for that is not there; what was read since is empty or zero.
  // Writing: there was no memory for what is to be copied; the archive is of no use.
  bool failed() const { return failed_; }
  void MarkFailed(std::optional<Error> why = {}) {
    if (!failed_) why_ = std::move(why);
    failed_ = true;
  }
  // Why it failed, where that is more than contents that are not there: memory, for example.
  const std::optional<Error>& why() const { return why_; }
  // Reading: whether all small values were asked for.
  bool AtEnd() const { return at_ == head_.size(); }

  // Appends the values, or fills them.
  template <class... T>
  void operator()(T&... values) {
    (Value(values), ...);
  }
  // A number of things: `count` when writing. At least a byte follows for each.
  size_t Count(size_t count);
  // Bytes that must stay where they are, and readable up to a multiple of 64, until the archive has
  // been written; read, they live as long as owner().
  void Blob(std::span<const std::byte>& bytes);
  // Whether blobs that are written from now on may go before the archive is written.
  void CopyBlobs(bool copy) { copies_blobs_ = copy; }
  const std::shared_ptr<const void>& owner() const { return owner_; }

  // The parts of the written archive, in order, of at most `most` bytes (a multiple of 64); empty
  // at the end. Nothing may be added once this has been called.
  std::span<const std::byte> NextPart(size_t most);

 private:
  template <class T>
  void Value(T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
      Raw(&value, sizeof(value));
    else
      value.Transfer(*this);
  }
  void Value(std::string& text) {
    text.resize(Count(text.size()));
    Raw(text.data(), text.size());
  }
  template <class T, size_t n>
  void Value(T (&values)[n]) {
    for (T& value : values) Value(value);
  }
  template <class T, size_t n>
  void Value(std::array<T, n>& values) {
    for (T& value : values) Value(value);
  }
  template <class T>
  void Value(std::vector<T>& values) {
    values.resize(Count(values.size()));
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
      Raw(values.data(), values.size() * sizeof(T));
    else
      for (T& value : values) Value(value);
  }
  template <class A, class B>
  void Value(std::pair<A, B>& pair) {
    (*this)(pair.first, pair.second);
  }
  template <class K, class V, class C>
  void Value(std::map<K, V, C>& map) {
    const size_t count = Count(map.size());
    if (!reads_) {
      for (auto& [key, value] : map) {
        Value(const_cast<K&>(key));  // writing changes nothing
        Value(value);
      }
      return;
    }
    for (size_t i = 0; i < count && !failed_; ++i) {
      std::pair<K, V> entry;
      Value(entry);
      map.insert(std::move(entry));
    }
  }
  template <class T>
  void Value(std::optional<T>& value) {
    bool holds = value.has_value();
    Value(holds);
    if (!holds || failed_) return;
    if (reads_) value.emplace();
    Value(*value);
  }
  template <class T>
  void Value(std::shared_ptr<T>& value) {
    size_t place = reads_ ? 0 : PlaceOf(value);
    Value(place);
    if (place == 0 || failed_) return;
    const bool is_new = place > shared_.size();
    if (reads_ && !is_new) {
      value = std::static_pointer_cast<T>(std::const_pointer_cast<void>(shared_[place - 1]));
      return;
    }
    if (!is_new) return;
    if (reads_) value = std::make_shared<std::remove_const_t<T>>();
    shared_.push_back(value);
    Value(const_cast<std::remove_const_t<T>&>(*value));
  }
  template <class... T>
  void Value(std::variant<T...>& value) {
    auto index = static_cast<uint8_t>(value.index());
    Value(index);
    if (index >= sizeof...(T)) failed_ = true;
    if (failed_) return;
    if (reads_) {
      uint8_t at = 0;
      (void)((at++ == index && (value.template emplace<T>(), true)) || ...);
    }
    std::visit([this](auto& one) { this->Value(one); }, value);
  }

  // Of what is shared, from 1; that of a new one is the next. 0 for nothing.
  size_t PlaceOf(const std::shared_ptr<const void>& value) const {
    if (!value) return 0;
    return static_cast<size_t>(std::ranges::find(shared_, value) - shared_.begin()) + 1;
  }
  void Raw(void* data, size_t bytes);
  void Seal();

  bool reads_ = false, failed_ = false;
  std::optional<Error> why_;
  std::span<const std::byte> head_, blobs_;  // of one that is read
  size_t at_ = 0;                            // in head_
  std::shared_ptr<const void> owner_;
  std::vector<std::shared_ptr<const void>> shared_;  // what shared pointers hold, each once

  std::vector<std::byte> written_, footer_;        // header and head
  std::vector<std::span<const std::byte>> parts_;  // while writing: the blobs
  bool copies_blobs_ = false;
  std::vector<Buffer> copies_;
  size_t blob_bytes_ = 0, part_ = 0, of_part_ = 0;  // where NextPart is
  Checksum sum_;
};

}  // namespace insitu
