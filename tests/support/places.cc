#include "support/places.h"

#include <cstdlib>

namespace insitu::test {

std::string ProjectDir() { return INSITU_PROJECT_DIR; }

std::string SharedModelsDir() {
  const char* shared = std::getenv("INSITU_SHARED");
  return (shared ? std::string(shared) : INSITU_PROJECT_DIR "/../shared") + "/models";
}

}  // namespace insitu::test
