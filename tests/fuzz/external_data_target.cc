// A tensor that names a file, an offset and a length, and the bytes of that file.
// Invariant checked: only names below the model's folder are asked for; what is read lies in the
// file, and is as long as type and dims say.
#include <fuzzer/FuzzedDataProvider.h>

#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "fuzz/targets.h"
#include "onnx-ml.pb.h"
#include "onnx/external_data.h"
#include "onnx/import.h"

namespace insitu::test {
namespace {

// By folders entered and left, unlike what is tested.
bool StaysBelow(const std::string& path) {
  if (path.empty() || path.front() == '/' || path.find_first_of("\\:") != std::string::npos ||
      path.find('\0') != std::string::npos)
    return false;
  int depth = 0;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    if (part == "..")
      --depth;
    else if (!part.empty() && part != ".")
      ++depth;
    if (depth < 0) return false;
    at = end + 1;
  }
  return true;
}

std::string PickNumber(FuzzedDataProvider& data, size_t file_bytes) {
  switch (data.ConsumeIntegralInRange(0, 3)) {
    case 0:
      return std::to_string(data.ConsumeIntegralInRange<size_t>(0, file_bytes + 8));
    case 1:
      return std::to_string(data.ConsumeIntegral<uint64_t>());
    case 2:
      return std::to_string(data.ConsumeIntegral<int64_t>());
    default:
      return data.ConsumeRandomLengthString(24);
  }
}

}  // namespace

void FuzzExternalData(FuzzBytes bytes) {
  FuzzedDataProvider data(bytes.data(), bytes.size());
  onnx::TensorProto proto;
  proto.set_name("w");
  proto.set_data_type(data.ConsumeIntegralInRange(0, 24));
  for (int rank = data.ConsumeIntegralInRange(0, 4); rank > 0; --rank)
    proto.add_dims(data.ConsumeBool() ? data.ConsumeIntegralInRange(0, 9)
                                      : data.ConsumeIntegral<int64_t>());
  proto.set_data_location(onnx::TensorProto::EXTERNAL);
  const size_t size = data.ConsumeIntegralInRange<size_t>(0, 300);
  for (int entries = data.ConsumeIntegralInRange(0, 6); entries > 0; --entries) {
    auto* entry = proto.add_external_data();
    switch (data.ConsumeIntegralInRange(0, 3)) {
      case 0:
        entry->set_key("location");
        entry->set_value(data.ConsumeRandomLengthString(40));
        break;
      case 1:
        entry->set_key("offset");
        entry->set_value(PickNumber(data, size));
        break;
      case 2:
        entry->set_key("length");
        entry->set_value(PickNumber(data, size));
        break;
      default:
        entry->set_key(data.ConsumeRandomLengthString(10));
        entry->set_value(data.ConsumeRandomLengthString(10));
        break;
    }
  }
  // Exactly as long as it says, so that a byte beyond is seen.
  const auto file = std::make_shared<std::vector<std::byte>>(size);
  file->shrink_to_fit();
  ImportOptions options;
  options.external_data = [&](const std::string& location) -> Result<ModelBytes> {
    Require(StaysBelow(location), "asks for '" + location + "'");
    return ModelBytes{*file, file};
  };
  ExternalData external(options);
  const size_t expected = data.ConsumeIntegralInRange<size_t>(0, 400);
  const auto read = external.Read(proto, expected);
  if (!read) return RequireTyped(read.error());
  Require(read->bytes.size() == expected, "another number of bytes than asked for");
  Require(expected == 0 || (read->bytes.data() >= file->data() &&
                            read->bytes.data() + expected <= file->data() + size),
          "bytes outside of the file");

  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  auto& graph = *model.mutable_graph();
  *graph.add_initializer() = proto;
  auto& node = *graph.add_node();
  node.set_op_type("Identity");
  node.add_input("w");
  node.add_output("y");
  graph.add_output()->set_name("y");
  const std::string text = model.SerializeAsString();
  const auto imported = ImportModel({std::as_bytes(std::span(text)), nullptr}, options);
  if (!imported) return RequireTyped(imported.error());
  const Tensor* constant = imported->graph.Constant(imported->graph.node(0).inputs[0]);
  volatile std::byte sum{};
  for (std::byte byte : constant->bytes()) sum = sum ^ byte;
}

}  // namespace insitu::test
