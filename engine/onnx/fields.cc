// Walking the protobuf wire format with CodedInputStream.
#include "onnx/fields.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <string>

namespace insitu {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

std::unexpected<Error> Damaged(std::string_view where) {
  return Fail(ErrorCode::kInvalidModel,
              "not an ONNX model: the bytes of its " + std::string(where) + " cannot be read",
              "The file is damaged or cut short, or it is not an ONNX file.");
}

Status ForEachField(Bytes message, std::string_view where,
                    const std::function<Status(const Field&)>& visit) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(message.data()),
                      static_cast<int>(message.size()));
  while (true) {
    const auto start = static_cast<size_t>(in.CurrentPosition());
    const uint32_t tag = in.ReadTag();
    if (tag == 0) {
      if (start == message.size()) return {};
      return Damaged(where);
    }
    Field field{WireFormatLite::GetTagFieldNumber(tag), {}, {}, false};
    if (field.number == 0) return Damaged(where);
    field.delimited =
        WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (field.delimited) {
      uint32_t length = 0;
      if (!in.ReadVarint32(&length)) return Damaged(where);
      const auto at = static_cast<size_t>(in.CurrentPosition());
      if (length > message.size() - at) return Damaged(where);
      field.payload = message.subspan(at, length);
      in.Skip(static_cast<int>(length));
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return Damaged(where);
    }
    field.whole = message.subspan(start, static_cast<size_t>(in.CurrentPosition()) - start);
    INSITU_TRY(visit(field));
  }
}

}  // namespace insitu
