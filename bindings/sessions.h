// Loading, running and explaining models; web/src/rpc/native.ts documents each call.
#pragma once

#include <string>
#include <vector>

#include "outcome.h"
#include "session/session.h"

namespace insitu::bindings {

val Load(int upload, val external, val options);
val Restore(int upload, val options);
val KeptPart(int session, double most);
val Inspect(int upload, val external);
val ParseValue(int upload, std::string kind);
val Stage(int session, std::string name, std::string dtype, val dims, double byte_length);
val StageStrings(int session, std::string name, val dims, val strings);
val StageGroup(int session, std::string name, std::string kind, int count);
// Where feeds are staged; 0: those of what is no session.
Result<std::vector<NamedTensor>*> FeedsOf(int session);
// Puts `tensor` among the staged feeds.
Status AddFeed(int session, std::string name, Result<Tensor> tensor);
val Run(int session, int stream, val outputs, bool time_steps);
val OpenStream(int session, val state);
val ResetStream(int session, int stream);
val UndoStream(int session, int stream);
void CloseStream(int session, int stream);
val Profile(int session, int runs);
val Sampled(int session);
void Clear(int session);
val Explain(int session);
void DisposeSession(int session);
val Operators();

}  // namespace insitu::bindings
