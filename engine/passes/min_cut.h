// Minimum s-t cut, for passes that choose one of two sides for every node of a graph.
// Dinic's algorithm (1970) on integer capacities; iterative, so that deep graphs are safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace insitu {

class MinCut {
 public:
  static constexpr int kSource = 0, kSink = 1;
  static constexpr int64_t kInfinite = INT64_MAX / 4;

  MinCut() : edges_of_(2) {}
  int AddVertex();
  // Cutting `from` (source side) off `to` (sink side) costs `capacity`, non-negative.
  void AddEdge(int from, int to, int64_t capacity);
  // For every vertex, whether it lies on the source side of a cut of least cost; of several such
  // cuts the one with the smallest source side.
  std::vector<bool> Solve();

 private:
  struct Edge {
    int to;
    int64_t capacity;
  };
  bool FindLevels();
  int64_t Augment();

  std::vector<Edge> edges_;  // an edge and its reverse are neighbours: 2k, 2k + 1
  std::vector<std::vector<int>> edges_of_;
  std::vector<int> level_;
  std::vector<std::size_t> next_;
};

}  // namespace insitu
