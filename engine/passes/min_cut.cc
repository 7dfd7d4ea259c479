// Dinic's algorithm: breadth-first levels, then augmenting paths along them until none is left.
#include "passes/min_cut.h"

#include <algorithm>
#include <deque>

namespace insitu {

int MinCut::AddVertex() {
  edges_of_.emplace_back();
  return static_cast<int>(edges_of_.size()) - 1;
}

void MinCut::AddEdge(int from, int to, int64_t capacity) {
  if (capacity <= 0) return;
  edges_of_[static_cast<size_t>(from)].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({to, std::min(capacity, kInfinite)});
  edges_of_[static_cast<size_t>(to)].push_back(static_cast<int>(edges_.size()));
  edges_.push_back({from, 0});
}

bool MinCut::FindLevels() {
  level_.assign(edges_of_.size(), -1);
  level_[kSource] = 0;
  std::deque<int> queue = {kSource};
  while (!queue.empty()) {
    const int vertex = queue.front();
    queue.pop_front();
    for (int index : edges_of_[static_cast<size_t>(vertex)]) {
      const Edge& edge = edges_[static_cast<size_t>(index)];
      int& level = level_[static_cast<size_t>(edge.to)];
      if (edge.capacity == 0 || level >= 0) continue;
      level = level_[static_cast<size_t>(vertex)] + 1;
      queue.push_back(edge.to);
    }
  }
  return level_[kSink] >= 0;
}

int64_t MinCut::Augment() {
  std::vector<int> path;  // edges from the source to `vertex`
  int vertex = kSource;
  while (true) {
    if (vertex == kSink) {
      int64_t flow = kInfinite;
      for (int index : path) flow = std::min(flow, edges_[static_cast<size_t>(index)].capacity);
      for (int index : path) {
        edges_[static_cast<size_t>(index)].capacity -= flow;
        edges_[static_cast<size_t>(index ^ 1)].capacity += flow;
      }
      return flow;
    }
    const std::vector<int>& edges = edges_of_[static_cast<size_t>(vertex)];
    size_t& next = next_[static_cast<size_t>(vertex)];
    bool advanced = false;
    for (; next < edges.size() && !advanced; next += advanced ? 0 : 1) {
      const Edge& edge = edges_[static_cast<size_t>(edges[next])];
      if (edge.capacity == 0 ||
          level_[static_cast<size_t>(edge.to)] != level_[static_cast<size_t>(vertex)] + 1)
        continue;
      path.push_back(edges[next]);
      vertex = edge.to;
      advanced = true;
    }
    if (advanced) continue;
    if (path.empty()) return 0;
    vertex = edges_[static_cast<size_t>(path.back() ^ 1)].to;
    path.pop_back();
    ++next_[static_cast<size_t>(vertex)];
  }
}

std::vector<bool> MinCut::Solve() {
  while (FindLevels()) {
    next_.assign(edges_of_.size(), 0);
    while (Augment() > 0) {
    }
  }
  std::vector<bool> source_side;
  for (int level : level_) source_side.push_back(level >= 0);
  return source_side;
}

}  // namespace insitu
