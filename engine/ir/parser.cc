// Parse: the text form of ir/text.h to a graph.
// Invariant: the result holds no reference to a name that the text does not define; nesting of
// graphs is bounded. Structure beyond that (order, cycles) is for Verify to judge.
#include <charconv>
#include <map>

#include "base/limits.h"
#include "ir/lexer.h"
#include "ir/literal.h"
#include "ir/text.h"

namespace insitu {
namespace {

using Token = Lexer::Token;

class Parser {
 public:
  Parser(Lexer& lexer, int depth) : lexer_(lexer), depth_(depth) {}

  Result<Graph> Whole() {
    if (depth_ > CurrentLimits().max_subgraph_depth)
      return lexer_.Error("graphs are nested too deeply", lexer_.at());
    INSITU_TRY(lexer_.Expect("graph"));
    INSITU_ASSIGN(graph_.name, lexer_.Name("the name of the graph"));
    INSITU_TRY(lexer_.Expect("{"));
    while (true) {
      INSITU_ASSIGN(const bool closed, lexer_.Accept("}"));
      if (closed) break;
      INSITU_TRY(Statement());
    }
    for (const auto& [name, entry] : values_)
      if (!entry.defined) return lexer_.Error("'" + name + "' is not defined", entry.at);
    return std::move(graph_);
  }

 private:
  struct Entry {
    ValueId id = kNoValue;
    bool defined = false;
    size_t at = 0;  // of the first use
  };

  Entry& Find(const std::string& name, size_t at) {
    Entry& entry = values_[name];
    if (entry.id == kNoValue) entry = {graph_.AddValue({name, {}, {}, {}}), false, at};
    return entry;
  }

  Result<ValueId> Define(const std::string& name, size_t at) {
    Entry& entry = Find(name, at);
    if (entry.defined) return lexer_.Error("'" + name + "' is defined twice", at);
    entry.defined = true;
    return entry.id;
  }

  Result<ValueType> Type() {
    INSITU_ASSIGN(const Token token, lexer_.Next());
    ValueType type;
    if (auto dtype = ParseDType(token.text)) {
      type.dtype = *dtype;
    } else if (token.text != "undefined") {
      return lexer_.Error("'" + token.text + "' is not an element type", token.at);
    }
    INSITU_ASSIGN(const bool ranked, lexer_.Accept("["));
    if (!ranked) return type;
    const size_t at = lexer_.at();
    INSITU_ASSIGN(const std::string_view raw, lexer_.RawUntilBracket());
    INSITU_ASSIGN(type.shape, ShapeOf(raw, at));
    return type;
  }

  Result<Shape> ShapeOf(std::string_view raw, size_t at) {
    Shape shape;
    size_t start = 0;
    int parentheses = 0;
    bool quoted = false;
    if (raw.find_first_not_of(' ') == std::string_view::npos) return shape;
    for (size_t i = 0; i <= raw.size(); ++i) {
      const char c = i < raw.size() ? raw[i] : ',';
      if (quoted && c == '\\') ++i;
      if (c == '\'') quoted = !quoted;
      if (!quoted) parentheses += (c == '(') - (c == ')');
      if (i < raw.size() && (c != ',' || parentheses > 0 || quoted)) continue;
      auto dim = Dim::Parse(raw.substr(start, i - start));
      if (!dim || (dim->IsKnown() && dim->value() < 0))
        return lexer_.Error("this extent cannot be read", at + start);
      shape.push_back(*std::move(dim));
      start = i + 1;
    }
    return shape;
  }

  // `type = splat(v)`, `type = [a, b]` or `type = random(seed)`.
  Result<Tensor> Literal() {
    const size_t at = lexer_.at();
    INSITU_ASSIGN(const ValueType type, Type());
    const auto dims = type.shape ? KnownDims(*type.shape) : std::nullopt;
    if (!dims || type.dtype == DType::kUndefined)
      return lexer_.Error("a constant needs an element type and extents that are numbers", at);
    INSITU_TRY(lexer_.Expect("="));
    INSITU_ASSIGN(const Token form, lexer_.Next());
    if (form.text == "...")
      return lexer_.Error("an elided constant cannot be read back; print it whole", form.at);
    const bool list = form.text == "[", splat = form.text == "splat";
    if (!list && !splat && form.text != "random")
      return lexer_.Error("expected splat(), random() or a list", form.at);
    if (!list) INSITU_TRY(lexer_.Expect("("));
    INSITU_ASSIGN(const std::vector<Token> tokens, ListUntil(list ? "]" : ")"));
    std::vector<std::string> words;
    for (const Token& token : tokens) words.push_back(token.text);
    auto tensor = list || splat ? ParseElements(type.dtype, *dims, words, splat)
                                : Random(type.dtype, *dims, words);
    if (!tensor) return lexer_.Error(tensor.error().message, form.at);
    return tensor;
  }

  static Result<Tensor> Random(DType dtype, const Dims& dims,
                               const std::vector<std::string>& words) {
    uint64_t seed = 0;
    const std::string& word = words.size() == 1 ? words[0] : std::string();
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), seed);
    if (error != std::errc() || end != word.data() + word.size())
      return Fail(ErrorCode::kInvalidArgument, "random() takes one number");
    return RandomElements(dtype, dims, seed);
  }

  Result<std::vector<Token>> ListUntil(std::string_view close) {
    std::vector<Token> tokens;
    INSITU_ASSIGN(bool closed, lexer_.Accept(close));
    while (!closed) {
      INSITU_ASSIGN(Token token, lexer_.Next());
      if (token.kind == Lexer::Kind::kEnd || token.kind == Lexer::Kind::kPunctuation)
        return lexer_.Error("expected an element", token.at);
      tokens.push_back(std::move(token));
      INSITU_ASSIGN(closed, lexer_.Accept(close));
      if (!closed) INSITU_TRY(lexer_.Expect(","));
    }
    return tokens;
  }

  Status Statement() {
    INSITU_ASSIGN(const Token token, lexer_.Peek());
    if (token.kind == Lexer::Kind::kWord) {
      if (token.text == "metadata") return Metadata();
      if (token.text == "input" || token.text == "const") return Definition(token.text == "input");
      if (token.text == "output") return Output();
    }
    return NodeStatement();
  }

  Status Metadata() {
    INSITU_TRY(lexer_.Next());
    INSITU_ASSIGN(const Token key, lexer_.Next());
    INSITU_TRY(lexer_.Expect("="));
    INSITU_ASSIGN(const Token value, lexer_.Next());
    if (key.kind != Lexer::Kind::kString || value.kind != Lexer::Kind::kString)
      return lexer_.Error("metadata is \"key\" = \"value\"", key.at);
    graph_.metadata[key.text] = value.text;
    return {};
  }

  Status Definition(bool input) {
    INSITU_TRY(lexer_.Next());
    const size_t at = lexer_.at();
    INSITU_ASSIGN(const std::string name, lexer_.Name("a name"));
    INSITU_ASSIGN(const ValueId id, Define(name, at));
    if (input) graph_.inputs.push_back(id);
    INSITU_ASSIGN(const bool typed, lexer_.Accept(":"));
    if (input) {
      if (typed) {
        INSITU_ASSIGN(graph_.value(id).type, Type());
      }
      return {};
    }
    if (!typed) return lexer_.Error("a constant needs a type", lexer_.at());
    INSITU_ASSIGN(Tensor tensor, Literal());
    graph_.value(id).type = {tensor.dtype(), ToShape(tensor.dims())};
    graph_.value(id).constant = std::move(tensor);
    return {};
  }

  Status Output() {
    INSITU_TRY(lexer_.Next());
    const size_t at = lexer_.at();
    INSITU_ASSIGN(const std::string name, lexer_.Name("the name of an output"));
    graph_.outputs.push_back(Find(name, at).id);
    return {};
  }

  Status NodeStatement() {
    Node node;
    bool more = true;
    while (more) {
      INSITU_ASSIGN(const Token token, lexer_.Peek());
      INSITU_ASSIGN(const std::string name, lexer_.Name("the name of a value"));
      ValueId id = kNoValue;
      if (token.kind == Lexer::Kind::kName || name != "_") {
        INSITU_ASSIGN(id, Define(name, token.at));
        INSITU_ASSIGN(const bool typed, lexer_.Accept(":"));
        if (typed) {
          INSITU_ASSIGN(graph_.value(id).type, Type());
        }
      }
      node.outputs.push_back(id);
      INSITU_ASSIGN(more, lexer_.Accept(","));
    }
    INSITU_TRY(lexer_.Expect("="));
    INSITU_ASSIGN(const std::string op, lexer_.Name("an operator"));
    const size_t dot = op.rfind('.');
    node.op = dot == std::string::npos ? op : op.substr(dot + 1);
    if (dot != std::string::npos) node.domain = op.substr(0, dot);
    INSITU_TRY(lexer_.Expect("("));
    INSITU_ASSIGN(const std::vector<Token> inputs, ListUntil(")"));
    for (const Token& token : inputs) {
      const bool omitted = token.kind == Lexer::Kind::kWord && token.text == "_";
      node.inputs.push_back(omitted ? kNoValue : Find(token.text, token.at).id);
    }
    INSITU_ASSIGN(const bool braces, lexer_.Accept("{"));
    if (braces) INSITU_TRY(AttributesInto(node));
    INSITU_ASSIGN(const Token label, lexer_.Peek());
    if (label.kind == Lexer::Kind::kString) {
      node.name = label.text;
      INSITU_TRY(lexer_.Next());
    }
    graph_.AddNode(std::move(node));
    return {};
  }

  Status AttributesInto(Node& node) {
    bool closed = false;
    while (!closed) {
      INSITU_ASSIGN(const std::string name, lexer_.Name("the name of an attribute"));
      INSITU_TRY(lexer_.Expect("="));
      INSITU_ASSIGN(node.attributes[name], AttributeValue());
      INSITU_ASSIGN(closed, lexer_.Accept("}"));
      if (!closed) INSITU_TRY(lexer_.Expect(","));
    }
    return {};
  }

  Result<Attribute> AttributeValue() {
    INSITU_ASSIGN(const Token token, lexer_.Peek());
    if (token.kind == Lexer::Kind::kWord && token.text == "graph") {
      INSITU_ASSIGN(Graph graph, Parser(lexer_, depth_ + 1).Whole());
      return Attribute(std::make_shared<Graph>(std::move(graph)));
    }
    INSITU_TRY(lexer_.Next());
    if (token.kind == Lexer::Kind::kString) return Attribute(token.text);
    if (token.text == "tensor") {
      INSITU_TRY(lexer_.Expect("("));
      INSITU_ASSIGN(Tensor tensor, Literal());
      INSITU_TRY(lexer_.Expect(")"));
      return Attribute(std::move(tensor));
    }
    if (token.text == "floats" || token.text == "strings") {
      INSITU_TRY(lexer_.Expect("["));
      INSITU_TRY(lexer_.Expect("]"));
      if (token.text == "floats") return Attribute(std::vector<float>());
      return Attribute(std::vector<std::string>());
    }
    if (token.text == "[") return ListAttribute();
    return Number(token);
  }

  Result<Attribute> ListAttribute() {
    INSITU_ASSIGN(const std::vector<Token> tokens, ListUntil("]"));
    std::vector<int64_t> integers;
    std::vector<float> floats;
    std::vector<std::string> strings;
    for (const Token& token : tokens) {
      if (token.kind == Lexer::Kind::kString) {
        strings.push_back(token.text);
        continue;
      }
      INSITU_ASSIGN(const Attribute number, Number(token));
      if (const int64_t* integer = std::get_if<int64_t>(&number)) integers.push_back(*integer);
      if (const float* value = std::get_if<float>(&number)) floats.push_back(*value);
    }
    if (integers.size() == tokens.size()) return Attribute(std::move(integers));
    if (floats.size() == tokens.size()) return Attribute(std::move(floats));
    if (strings.size() == tokens.size()) return Attribute(std::move(strings));
    return lexer_.Error("a list holds elements of one type", tokens[0].at);
  }

  Result<Attribute> Number(const Token& token) {
    const std::string words[] = {token.text};
    if (auto integer = ParseElements(DType::kInt64, {1}, words, false))
      return Attribute(integer->As<int64_t>()[0]);
    if (auto value = ParseElements(DType::kFloat32, {1}, words, false))
      return Attribute(value->As<float>()[0]);
    return lexer_.Error("'" + token.text + "' is not an attribute value", token.at);
  }

  Lexer& lexer_;
  int depth_;
  Graph graph_;
  std::map<std::string, Entry> values_;
};

}  // namespace

Result<Graph> Parse(std::string_view text) {
  Lexer lexer(text);
  auto graph = Parser(lexer, 0).Whole();
  if (!graph) return graph;
  INSITU_ASSIGN(const Token rest, lexer.Next());
  if (rest.kind != Lexer::Kind::kEnd)
    return lexer.Error("unexpected '" + rest.text + "' behind the graph", rest.at);
  return graph;
}

}  // namespace insitu
