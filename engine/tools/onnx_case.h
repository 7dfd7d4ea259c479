// ONNX backend-test cases on disk: a folder with model.onnx, test_data_set_*/{input,output}_N.pb
// and, optionally, tolerance.json ({"rtol": .., "atol": ..}). Native only; for the developer's tool
// and tests.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "session/session.h"

namespace insitu {

// The whole file; InvalidArgument when it cannot be read.
Result<ModelBytes> ReadFile(const std::filesystem::path& path);
// Import options that read external data from the folder of `model`.
ImportOptions ExternalDataBeside(const std::filesystem::path& model);

struct CaseData {
  std::vector<NamedTensor> feeds;  // named after the session's inputs, in order
  std::vector<Tensor> expected;    // in the order of the session's outputs
};

// The inputs of one test_data_set folder. Missing trailing inputs are left out.
Result<std::vector<NamedTensor>> ReadFeeds(const std::filesystem::path& data_set,
                                           const Session& session);
// The whole of one test_data_set folder.
Result<CaseData> ReadCaseData(const std::filesystem::path& data_set, const Session& session);

struct Tolerance {
  double relative = 1e-3, absolute = 1e-7;  // those of ONNX's own runner
};
Result<Tolerance> ReadTolerance(const std::filesystem::path& case_folder);

// InvalidArgument naming the first element that differs by more than the tolerance, or another
// dtype or shape.
Status Compare(const std::string& name, const Tensor& actual, const Tensor& expected,
               const Tolerance& tolerance);

// Runs every data set of the folder and compares.
Status RunDataSets(const std::filesystem::path& case_folder, Session& session);
// Loads and runs every data set of the folder and compares.
Status RunCase(const std::filesystem::path& case_folder, SessionOptions options, Runtime& runtime);

}  // namespace insitu
