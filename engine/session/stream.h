// Stream: runs of one session that hand state on: named outputs of a run are inputs of the next,
// and stay in the engine. Invariant: a run that fails leaves the state as it was.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "session/session.h"

namespace insitu {

// An input, and the output that becomes it.
struct StateLink {
  std::string input, output;
};

class Stream {
 public:
  // The first state is taken from `initial`, or is zeros: dims that the model leaves open are 1
  // where one of that name, or it itself, is the first of an input (a batch), else 0 (a past that
  // is empty). InvalidArgument, ShapeMismatch,
  // OutOfMemory.
  static Result<Stream> Open(const Session& session, std::vector<StateLink> links,
                             std::span<const NamedTensor> initial);

  // As Session::Run of the session that it was opened for, with the state among the feeds. Outputs
  // that become state are given only where options.outputs names them.
  Result<std::vector<NamedTensor>> Run(Session& session, std::span<const NamedTensor> feeds,
                                       const SessionRunOptions& options);
  // Back to the first state.
  void Reset() { state_ = previous_ = initial_; }
  // Back to what it was before the last run that succeeded; no further.
  void Undo() { state_ = previous_; }

 private:
  std::vector<StateLink> links_;
  std::vector<NamedTensor> initial_, state_, previous_;  // by input, in the order of links_
};

}  // namespace insitu
