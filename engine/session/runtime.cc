// Starts the backends in order of preference.
#include "session/runtime.h"

#include "exec/kernels/kernel_backend.h"
#include "exec/xnn/xnn_backend.h"
#include "passes/passes.h"

namespace insitu {

Result<std::unique_ptr<Runtime>> Runtime::Create(int threads) {
  std::unique_ptr<Runtime> runtime(new Runtime);
  INSITU_ASSIGN(runtime->pool_, ThreadPool::Create(threads));
  INSITU_ASSIGN(auto xnn, CreateXnnBackend(*runtime->pool_));
  runtime->backends_.push_back(std::move(xnn));
  runtime->backends_.push_back(CreateKernelBackend(*runtime->pool_));
  for (const auto& backend : runtime->backends_)
    runtime->backend_pointers_.push_back(backend.get());
  return runtime;
}

std::string Runtime::traits() const {
  std::string traits;
  for (const auto& backend : backends_) traits += backend->traits();
  return traits;
}

std::vector<std::string> Runtime::Switches() const {
  std::vector<std::string> switches(Optimisations().begin(), Optimisations().end());
  for (const auto& backend : backends_) switches.emplace_back(backend->name());
  return switches;
}

Runtime::~Runtime() = default;

}  // namespace insitu
