// The executor's loop, plain and timed.
#include "exec/executor.h"

#include <cstring>
#include <utility>

#include "exec/reference/reference.h"

namespace insitu {

Status Executor::Bind(const Program& program, const Plan& plan, std::span<const Fact> facts,
                      std::span<TensorView> outputs) {
  if (arena_.size() < plan.arena_bytes()) {
    arena_ = Buffer();
    INSITU_ASSIGN(arena_, Buffer::Allocate(plan.arena_bytes()));
  }
  addresses_.assign(plan.values().size(), nullptr);
  for (size_t i = 0; i < plan.values().size(); ++i) {
    const PlannedValue& value = plan.values()[i];
    switch (value.placement) {
      case Placement::kArena:
        addresses_[i] = arena_.data() + value.offset;
        break;
      case Placement::kOutput:
        addresses_[i] = outputs[value.offset].data;
        break;
      case Placement::kConstant:
        addresses_[i] = const_cast<std::byte*>(value.constant.data());
        break;
      case Placement::kInput:
      case Placement::kNone:
        break;
    }
  }
  for (const Fact& fact : facts) addresses_[static_cast<size_t>(fact.id)] = fact.view.data;
  for (const PlannedStep& planned : plan.steps()) {
    const Step& step = program.steps()[planned.step];
    if (!step.alias) continue;
    const Node& node = program.graph().node(step.node);
    addresses_[static_cast<size_t>(node.outputs.front())] =
        addresses_[static_cast<size_t>(node.inputs[step.operands.front()])];
  }
  return {};
}

TensorView Executor::ViewOf(const Plan& plan, ValueId id) const {
  if (id == kNoValue) return {};
  const PlannedValue& value = plan.values()[static_cast<size_t>(id)];
  return {value.dtype, value.dims, addresses_[static_cast<size_t>(id)], nullptr};
}

Status Executor::RunStep(Program& program, const Plan& plan, const PlannedStep& planned) {
  Step& step = program.steps()[planned.step];
  const Node& node = program.graph().node(step.node);
  if (step.kernel) {
    kernel_inputs_.clear();
    kernel_outputs_.clear();
    for (size_t operand : step.operands)
      kernel_inputs_.push_back(addresses_[static_cast<size_t>(node.inputs[operand])]);
    for (ValueId id : node.outputs)
      if (id != kNoValue) kernel_outputs_.push_back(addresses_[static_cast<size_t>(id)]);
    Status status =
        step.kernel->Run(kernel_inputs_, kernel_outputs_, arena_.data() + plan.scratch_offset());
    if (!status) return std::unexpected(std::move(status.error()).At(node.name, node.op));
    return {};
  }
  std::vector<TensorView> inputs, outputs;
  for (ValueId id : node.inputs) inputs.push_back(ViewOf(plan, id));
  for (ValueId id : node.outputs) outputs.push_back(ViewOf(plan, id));
  return RunReference(*step.def, node, inputs, outputs);
}

Status Executor::Run(Program& program, const Plan& plan, std::span<const Fact> facts,
                     std::span<TensorView> outputs, const ExecuteOptions& options) {
  INSITU_TRY(Bind(program, plan, facts, outputs));
  for (const PlannedStep& planned : plan.steps()) {
    if (program.steps()[planned.step].alias) continue;
    INSITU_TRY(options.Around(planned.step, [&] { return RunStep(program, plan, planned); }));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::byte* source = addresses_[static_cast<size_t>(plan.outputs()[i])];
    if (source != outputs[i].data && outputs[i].size_bytes() > 0)
      std::memcpy(outputs[i].data, source, outputs[i].size_bytes());
  }
  return {};
}

}  // namespace insitu
