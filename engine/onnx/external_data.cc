// Checking the place of external tensor bytes before they are touched.
#include "onnx/external_data.h"

#include <charconv>

#include "base/limits.h"

namespace insitu {
namespace {

std::unexpected<Error> Bad(const onnx::TensorProto& tensor, std::string message) {
  return Fail(ErrorCode::kInvalidModel, "tensor '" + tensor.name() + "': " + std::move(message),
              "Save the model and its external data again with the exporter.");
}

std::optional<uint64_t> ParseCount(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Status CheckLocation(const std::string& location) {
  const auto bad = [&](const char* why) {
    return Fail(ErrorCode::kInvalidModel,
                "the external data location '" + location.substr(0, 200) + "' " + why,
                "External data must be named by a plain path relative to the model.");
  };
  if (location.empty()) return bad("is empty");
  if (location.size() > static_cast<size_t>(CurrentLimits().max_name_bytes))
    return bad("is too long");
  if (location[0] == '/') return bad("is absolute");
  if (location.find('\\') != std::string::npos) return bad("has a backslash");
  if (location.find(':') != std::string::npos) return bad("has a scheme or drive");
  if (location.find('\0') != std::string::npos) return bad("has a NUL character");
  for (size_t start = 0; start <= location.size();) {
    const size_t end = std::min(location.find('/', start), location.size());
    if (location.compare(start, end - start, "..") == 0) return bad("leaves the model's folder");
    start = end + 1;
  }
  return {};
}

Result<ModelBytes> ExternalData::File(const std::string& location) {
  if (auto found = files_.find(location); found != files_.end()) return found->second;
  INSITU_TRY(CheckLocation(location));
  const std::string hint = "Pass externalData: {'" + location + "': ...} when loading the model.";
  if (!options_.external_data)
    return Fail(ErrorCode::kInvalidArgument,
                "the model keeps weights in the file '" + location + "', which was not given",
                hint);
  auto file = options_.external_data(location);
  if (!file) {
    Error error = std::move(file).error();
    if (error.message.find(location) == std::string::npos)
      error.message = "external data '" + location + "': " + error.message;
    if (error.hint.empty()) error.hint = hint;
    return std::unexpected(std::move(error));
  }
  files_.emplace(location, *file);
  return file;
}

Result<ModelBytes> ExternalData::Read(const onnx::TensorProto& tensor, size_t expected) {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    const auto value = ParseCount(entry.value());
    if (!value)
      return Bad(tensor, "external " + entry.key() + " '" + entry.value().substr(0, 40) +
                             "' is not a number");
    if (entry.key() == "offset") offset = *value;
    if (entry.key() == "length") length = *value;
  }
  if (length && *length != expected)
    return Bad(tensor, "its type and dims need " + std::to_string(expected) +
                           " bytes, but its external length is " + std::to_string(*length));
  INSITU_ASSIGN(ModelBytes file, File(location));
  if (offset > file.bytes.size() || expected > file.bytes.size() - offset)
    return Bad(tensor, "it needs " + std::to_string(expected) + " bytes at offset " +
                           std::to_string(offset) + " of '" + location + "', which has " +
                           std::to_string(file.bytes.size()) + " bytes");
  read_bytes_ += static_cast<int64_t>(expected);
  if (read_bytes_ > CurrentLimits().max_initializer_bytes)
    return Fail(ErrorCode::kLimitExceeded,
                "tensors read more than " + std::to_string(CurrentLimits().max_initializer_bytes) +
                    " bytes of external data",
                "Use a smaller or a quantized model.");
  file.bytes = file.bytes.subspan(static_cast<size_t>(offset), expected);
  return file;
}

}  // namespace insitu
