// One message for all that is refused: each operator once, with its first node and its count.
#include "ops/unsupported.h"

#include <algorithm>
#include <cstdint>
#include <map>

namespace insitu {
namespace {

constexpr size_t kMostListed = 20;

// What stands in the message for a part: the operator, and what of it is missing unless it is all.
std::string Summary(const Unsupported& part) {
  if (part.op.empty()) return part.what;
  return part.what == "operator " + part.op ? part.op : part.op + ": " + part.what;
}

}  // namespace

Error UnsupportedError(const std::vector<Unsupported>& unsupported, ErrorCode code) {
  Error error{code,
              {},
              {},
              {},
              "`insitu inspect` lists every unsupported part, `insitu ops` what is supported."};
  struct Row {
    std::string text, node;
    int64_t count;
  };
  std::vector<Row> rows;
  std::map<std::string, size_t> by_text;
  for (const Unsupported& part : unsupported) {
    const std::string text = Summary(part);
    const auto [entry, added] = by_text.emplace(text, rows.size());
    if (added) {
      rows.push_back({text, part.node, 1});
      if (error.op.empty() && !part.op.empty()) error.op = part.op, error.node = part.node;
    } else {
      ++rows[entry->second].count;
    }
  }
  error.message = "the model uses what insitu does not support: ";
  for (size_t i = 0; i < std::min(rows.size(), kMostListed); ++i) {
    const Row& row = rows[i];
    error.message += (i ? ", " : "") + row.text;
    const std::string times = row.count > 1 ? std::to_string(row.count) + " times" : "";
    const std::string first = row.node.empty() ? "" : "node '" + row.node + "'";
    if (!times.empty() || !first.empty())
      error.message += " (" + first + (first.empty() || times.empty() ? "" : ", ") + times + ")";
  }
  if (rows.size() > kMostListed)
    error.message += " and " + std::to_string(rows.size() - kMostListed) + " more";
  return error;
}

}  // namespace insitu
