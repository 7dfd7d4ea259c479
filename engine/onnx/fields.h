// The fields of a serialized protobuf message, one by one, without parsing their payloads.
// Invariant: every span lies in the given bytes; a message that is cut short or malformed ends in
// InvalidModel. https://protobuf.dev/programming-guides/encoding
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "base/error.h"

namespace insitu {

using Bytes = std::span<const std::byte>;

struct Field {
  int number;
  Bytes whole;    // tag included
  Bytes payload;  // of a length-delimited field
  bool delimited;
};

// The error for bytes that are no message; `where` names it: "graph".
std::unexpected<Error> Damaged(std::string_view where);
// At most 2 GB.
Status ForEachField(Bytes message, std::string_view where,
                    const std::function<Status(const Field&)>& visit);

}  // namespace insitu
