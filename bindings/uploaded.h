// Models that have been uploaded, with their external files, and what JavaScript is told of their
// inputs and outputs. Invariant: an upload is gone after the call that takes it.
#pragma once

#include <string>

#include "ir/graph.h"
#include "onnx/import.h"
#include "outcome.h"

namespace insitu::bindings {

struct UploadedModel {
  ModelBytes bytes;
  ImportOptions import;
  size_t size = 0;  // of all files
};

// `external`: upload by name.
Result<UploadedModel> TakeModel(int upload, const val& external);

val TypeToJs(const ValueType& type);

// Of a range of (name, type).
val InfosToJs(const auto& infos) {
  val array = val::array();
  for (const auto& [name, type] : infos) {
    val info = TypeToJs(type);
    info.set("name", name);
    array.call<void>("push", info);
  }
  return array;
}

}  // namespace insitu::bindings
