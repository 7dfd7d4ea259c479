// insitu_contestant MODEL DATA_SET THREADS: the engine, natively compiled, as a contestant of the
// benchmark (tests/bench/native.mjs). It loads the model and the inputs of the data set, then
// answers each line of standard input with one of standard output:
//   (at first)  loaded MS
//   run         ran MS
//   results     output NAME DTYPE DIM,DIM,...   for each output, whose bytes it writes to
//   DATA_SET/output_N.bin; then done
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "tools/onnx_case.h"

namespace insitu {
namespace {

namespace fs = std::filesystem;

void PrintResults(const std::vector<NamedTensor>& results, const fs::path& data_set) {
  for (size_t i = 0; i < results.size(); ++i) {
    const auto& [name, tensor] = results[i];
    std::ofstream file(data_set / ("output_" + std::to_string(i) + ".bin"), std::ios::binary);
    file.write(reinterpret_cast<const char*>(tensor.bytes().data()),
               static_cast<std::streamsize>(tensor.bytes().size()));
    std::string dims;
    for (const int64_t dim : tensor.dims()) dims += (dims.empty() ? "" : ",") + std::to_string(dim);
    std::printf("output %s %s %s\n", name.c_str(), std::string(Name(tensor.dtype())).c_str(),
                dims.c_str());
  }
  std::printf("done\n");
}

Status Contest(const fs::path& model, const fs::path& data_set, int threads) {
  const double start = NowMs();
  INSITU_ASSIGN(auto runtime, Runtime::Create(threads));
  INSITU_ASSIGN(const ModelBytes bytes, ReadFile(model));
  INSITU_ASSIGN(
      auto session,
      Session::Load(bytes,
                    {.reference_only = false, .dims = {}, .import = ExternalDataBeside(model)},
                    *runtime));
  std::printf("loaded %f\n", NowMs() - start);
  INSITU_ASSIGN(const auto feeds, ReadFeeds(data_set, *session));
  std::vector<NamedTensor> results;
  for (std::string line; std::fflush(stdout), std::getline(std::cin, line);) {
    if (line == "results") {
      PrintResults(results, data_set);
      continue;
    }
    const double begin = NowMs();
    INSITU_ASSIGN(results, session->Run(feeds));
    std::printf("ran %f\n", NowMs() - begin);
  }
  return {};
}

}  // namespace
}  // namespace insitu

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: insitu_contestant MODEL DATA_SET THREADS\n");
    return 2;
  }
  const insitu::Status status = insitu::Contest(argv[1], argv[2], std::atoi(argv[3]));
  if (!status) std::fprintf(stderr, "%s\n", insitu::ToString(status.error()).c_str());
  return status ? 0 : 1;
}
