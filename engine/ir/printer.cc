// Print: a graph in the text form of ir/text.h.
// Invariant: only what live nodes and outputs use is printed, so two graphs that compute the same
// in the same way print the same however they came to be.
#include <algorithm>
#include <cctype>

#include "ir/literal.h"
#include "ir/text.h"

namespace insitu {
namespace {

bool IsWord(std::string_view name) {
  constexpr std::string_view kKeywords[] = {"_", "input", "output", "const", "metadata", "..."};
  if (name.empty() || std::ranges::find(kKeywords, name) != std::end(kKeywords)) return false;
  return std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '/' || c == '-';
  });
}

std::string NameText(std::string_view name) {
  return IsWord(name) ? std::string(name) : Quote(name, '\'');
}

class Printer {
 public:
  Printer(const Graph& graph, const PrintOptions& options) : graph_(graph), options_(options) {}

  std::string Text(const std::string& indent) {
    std::string text = "graph " + NameText(graph_.name) + " {\n";
    const std::string inner = indent + "  ";
    for (const auto& [key, value] : graph_.metadata)
      text += inner + "metadata " + Quote(key, '"') + " = " + Quote(value, '"') + "\n";
    for (ValueId id : graph_.inputs) text += inner + "input " + Typed(id, true) + "\n";
    for (ValueId id : UsedConstants()) {
      const Tensor& tensor = *graph_.value(id).constant;
      text += inner + "const " + NameText(graph_.value(id).name) + ": " + TensorText(tensor) + "\n";
    }
    for (NodeId id : graph_.Order()) text += inner + NodeText(graph_.node(id), inner) + "\n";
    for (ValueId id : graph_.outputs) text += inner + "output " + Reference(id) + "\n";
    return text + indent + "}";
  }

 private:
  std::string Reference(ValueId id) const {
    return id == kNoValue ? "_" : NameText(graph_.value(id).name);
  }

  std::string Typed(ValueId id, bool types) const {
    std::string text = Reference(id);
    if (id == kNoValue || !types) return text;
    const ValueType& type = graph_.value(id).type;
    if (type.dtype == DType::kUndefined && !type.shape) return text;
    text += ": " + std::string(Name(type.dtype));
    return type.shape ? text + ToString(*type.shape) : text;
  }

  std::string TensorText(const Tensor& tensor) const {
    return std::string(Name(tensor.dtype())) + ToString(std::span(tensor.dims())) + " = " +
           ElementsText(tensor, options_.max_constant_elements);
  }

  std::vector<ValueId> UsedConstants() const {
    std::vector<bool> used(graph_.value_count());
    for (NodeId id : graph_.Order())
      for (ValueId input : graph_.node(id).inputs)
        if (input != kNoValue) used[static_cast<size_t>(input)] = true;
    for (ValueId id : graph_.outputs) used[static_cast<size_t>(id)] = true;
    std::vector<ValueId> constants;
    for (size_t i = 0; i < used.size(); ++i)
      if (used[i] && graph_.IsConstant(static_cast<ValueId>(i)))
        constants.push_back(static_cast<ValueId>(i));
    return constants;
  }

  std::string NodeText(const Node& node, const std::string& indent) const {
    std::string text;
    for (size_t i = 0; i < node.outputs.size(); ++i)
      text += (i ? ", " : "") + Typed(node.outputs[i], options_.types);
    text += " = " + NameText(node.domain.empty() ? node.op : node.domain + "." + node.op) + "(";
    for (size_t i = 0; i < node.inputs.size(); ++i)
      text += (i ? ", " : "") + Reference(node.inputs[i]);
    text += ")";
    std::string attributes;
    for (const auto& [name, attribute] : node.attributes) {
      attributes +=
          (attributes.empty() ? "" : ", ") + NameText(name) + "=" +
          std::visit([&](const auto& value) { return ValueText(value, indent); }, attribute);
    }
    if (!attributes.empty()) text += " {" + attributes + "}";
    if (!node.name.empty()) text += " " + Quote(node.name, '"');
    return text;
  }

  std::string ValueText(int64_t value, const std::string&) const { return std::to_string(value); }
  std::string ValueText(float value, const std::string&) const { return FloatText(value, true); }
  std::string ValueText(const std::string& value, const std::string&) const {
    return Quote(value, '"');
  }
  std::string ValueText(const Tensor& tensor, const std::string&) const {
    return "tensor(" + TensorText(tensor) + ")";
  }
  std::string ValueText(const std::shared_ptr<Graph>& graph, const std::string& indent) const {
    return Printer(*graph, options_).Text(indent);
  }
  template <class T>
  std::string ValueText(const std::vector<T>& values, const std::string& indent) const {
    std::string text = "[";
    if (values.empty() && std::is_same_v<T, float>) text = "floats[";
    if (values.empty() && std::is_same_v<T, std::string>) text = "strings[";
    for (size_t i = 0; i < values.size(); ++i)
      text += (i ? "," : "") + ValueText(values[i], indent);
    return text + "]";
  }

  const Graph& graph_;
  const PrintOptions& options_;
};

}  // namespace

std::string Print(const Graph& graph, const PrintOptions& options) {
  return Printer(graph, options).Text("") + "\n";
}

}  // namespace insitu
