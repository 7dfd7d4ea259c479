// Reading and comparing backend-test cases.
#include "tools/onnx_case.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "ops/elements.h"

namespace insitu {
namespace fs = std::filesystem;

Result<ModelBytes> ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file)
    return Fail(ErrorCode::kInvalidArgument, "cannot read '" + path.string() + "'",
                "Check the path.");
  const auto size = static_cast<size_t>(file.tellg());
  INSITU_ASSIGN(Buffer buffer, Buffer::Allocate(size));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(buffer.data()), static_cast<std::streamsize>(size));
  auto owner = std::make_shared<Buffer>(std::move(buffer));
  return ModelBytes{{owner->data(), size}, owner};
}

ImportOptions ExternalDataBeside(const fs::path& model) {
  return {.external_data = [folder = model.parent_path()](const std::string& location) {
    return ReadFile(folder / location);
  }};
}

namespace {

// numpy has no bfloat16; the suite stores such data as uint16.
Result<Tensor> ReadTensor(const fs::path& path, DType declared) {
  INSITU_ASSIGN(const ModelBytes bytes, ReadFile(path));
  INSITU_ASSIGN(Tensor tensor, ParseValueProto(bytes.bytes, declared));
  if (declared != DType::kBfloat16 || tensor.dtype() != DType::kUint16) return tensor;
  return Tensor::FromBytes(declared, tensor.dims(), tensor.bytes());
}

}  // namespace

Result<std::vector<NamedTensor>> ReadFeeds(const fs::path& data_set, const Session& session) {
  std::vector<NamedTensor> feeds;
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    const fs::path path = data_set / ("input_" + std::to_string(i) + ".pb");
    if (!fs::exists(path)) break;
    INSITU_ASSIGN(Tensor tensor, ReadTensor(path, session.inputs()[i].type.dtype));
    feeds.push_back({session.inputs()[i].name, std::move(tensor)});
  }
  return feeds;
}

Result<CaseData> ReadCaseData(const fs::path& data_set, const Session& session) {
  CaseData data;
  INSITU_ASSIGN(data.feeds, ReadFeeds(data_set, session));
  for (size_t i = 0; i < session.outputs().size(); ++i) {
    INSITU_ASSIGN(Tensor tensor, ReadTensor(data_set / ("output_" + std::to_string(i) + ".pb"),
                                            session.outputs()[i].type.dtype));
    data.expected.push_back(std::move(tensor));
  }
  return data;
}

Result<Tolerance> ReadTolerance(const fs::path& case_folder) {
  Tolerance tolerance;
  const fs::path path = case_folder / "tolerance.json";
  if (!fs::exists(path)) return tolerance;
  INSITU_ASSIGN(const ModelBytes bytes, ReadFile(path));
  INSITU_ASSIGN(const Json json, Json::Parse({reinterpret_cast<const char*>(bytes.bytes.data()),
                                              bytes.bytes.size()}));
  const auto read = [&](std::string_view key, double& target) {
    const Json* value = json.Find(key);
    if (const double* number = value ? value->AsNumber() : nullptr) target = *number;
  };
  read("rtol", tolerance.relative);
  read("atol", tolerance.absolute);
  return tolerance;
}

namespace {

std::unexpected<Error> Differs(const std::string& name, std::string how) {
  return std::unexpected(
      Error{ErrorCode::kInvalidArgument, "output '" + name + "' " + how, name, {}, {}});
}

Status CompareFloats(const std::string& name, const Tensor& actual, const Tensor& expected,
                     const Tolerance& tolerance) {
  // The suite truncates to bfloat16, which is a step off the nearest.
  const double relative = actual.dtype() == DType::kBfloat16 ? 1.0 / 128 : tolerance.relative;
  for (int64_t i = 0; i < expected.elements(); ++i) {
    const double a = LoadReal(actual.View(), i), e = LoadReal(expected.View(), i);
    if ((std::isnan(a) && std::isnan(e)) || a == e) continue;
    if (std::abs(a - e) <= tolerance.absolute + relative * std::abs(e)) continue;
    return Differs(name, "differs at element " + std::to_string(i) + ": " + std::to_string(a) +
                             ", expected " + std::to_string(e));
  }
  return {};
}

}  // namespace

Status Compare(const std::string& name, const Tensor& actual, const Tensor& expected,
               const Tolerance& tolerance) {
  if (actual.dtype() != expected.dtype() || actual.dims() != expected.dims())
    return Differs(name, "is " + std::string(Name(actual.dtype())) + ToString(actual.dims()) +
                             ", expected " + std::string(Name(expected.dtype())) +
                             ToString(expected.dims()));
  if (IsFloat(actual.dtype())) return CompareFloats(name, actual, expected, tolerance);
  for (size_t i = 0; i < expected.items().size(); ++i)
    INSITU_TRY(Compare(name + "[" + std::to_string(i) + "]", actual.items()[i], expected.items()[i],
                       tolerance));
  if (expected.dtype() == DType::kString && actual.strings() != expected.strings())
    return Differs(name, "differs from the expected strings");
  if (!std::ranges::equal(actual.bytes(), expected.bytes()))
    return Differs(name, "differs from the expected bytes");
  return {};
}

Status RunDataSets(const fs::path& case_folder, Session& session) {
  INSITU_ASSIGN(const Tolerance tolerance, ReadTolerance(case_folder));
  for (const auto& entry : fs::directory_iterator(case_folder)) {
    if (!entry.path().filename().string().starts_with("test_data_set_")) continue;
    INSITU_ASSIGN(const CaseData data, ReadCaseData(entry.path(), session));
    INSITU_ASSIGN(const auto outputs, session.Run(data.feeds));
    for (size_t i = 0; i < outputs.size(); ++i)
      INSITU_TRY(Compare(outputs[i].name, outputs[i].tensor, data.expected[i], tolerance));
  }
  return {};
}

Status RunCase(const fs::path& case_folder, SessionOptions options, Runtime& runtime) {
  const fs::path model = case_folder / "model.onnx";
  INSITU_ASSIGN(const ModelBytes bytes, ReadFile(model));
  options.import = ExternalDataBeside(model);
  INSITU_ASSIGN(auto session, Session::Load(bytes, options, runtime));
  return RunDataSets(case_folder, *session);
}

}  // namespace insitu
