// explain(): where every node of the imported model runs, or what absorbed it; then the nodes that
// the passes added.
#include <map>
#include <set>
#include <string>

#include "session/session.h"

namespace insitu {

std::vector<ExplainRow> Session::Explain() const {
  std::map<std::string, const Step*> steps;
  for (const Step& step : runner_.program().steps())
    steps.emplace(runner_.program().graph().node(step.node).name, &step);
  auto row_of = [&](const Step& step) {
    const Node& node = runner_.program().graph().node(step.node);
    return ExplainRow{node.name, node.op, step.on, step.why,
                      static_cast<int64_t>(step.kernel ? step.kernel->packed_bytes() : 0)};
  };
  std::vector<ExplainRow> rows;
  std::set<std::string> listed;
  for (const auto& [name, op] : original_nodes_) {
    listed.insert(name);
    if (auto step = steps.find(name); step != steps.end()) {
      rows.push_back(row_of(*step->second));
      continue;
    }
    auto reason = absorbed_.find(name);
    rows.push_back({name, op, "folded",
                    reason == absorbed_.end() ? "nothing needs its result" : reason->second, 0});
  }
  for (const Step& step : runner_.program().steps())
    if (!listed.contains(runner_.program().graph().node(step.node).name))
      rows.push_back(row_of(step));
  return rows;
}

}  // namespace insitu
