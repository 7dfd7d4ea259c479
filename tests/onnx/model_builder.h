// Small ONNX models made in code, for the tests of the importer.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <initializer_list>
#include <string>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "ir/text.h"
#include "onnx-ml.pb.h"
#include "onnx/import.h"

namespace insitu::test {

using DimSpec = std::variant<int64_t, std::string>;  // "" has neither number nor name

inline ModelBytes ToBytes(const std::string& text) {
  auto buffer = std::make_shared<Buffer>(*Buffer::Copy(text.data(), text.size()));
  return {std::span<const std::byte>(buffer->data(), buffer->size()), buffer};
}

inline onnx::TensorProto FloatTensor(std::string name, std::vector<int64_t> dims,
                                     std::vector<float> values) {
  onnx::TensorProto tensor;
  tensor.set_name(std::move(name));
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.mutable_dims()->Add(dims.begin(), dims.end());
  tensor.mutable_float_data()->Add(values.begin(), values.end());
  return tensor;
}

inline onnx::TensorProto IntTensor(std::string name, std::vector<int64_t> values) {
  onnx::TensorProto tensor;
  tensor.set_name(std::move(name));
  tensor.set_data_type(onnx::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  tensor.mutable_int64_data()->Add(values.begin(), values.end());
  return tensor;
}

class ModelBuilder {
 public:
  explicit ModelBuilder(int64_t opset = 17) {
    model.set_ir_version(8);
    auto* import = model.add_opset_import();
    import->set_domain("");
    import->set_version(opset);
    model.mutable_graph()->set_name("g");
  }

  ModelBuilder& Input(const std::string& name, std::vector<DimSpec> dims,
                      int type = onnx::TensorProto::FLOAT) {
    FillType(*graph().add_input(), name, dims, type);
    return *this;
  }
  ModelBuilder& Output(const std::string& name) {
    graph().add_output()->set_name(name);
    return *this;
  }
  ModelBuilder& Initializer(onnx::TensorProto tensor) {
    *graph().add_initializer() = std::move(tensor);
    return *this;
  }
  ModelBuilder& Node(const std::string& op, std::vector<std::string> inputs,
                     std::vector<std::string> outputs, const std::string& name = "") {
    onnx::NodeProto& node = *graph().add_node();
    node.set_op_type(op);
    for (auto& input : inputs) node.add_input(std::move(input));
    for (auto& output : outputs) node.add_output(std::move(output));
    if (!name.empty()) node.set_name(name);
    return *this;
  }
  // Attributes of the node added last.
  ModelBuilder& Int(const std::string& name, int64_t value) {
    Attribute(name, onnx::AttributeProto::INT)->set_i(value);
    return *this;
  }
  ModelBuilder& Float(const std::string& name, float value) {
    Attribute(name, onnx::AttributeProto::FLOAT)->set_f(value);
    return *this;
  }
  ModelBuilder& Text(const std::string& name, const std::string& value) {
    Attribute(name, onnx::AttributeProto::STRING)->set_s(value);
    return *this;
  }
  ModelBuilder& Ints(const std::string& name, std::vector<int64_t> values) {
    Attribute(name, onnx::AttributeProto::INTS)->mutable_ints()->Add(values.begin(), values.end());
    return *this;
  }
  ModelBuilder& Floats(const std::string& name, std::vector<float> values) {
    Attribute(name, onnx::AttributeProto::FLOATS)
        ->mutable_floats()
        ->Add(values.begin(), values.end());
    return *this;
  }
  onnx::AttributeProto* Attribute(const std::string& name,
                                  onnx::AttributeProto::AttributeType type) {
    auto* attribute = last().add_attribute();
    attribute->set_name(name);
    attribute->set_type(type);
    return attribute;
  }

  // The node added last.
  onnx::NodeProto& last() { return *graph().mutable_node(graph().node_size() - 1); }
  onnx::GraphProto& graph() { return *model.mutable_graph(); }
  std::string Bytes() const { return model.SerializeAsString(); }
  Result<ImportedModel> Import(const ImportOptions& options = {}) const {
    return ImportModel(ToBytes(Bytes()), options);
  }
  // The imported graph in text form.
  std::string Printed() const {
    auto imported = Import();
    if (!imported) return ToString(imported.error());
    PrintOptions options;
    options.types = false;
    return Print(imported->graph, options);
  }
  Error Failure(const ImportOptions& options = {}) const {
    auto imported = Import(options);
    REQUIRE_FALSE(imported);
    CHECK_FALSE(imported.error().message.empty());
    return imported.error();
  }

  onnx::ModelProto model;

 private:
  static void FillType(onnx::ValueInfoProto& info, const std::string& name,
                       const std::vector<DimSpec>& dims, int type) {
    info.set_name(name);
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape();
    for (const DimSpec& spec : dims) {
      auto* dim = tensor->mutable_shape()->add_dim();
      if (const auto* number = std::get_if<int64_t>(&spec)) dim->set_dim_value(*number);
      const auto* symbol = std::get_if<std::string>(&spec);
      if (symbol && !symbol->empty()) dim->set_dim_param(*symbol);
    }
  }
};

// x -> Relu -> Add(w) -> y
inline ModelBuilder SmallModel() {
  ModelBuilder builder;
  builder.Input("x", {"batch", int64_t{2}})
      .Initializer(FloatTensor("w", {2}, {1, 2}))
      .Node("Relu", {"x"}, {"a"}, "relu")
      .Node("Add", {"a", "w"}, {"y"}, "add")
      .Output("y");
  return builder;
}

}  // namespace insitu::test
