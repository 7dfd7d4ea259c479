// Taking uploads, and types as JavaScript has them.
#include "uploaded.h"

#include <map>
#include <utility>

#include "instance.h"

namespace insitu::bindings {

Result<UploadedModel> TakeModel(int upload, const val& external) {
  Instance& instance = TheInstance();
  UploadedModel model;
  INSITU_ASSIGN(const Upload* main, instance.uploads.Find(upload));
  model.bytes = main->Bytes();
  model.size = model.bytes.bytes.size();
  std::map<std::string, ModelBytes> files;
  for (const std::string& name : Keys(external)) {
    const int handle = external[name].as<int>();
    INSITU_ASSIGN(const Upload* file, instance.uploads.Find(handle));
    model.size += files.emplace(name, file->Bytes()).first->second.bytes.size();
    instance.uploads.Erase(handle);
  }
  instance.uploads.Erase(upload);
  if (!files.empty()) {
    model.import.external_data =
        [files = std::move(files)](const std::string& location) -> Result<ModelBytes> {
      auto it = files.find(location);
      if (it != files.end()) return it->second;
      return Fail(ErrorCode::kInvalidArgument,
                  "the model needs the external file '" + location + "'",
                  "Pass it in externalData under this name.");
    };
  }
  return model;
}

val TypeToJs(const ValueType& type) {
  val info = val::object();
  info.set("dtype", std::string(Name(type.dtype)));
  val dims = val::array();
  if (!type.shape) info.set("anyRank", true);
  for (size_t i = 0; type.shape && i < type.shape->size(); ++i) {
    const Dim& dim = (*type.shape)[i];
    if (dim.IsKnown())
      dims.set(i, static_cast<double>(dim.value()));
    else
      dims.set(i, dim.ToString());
  }
  info.set("dims", dims);
  if (type.element) info.set("element", TypeToJs(*type.element));
  return info;
}

}  // namespace insitu::bindings
