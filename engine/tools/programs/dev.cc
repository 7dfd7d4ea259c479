// insitu_dev: the engine on the command line of its developers, natively compiled.
//   insitu_dev explain MODEL              where every node runs, and why
//   insitu_dev profile MODEL RUNS THREADS time per operator on the case's first data set
//   insitu_dev test DIR...                run backend-test cases on auto and reference
//   insitu_dev print MODEL...             the text form of each, as imported
// The users' command line is web/cli, on the wasm engine.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "ir/text.h"
#include "tools/onnx_case.h"

namespace insitu {
namespace {

namespace fs = std::filesystem;

int Report(const Error& error) {
  std::fprintf(stderr, "%s\n", ToString(error).c_str());
  return 1;
}

Result<std::unique_ptr<Session>> Open(const fs::path& model, Runtime& runtime) {
  INSITU_ASSIGN(const ModelBytes bytes, ReadFile(model));
  return Session::Load(
      bytes, {.reference_only = false, .dims = {}, .import = ExternalDataBeside(model)}, runtime);
}

Status Explain(const fs::path& model) {
  INSITU_ASSIGN(auto runtime, Runtime::Create(1));
  INSITU_ASSIGN(auto session, Open(model, *runtime));
  for (const ExplainRow& row : session->Explain())
    std::printf("%-9s %-28s %-40s %9lld  %s\n", row.on.c_str(), row.op.c_str(), row.node.c_str(),
                static_cast<long long>(row.bytes), row.why.c_str());
  return {};
}

Status Profile(const fs::path& model, int runs, int threads) {
  INSITU_ASSIGN(auto runtime, Runtime::Create(threads));
  INSITU_ASSIGN(auto session, Open(model, *runtime));
  INSITU_ASSIGN(const CaseData data,
                ReadCaseData(model.parent_path() / "test_data_set_0", *session));
  INSITU_ASSIGN(const auto rows, session->Profile(data.feeds, runs));
  double total = 0;
  for (const OperatorProfile& row : rows) {
    std::printf("%8.3f ms %5.1f %%  %-9s %-24s %s\n", row.total_ms / runs, 100 * row.share,
                row.backend.c_str(), row.op.c_str(), row.name.c_str());
    total += row.total_ms / runs;
  }
  std::printf("%8.3f ms in all\n", total);
  return {};
}

int Test(const std::vector<std::string>& folders) {
  auto runtime = Runtime::Create(1);
  if (!runtime) return Report(runtime.error());
  int passed = 0, failed = 0;
  for (const std::string& folder : folders) {
    for (const bool reference : {false, true}) {
      const Status status =
          RunCase(folder, {.reference_only = reference, .dims = {}, .import = {}}, **runtime);
      status ? ++passed : ++failed;
      if (!status)
        std::printf("%s (%s): %s\n", folder.c_str(), reference ? "reference" : "auto",
                    ToString(status.error()).c_str());
    }
  }
  std::printf("%d passed, %d failed, 0 skipped\n", passed, failed);
  return failed == 0 ? 0 : 1;
}

Status Print(const fs::path& model) {
  INSITU_ASSIGN(const ModelBytes bytes, ReadFile(model));
  INSITU_ASSIGN(const ImportedModel imported, ImportModel(bytes, ExternalDataBeside(model)));
  std::fputs((insitu::Print(imported.graph) + "\n").c_str(), stdout);
  return {};
}

// What cannot be read is left out and said.
int PrintAll(const std::vector<std::string>& models) {
  int status = 0;
  for (const std::string& model : models) {
    const Status printed = Print(model);
    if (!printed) status = Report(printed.error());
  }
  return status;
}

int Main(const std::vector<std::string>& arguments) {
  const std::string_view command = arguments.empty() ? "" : std::string_view(arguments[0]);
  if (command == "test" && arguments.size() > 1)
    return Test({arguments.begin() + 1, arguments.end()});
  if (command == "print" && arguments.size() > 1)
    return PrintAll({arguments.begin() + 1, arguments.end()});
  Status status;
  if (command == "explain" && arguments.size() == 2) {
    status = Explain(arguments[1]);
  } else if (command == "profile" && arguments.size() == 4) {
    status =
        Profile(arguments[1], std::atoi(arguments[2].c_str()), std::atoi(arguments[3].c_str()));
  } else {
    std::fprintf(stderr,
                 "usage: insitu_dev explain MODEL | profile MODEL RUNS THREADS | test DIR... | "
                 "print MODEL...\n");
    return 2;
  }
  return status ? 0 : Report(status.error());
}

}  // namespace
}  // namespace insitu

int main(int argc, char** argv) { return insitu::Main({argv + 1, argv + argc}); }
