// The frame of LSTM, GRU, RNN and their quantized forms: directions, layouts, sequence lengths,
// states and outputs. An operator adds the step of its cell, and says how rows meet weights.
// Invariant: everything is computed in double, one time step of all batch entries that still have
// one at a time. A sequence of length 0 ends in a state of zeros.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "ops/cell_activation.h"
#include "ops/op_def.h"

namespace insitu {

enum RecurrentInput : size_t { kX, kW, kR, kB, kLengths, kInitialH, kInitialC, kPeepholes };

struct RecurrentGeometry {
  int64_t sequence = 0, batch = 0, input = 0, hidden = 0, directions = 1;
  int64_t gate_width = 0;  // gates * hidden
  bool reverse = false;    // the first direction runs backwards
  bool batch_first = false;
};

// One time step of `rows` batch entries.
struct CellStep {
  int64_t rows = 0, hidden = 0, gate_width = 0;
  double* gates = nullptr;            // [rows, gate_width]: x W^T + Wb
  double* scratch = nullptr;          // [rows, gate_width]
  double* h = nullptr;                // [rows, hidden]: the state before, then after
  double* c = nullptr;                // the same of the cell, for LSTM
  const double* peepholes = nullptr;  // [3 * hidden], or nullptr
  std::span<const CellActivation> activations;
  // out[r, j] += state[r] . R[j] + Rb[j] for the gate columns j in [first, first + columns).
  std::function<void(const double* state, int64_t first, int64_t columns, double* out)> recur;
};

struct RecurrentKind {
  int64_t gates = 1;
  std::span<const std::string_view> activations;  // the defaults of one direction
  bool has_cell = false;
  bool weights_transposed = false;  // W is [D, input, gates * hidden], R alike
  void (*step)(const Node& node, CellStep& step) = nullptr;
};

// out[r, j] += rows[r] . weights[j] for the gate columns j in [first, first + columns); `depth`
// elements a row, weights W or R of one direction.
using AddProducts =
    std::function<void(int64_t direction, bool recurrent, const double* rows, int64_t count,
                       int64_t depth, int64_t first, int64_t columns, double* out)>;

// Types and shapes of the outputs, for inputs in the order of RecurrentInput.
Status InferRecurrent(InferContext& context, const RecurrentKind& kind);
Status RunRecurrent(RunContext& context, const RecurrentKind& kind);
// The geometry with every operand checked.
Result<RecurrentGeometry> ReadRecurrentGeometry(const RunContext& context,
                                                const RecurrentKind& kind);
Status RunRecurrent(RunContext& context, const RecurrentKind& kind, const RecurrentGeometry& g,
                    const AddProducts& add);

// One step of an LSTM, which DynamicQuantizeLSTM shares.
void LstmStep(const Node& node, CellStep& step);
inline constexpr std::string_view kLstmActivations[] = {"Sigmoid", "Tanh", "Tanh"};

}  // namespace insitu
