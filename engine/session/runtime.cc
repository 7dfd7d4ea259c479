// Starts the backends in order of preference.
#include "session/runtime.h"

#include "exec/kernels/kernel_backend.h"
#include "exec/xnn/xnn_backend.h"

namespace insitu {

Result<std::unique_ptr<Runtime>> Runtime::Create(int threads) {
  if (threads < 1)
    return Fail(ErrorCode::kInvalidArgument,
                "threads must be at least 1, not " + std::to_string(threads));
  std::unique_ptr<Runtime> runtime(new Runtime);
  runtime->threads_ = threads;
  INSITU_ASSIGN(auto xnn, CreateXnnBackend(threads));
  runtime->backends_.push_back(std::move(xnn));
  runtime->backends_.push_back(CreateKernelBackend());
  for (const auto& backend : runtime->backends_)
    runtime->backend_pointers_.push_back(backend.get());
  return runtime;
}

Runtime::~Runtime() = default;

}  // namespace insitu
