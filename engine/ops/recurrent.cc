// Walking time. Layout 0 has X [T, N, I], Y [T, D, N, H] and states [D, N, H]; layout 1 has
// X [N, T, I], Y [N, T, D, H] and states [N, D, H].
#include "ops/recurrent.h"

#include <algorithm>
#include <cstring>

#include "ops/infer_util.h"
#include "ops/widen.h"

namespace insitu {
namespace {

// Directions, and whether the first one runs backwards.
Result<std::pair<int64_t, bool>> Directions(const Node& node) {
  const std::string direction = node.Attr<std::string>("direction", "forward");
  if (direction == "forward") return std::pair(int64_t{1}, false);
  if (direction == "reverse") return std::pair(int64_t{1}, true);
  if (direction == "bidirectional") return std::pair(int64_t{2}, false);
  return Fail(ErrorCode::kInvalidModel, "attribute direction is '" + direction + "'",
              "It must be 'forward', 'reverse' or 'bidirectional'.");
}

bool IsBatchFirst(const Node& node) { return node.Attr<int64_t>("layout", 0) != 0; }

// The three orders of extents that layouts decide.
template <class T>
std::vector<T> OutputDims(bool batch_first, const T& sequence, const T& directions, const T& batch,
                          const T& hidden) {
  return batch_first ? std::vector<T>{batch, sequence, directions, hidden}
                     : std::vector<T>{sequence, directions, batch, hidden};
}
template <class T>
std::vector<T> StateDims(bool batch_first, const T& directions, const T& batch, const T& hidden) {
  return batch_first ? std::vector<T>{batch, directions, hidden}
                     : std::vector<T>{directions, batch, hidden};
}

Status CheckDims(const RunContext& context, size_t i, std::string_view what, const Dims& expected) {
  if (!context.HasInput(i) || context.inputs[i].dims == expected) return {};
  return Fail(ErrorCode::kShapeMismatch, std::string(what) + " has dims " +
                                             ToString(context.inputs[i].dims) + "; " +
                                             ToString(expected) + " are needed");
}

// How many steps every batch entry has.
Result<std::vector<int64_t>> Lengths(const RunContext& context, const RecurrentGeometry& g) {
  constexpr int64_t kMostEntries = int64_t{1} << 24;
  if (g.batch > kMostEntries)
    return Fail(ErrorCode::kLimitExceeded,
                "a batch of " + std::to_string(g.batch) + " sequences is more than " +
                    std::to_string(kMostEntries),
                "Use a smaller batch.");
  std::vector<int64_t> lengths(static_cast<size_t>(g.batch), g.sequence);
  if (!context.HasInput(kLengths)) return lengths;
  LoadElements(context.inputs[kLengths], 0, 1, g.batch, lengths.data());
  for (int64_t length : lengths)
    if (length < 0 || length > g.sequence)
      return Fail(ErrorCode::kInvalidArgument, "a sequence length is " + std::to_string(length) +
                                                   "; the input has " + std::to_string(g.sequence) +
                                                   " steps");
  return lengths;
}

Result<Tensor> Doubles(Dims dims) {
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(DType::kFloat64, std::move(dims)));
  std::memset(tensor.data(), 0, tensor.size_bytes());
  return tensor;
}

template <class T>
double Dot(const double* a, const T* b, int64_t count) {
  double sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4)
    for (int64_t k = 0; k < 4; ++k) sums[k] += a[i + k] * static_cast<double>(b[i + k]);
  for (; i < count; ++i) sums[0] += a[i] * static_cast<double>(b[i]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// The states and work space of one direction.
struct Workspace {
  Tensor x, gates, scratch, h, c, packed_h, packed_c, bias, peepholes;
};

Result<Workspace> MakeWorkspace(const RecurrentGeometry& g) {
  Workspace w;
  INSITU_ASSIGN(w.x, Doubles({g.batch, g.input}));
  INSITU_ASSIGN(w.gates, Doubles({g.batch, g.gate_width}));
  INSITU_ASSIGN(w.scratch, Doubles({g.batch, g.gate_width}));
  for (Tensor* state : {&w.h, &w.c, &w.packed_h, &w.packed_c}) {
    INSITU_ASSIGN(*state, Doubles({g.batch, g.hidden}));
  }
  INSITU_ASSIGN(w.bias, Doubles({2 * g.gate_width}));
  INSITU_ASSIGN(w.peepholes, Doubles({3 * g.hidden}));
  return w;
}

class Recurrence {
 public:
  Recurrence(RunContext& context, const RecurrentKind& kind, const RecurrentGeometry& g,
             const AddProducts& add)
      : context_(context), kind_(kind), g_(g), add_(add) {}

  Status Run() {
    const DType dtype = context_.inputs[kX].dtype;
    const Dims y_dims = OutputDims(g_.batch_first, g_.sequence, g_.directions, g_.batch, g_.hidden);
    const Dims state_dims = StateDims(g_.batch_first, g_.directions, g_.batch, g_.hidden);
    for (size_t i = 0; i < (kind_.has_cell ? 3u : 2u); ++i) {
      if (!WantsOutput(context_, i)) continue;
      INSITU_ASSIGN(outputs_[i], RunOutput(context_, i, dtype, i == 0 ? y_dims : state_dims));
    }
    if (ElementsUnchecked(y_dims) == 0 && ElementsUnchecked(state_dims) == 0) return {};
    INSITU_ASSIGN(lengths_, Lengths(context_, g_));
    INSITU_ASSIGN(activations_, ReadCellActivations(context_.node, kind_.activations,
                                                    static_cast<size_t>(g_.directions)));
    INSITU_ASSIGN(w_, MakeWorkspace(g_));
    if (outputs_[0].data) std::memset(outputs_[0].data, 0, outputs_[0].size_bytes());
    for (int64_t direction = 0; direction < g_.directions; ++direction) RunDirection(direction);
    return {};
  }

 private:
  int64_t StateAt(int64_t direction, int64_t batch) const {
    return (g_.batch_first ? batch * g_.directions + direction : direction * g_.batch + batch) *
           g_.hidden;
  }

  void LoadState(size_t input, int64_t direction, Tensor& state) {
    if (!context_.HasInput(input)) {
      std::memset(state.data(), 0, state.size_bytes());
      return;
    }
    for (int64_t n = 0; n < g_.batch; ++n)
      LoadElements(context_.inputs[input], StateAt(direction, n), 1, g_.hidden,
                   state.As<double>().data() + n * g_.hidden);
  }

  void StoreState(size_t output, int64_t direction, const Tensor& state) {
    if (!outputs_[output].data) return;
    const std::vector<double> zeros(static_cast<size_t>(g_.hidden));
    for (int64_t n = 0; n < g_.batch; ++n) {
      const bool ran = lengths_[static_cast<size_t>(n)] > 0;
      StoreElements(ran ? state.As<double>().data() + n * g_.hidden : zeros.data(), g_.hidden,
                    outputs_[output], StateAt(direction, n));
    }
  }

  void LoadParameters(int64_t direction) {
    const int64_t biases = 2 * g_.gate_width, peepholes = 3 * g_.hidden;
    if (context_.HasInput(kB))
      LoadElements(context_.inputs[kB], direction * biases, 1, biases, w_.bias.As<double>().data());
    if (kind_.has_cell && context_.HasInput(kPeepholes))
      LoadElements(context_.inputs[kPeepholes], direction * peepholes, 1, peepholes,
                   w_.peepholes.As<double>().data());
  }

  void RunDirection(int64_t direction) {
    const bool backwards = g_.reverse || direction == 1;
    LoadParameters(direction);
    LoadState(kInitialH, direction, w_.h);
    if (kind_.has_cell) LoadState(kInitialC, direction, w_.c);
    const int64_t longest = *std::ranges::max_element(lengths_);
    for (int64_t step = 0; step < longest; ++step) RunStep(direction, step, backwards);
    StoreState(1, direction, w_.h);
    if (kind_.has_cell) StoreState(2, direction, w_.c);
  }

  // Calls f(batch entry, its place in time) for the entries that have such a step.
  template <class F>
  int64_t ForEachActive(int64_t step, bool backwards, F&& f) const {
    int64_t rows = 0;
    for (int64_t n = 0; n < g_.batch; ++n) {
      const int64_t length = lengths_[static_cast<size_t>(n)];
      if (step < length) f(rows++, n, backwards ? length - 1 - step : step);
    }
    return rows;
  }

  void RunStep(int64_t direction, int64_t step, bool backwards) {
    const size_t state_bytes = static_cast<size_t>(g_.hidden) * sizeof(double);
    double *x = w_.x.As<double>().data(), *gates = w_.gates.As<double>().data();
    double *h = w_.h.As<double>().data(), *c = w_.c.As<double>().data();
    double *packed_h = w_.packed_h.As<double>().data(), *packed_c = w_.packed_c.As<double>().data();
    const double* bias = w_.bias.As<double>().data();

    CellStep cell;
    cell.rows = ForEachActive(step, backwards, [&](int64_t row, int64_t n, int64_t time) {
      const int64_t at = g_.batch_first ? n * g_.sequence + time : time * g_.batch + n;
      LoadElements(context_.inputs[kX], at * g_.input, 1, g_.input, x + row * g_.input);
      std::memcpy(packed_h + row * g_.hidden, h + n * g_.hidden, state_bytes);
      std::memcpy(packed_c + row * g_.hidden, c + n * g_.hidden, state_bytes);
      std::copy_n(bias, g_.gate_width, gates + row * g_.gate_width);
    });
    add_(direction, false, x, cell.rows, g_.input, 0, g_.gate_width, gates);
    cell.hidden = g_.hidden;
    cell.gate_width = g_.gate_width;
    cell.gates = gates;
    cell.scratch = w_.scratch.As<double>().data();
    cell.h = packed_h;
    cell.c = packed_c;
    if (kind_.has_cell && context_.HasInput(kPeepholes))
      cell.peepholes = w_.peepholes.As<double>().data();
    const size_t functions = kind_.activations.size();
    cell.activations =
        std::span(activations_).subspan(static_cast<size_t>(direction) * functions, functions);
    cell.recur = [&](const double* state, int64_t first, int64_t columns, double* out) {
      for (int64_t row = 0; row < cell.rows; ++row)
        for (int64_t j = first; j < first + columns; ++j)
          out[row * g_.gate_width + j] += bias[g_.gate_width + j];
      add_(direction, true, state, cell.rows, g_.hidden, first, columns, out);
    };
    kind_.step(context_.node, cell);

    ForEachActive(step, backwards, [&](int64_t row, int64_t n, int64_t time) {
      const double* state = packed_h + row * g_.hidden;
      std::memcpy(h + n * g_.hidden, state, state_bytes);
      std::memcpy(c + n * g_.hidden, packed_c + row * g_.hidden, state_bytes);
      if (!outputs_[0].data) return;
      const int64_t at = g_.batch_first ? (n * g_.sequence + time) * g_.directions + direction
                                        : (time * g_.directions + direction) * g_.batch + n;
      StoreElements(state, g_.hidden, outputs_[0], at * g_.hidden);
    });
  }

  RunContext& context_;
  const RecurrentKind& kind_;
  const RecurrentGeometry& g_;
  const AddProducts& add_;
  TensorView outputs_[3];
  std::vector<int64_t> lengths_;
  std::vector<CellActivation> activations_;
  Workspace w_;
};

}  // namespace

Status InferRecurrent(InferContext& context, const RecurrentKind& kind) {
  INSITU_ASSIGN(const auto direction, Directions(context.node()));
  INSITU_TRY(
      ReadCellActivations(context.node(), kind.activations, static_cast<size_t>(direction.first)));
  INSITU_TRY(RequireType(context, kX, kFloatTypes));
  for (size_t i : {kB, kInitialH, kInitialC, kPeepholes})
    INSITU_TRY(RequireSameType(context, kX, i));
  INSITU_TRY(RequireType(context, kLengths, {DType::kInt32}));
  const bool batch_first = IsBatchFirst(context.node());
  Dim sequence, batch, hidden;
  if (const Shape* x = context.shape(kX)) {
    if (x->size() != 3)
      return Fail(ErrorCode::kShapeMismatch,
                  "the input " + context.Describe(kX) + " does not have three axes");
    sequence = (*x)[batch_first ? 1 : 0];
    batch = (*x)[batch_first ? 0 : 1];
  }
  if (const Shape* r = context.shape(kR)) {
    if (r->size() != 3)
      return Fail(ErrorCode::kShapeMismatch,
                  "the weights " + context.Describe(kR) + " do not have three axes");
    hidden = (*r)[kind.weights_transposed ? 1 : 2];
  }
  if (!hidden.IsKnown() && context.node().Has("hidden_size"))
    hidden = context.node().Attr<int64_t>("hidden_size", 0);
  const DType dtype = context.dtype(kX);
  const Dim directions = direction.first;
  context.SetOutput(0, dtype, OutputDims(batch_first, sequence, directions, batch, hidden));
  for (size_t i : {1, 2})
    context.SetOutput(i, dtype, StateDims(batch_first, directions, batch, hidden));
  return {};
}

Result<RecurrentGeometry> ReadRecurrentGeometry(const RunContext& context,
                                                const RecurrentKind& kind) {
  const TensorView &x = context.inputs[kX], &r = context.inputs[kR];
  if (x.dims.size() != 3 || r.dims.size() != 3)
    return Fail(ErrorCode::kShapeMismatch, "X, W and R must have three axes each");
  INSITU_ASSIGN(const auto direction, Directions(context.node));
  RecurrentGeometry g;
  g.directions = direction.first;
  g.reverse = direction.second;
  g.batch_first = IsBatchFirst(context.node);
  g.sequence = x.dims[g.batch_first ? 1 : 0];
  g.batch = x.dims[g.batch_first ? 0 : 1];
  g.input = x.dims[2];
  g.hidden = r.dims[kind.weights_transposed ? 1 : 2];
  const int64_t named = context.node.Attr<int64_t>("hidden_size", g.hidden);
  if (named != g.hidden)
    return Fail(ErrorCode::kShapeMismatch, "hidden_size is " + std::to_string(named) +
                                               ", but the weights are for " +
                                               std::to_string(g.hidden));
  INSITU_ASSIGN(g.gate_width, Elements(std::vector<int64_t>{kind.gates, g.hidden}));
  INSITU_TRY(Elements(std::vector<int64_t>{g.sequence, g.directions, g.batch, g.gate_width}));

  const auto weights = [&](int64_t depth) {
    return kind.weights_transposed ? Dims{g.directions, depth, g.gate_width}
                                   : Dims{g.directions, g.gate_width, depth};
  };
  INSITU_TRY(CheckDims(context, kW, "W", weights(g.input)));
  INSITU_TRY(CheckDims(context, kR, "R", weights(g.hidden)));
  INSITU_TRY(CheckDims(context, kB, "B", {g.directions, 2 * g.gate_width}));
  INSITU_TRY(CheckDims(context, kLengths, "sequence_lens", {g.batch}));
  const Dims state = StateDims(g.batch_first, g.directions, g.batch, g.hidden);
  INSITU_TRY(CheckDims(context, kInitialH, "initial_h", state));
  if (!kind.has_cell) return g;
  INSITU_TRY(CheckDims(context, kInitialC, "initial_c", state));
  INSITU_TRY(CheckDims(context, kPeepholes, "P", {g.directions, 3 * g.hidden}));
  return g;
}

Status RunRecurrent(RunContext& context, const RecurrentKind& kind, const RecurrentGeometry& g,
                    const AddProducts& add) {
  return Recurrence(context, kind, g, add).Run();
}

Status RunRecurrent(RunContext& context, const RecurrentKind& kind) {
  INSITU_ASSIGN(const RecurrentGeometry g, ReadRecurrentGeometry(context, kind));
  const auto run = [&]<class T>(const T* w, const T* r) {
    const auto add = [&](int64_t direction, bool recurrent, const double* rows, int64_t count,
                         int64_t depth, int64_t first, int64_t columns, double* out) {
      const T* weights = (recurrent ? r : w) + direction * g.gate_width * depth;
      for (int64_t j = first; j < first + columns; ++j)
        for (int64_t row = 0; row < count; ++row)
          out[row * g.gate_width + j] += Dot(rows + row * depth, weights + j * depth, depth);
    };
    return RunRecurrent(context, kind, g, add);
  };
  const TensorView &w = context.inputs[kW], &r = context.inputs[kR];
  if (w.dtype == DType::kFloat32) return run(w.As<float>().data(), r.As<float>().data());
  INSITU_ASSIGN(const Tensor wide_w, Widened(w));
  INSITU_ASSIGN(const Tensor wide_r, Widened(r));
  return run(wide_w.As<double>().data(), wide_r.As<double>().data());
}

}  // namespace insitu
