// CompactSort: a heapsort, for sequences whose sorting nobody waits for. std::sort takes 4 to 8 KB
// of WebAssembly for every type of element and order, this a tenth of it. Not stable.
#pragma once

#include <algorithm>
#include <functional>

namespace insitu {

template <class Range, class Less = std::ranges::less, class Projection = std::identity>
void CompactSort(Range& range, Less less = {}, Projection projection = {}) {
  std::ranges::make_heap(range, less, projection);
  std::ranges::sort_heap(range, less, projection);
}

}  // namespace insitu
