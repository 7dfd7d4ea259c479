// Stage, Run, Profile, Explain: the calls about one loaded session.
// Invariant: staged feeds and results live until Clear, so their pointers stay good in between.
#include "sessions.h"

#include <utility>

#include "instance.h"

namespace insitu::bindings {

Result<std::vector<NamedTensor>*> FeedsOf(int session) {
  if (session == 0) return &TheInstance().feeds;
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  return &loaded->feeds;
}

Status AddFeed(int session, std::string name, Result<Tensor> tensor) {
  INSITU_ASSIGN(std::vector<NamedTensor> * feeds, FeedsOf(session));
  if (!tensor) return std::unexpected(std::move(tensor).error().At(name, {}));
  feeds->push_back({std::move(name), *std::move(tensor)});
  return {};
}

namespace {

Result<double> StageBytes(int session, std::string name, const std::string& dtype_name,
                          const val& js_dims, double byte_length) {
  const std::optional<DType> dtype = ParseDType(dtype_name);
  if (!dtype || !HasBytes(*dtype)) {
    return Fail(ErrorCode::kInvalidArgument, "'" + dtype_name + "' is no dtype of numbers",
                "Use a dtype that docs/api.md lists.");
  }
  INSITU_ASSIGN(Dims dims, ToDims(js_dims));
  INSITU_ASSIGN(const int64_t elements, Elements(dims));
  if (static_cast<double>(ByteSize(*dtype, elements)) != byte_length) {
    return Fail(ErrorCode::kShapeMismatch,
                "the data of '" + name + "' are not " + ToString(dims) + " of " + dtype_name,
                "Pass the dims that belong to the data.");
  }
  Result<Tensor> tensor = Tensor::Allocate(*dtype, std::move(dims));
  const double pointer = tensor ? ToNumber(tensor->data()) : 0;
  INSITU_TRY(AddFeed(session, std::move(name), std::move(tensor)));
  return pointer;
}

Status StageText(int session, std::string name, const val& js_dims, const val& strings) {
  INSITU_ASSIGN(Dims dims, ToDims(js_dims));
  return AddFeed(session, std::move(name),
                 Tensor::FromStrings(std::move(dims), ToStrings(strings)));
}

Status StageLast(int session, std::string name, const std::string& kind_name, int count) {
  INSITU_ASSIGN(std::vector<NamedTensor> * feeds, FeedsOf(session));
  const std::optional<DType> kind = ParseDType(kind_name);
  const auto staged = static_cast<int>(feeds->size());
  if (!(kind == DType::kSequence || (kind == DType::kOptional && count <= 1)) || count < 0 ||
      count > staged)
    return Fail(ErrorCode::kInvalidArgument,
                "no " + kind_name + " can be made of " + std::to_string(count) + " values");
  std::vector<Tensor> items;
  for (int i = staged - count; i < staged; ++i)
    items.push_back(std::move((*feeds)[static_cast<size_t>(i)].tensor));
  feeds->resize(static_cast<size_t>(staged - count));
  return AddFeed(session, std::move(name),
                 kind == DType::kSequence ? Tensor::Sequence(std::move(items))
                                          : Tensor::Optional(std::move(items)));
}

Result<val> RunStaged(int session, int stream, const val& outputs, bool time_steps) {
  Instance& instance = TheInstance();
  INSITU_ASSIGN(LoadedSession * loaded, instance.sessions.Find(session));
  SessionRunOptions options;
  options.cancel = &instance.cancel;
  options.outputs = ToStrings(outputs);
  options.time_steps = time_steps;
  if (stream == 0) {
    INSITU_ASSIGN(loaded->results, loaded->session->Run(loaded->feeds, options));
  } else {
    INSITU_ASSIGN(Stream * state, loaded->streams.Find(stream));
    INSITU_ASSIGN(loaded->results, state->Run(*loaded->session, loaded->feeds, options));
  }
  val results = val::array();
  for (const NamedTensor& result : loaded->results)
    results.call<void>("push", ToJs(result.name, result.tensor));
  return results;
}

Result<int> OpenStaged(int session, const val& state) {
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  std::vector<StateLink> links;
  for (const std::string& input : Keys(state))
    links.push_back({input, state[input].as<std::string>()});
  INSITU_ASSIGN(Stream stream, Stream::Open(*loaded->session, std::move(links), loaded->feeds));
  return loaded->streams.Add(std::make_unique<Stream>(std::move(stream)));
}

Result<Stream*> FindStream(int session, int stream) {
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  return loaded->streams.Find(stream);
}

val ToJs(std::span<const OperatorProfile> rows) {
  val array = val::array();
  for (const OperatorProfile& row : rows) {
    val fields = val::object();
    fields.set("name", row.name);
    fields.set("op", row.op);
    fields.set("backend", row.backend);
    fields.set("calls", static_cast<double>(row.calls));
    fields.set("totalMs", row.total_ms);
    fields.set("share", row.share);
    array.call<void>("push", fields);
  }
  return array;
}

Result<val> ProfileStaged(int session, int runs) {
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  INSITU_ASSIGN(const std::vector<OperatorProfile> rows,
                loaded->session->Profile(loaded->feeds, runs));
  return ToJs(rows);
}

Result<val> ExplainSession(int session) {
  INSITU_ASSIGN(LoadedSession * loaded, TheInstance().sessions.Find(session));
  val array = val::array();
  for (const ExplainRow& row : loaded->session->Explain()) {
    val fields = val::object();
    fields.set("node", row.node);
    fields.set("op", row.op);
    fields.set("on", row.on);
    if (!row.why.empty()) fields.set("why", row.why);
    fields.set("bytes", static_cast<double>(row.bytes));
    array.call<void>("push", fields);
  }
  return array;
}

}  // namespace

val Stage(int session, std::string name, std::string dtype, val dims, double byte_length) {
  return Answer(StageBytes(session, std::move(name), dtype, dims, byte_length));
}

val StageStrings(int session, std::string name, val dims, val strings) {
  return Answer(StageText(session, std::move(name), dims, strings));
}

val StageGroup(int session, std::string name, std::string kind, int count) {
  return Answer(StageLast(session, std::move(name), kind, count));
}

val Run(int session, int stream, val outputs, bool time_steps) {
  return Answer(RunStaged(session, stream, outputs, time_steps));
}

val OpenStream(int session, val state) { return Answer(OpenStaged(session, state)); }

val ResetStream(int session, int stream) {
  return Answer(FindStream(session, stream).transform([](Stream* state) { state->Reset(); }));
}

val UndoStream(int session, int stream) {
  return Answer(FindStream(session, stream).transform([](Stream* state) { state->Undo(); }));
}

void CloseStream(int session, int stream) {
  if (auto loaded = TheInstance().sessions.Find(session)) (*loaded)->streams.Erase(stream);
}

val Profile(int session, int runs) { return Answer(ProfileStaged(session, runs)); }

val Sampled(int session) {
  const auto loaded = TheInstance().sessions.Find(session);
  return loaded ? Ok(ToJs((*loaded)->session->Sampled())) : Failed(loaded.error());
}

val Explain(int session) { return Answer(ExplainSession(session)); }

void Clear(int session) {
  if (auto feeds = FeedsOf(session)) (*feeds)->clear();
  if (auto loaded = TheInstance().sessions.Find(session)) (*loaded)->results.clear();
}

void DisposeSession(int session) { TheInstance().sessions.Erase(session); }

}  // namespace insitu::bindings
