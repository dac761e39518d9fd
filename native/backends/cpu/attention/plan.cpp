#include "plan.h"

#include <algorithm>

namespace selfjudge::cpu {

int chunk_owners(const sj_segment* segments, int segment, int32_t* owners) {
  const int end = end_depth(segments[segment]);
  const int count = (end + kKeys - 1) / kKeys;
  for (int c = count - 1, s = segment; c >= 0; c--) {
    const int deepest = std::min(kKeys * (c + 1), end) - 1;
    while (deepest < segments[s].depth) s = segments[s].parent;
    owners[c] = s;
  }
  return count;
}

int chunk_rows(const sj_segment* segments, int owner, int chunk, int32_t* rows) {
  const int begin = kKeys * chunk;
  const int end = std::min(begin + kKeys, end_depth(segments[owner]));
  for (int p = end - 1, s = owner; p >= begin; p--) {
    while (p < segments[s].depth) s = segments[s].parent;
    rows[p - begin] = segments[s].start + p - segments[s].depth;
  }
  return end - begin;
}

int deepest_chunks(const sj_tree& tree) {
  int end = 0;
  for (int s = 0; s < tree.n_segments; s++) end = std::max(end, end_depth(tree.segments[s]));
  return (end + kKeys - 1) / kKeys;
}

int map_rows(const sj_tree& tree, int32_t* row_segment) {
  for (int s = 0; s < tree.n_segments; s++)
    std::fill_n(row_segment + tree.segments[s].start, tree.segments[s].length, s);
  return deepest_chunks(tree);
}

void number_subtrees(const sj_tree& tree, const Subtrees& out) {
  const int n = tree.n_segments;
  // Parents come first, so one pass from the end sums sizes and one from the start hands out ranges. `last`
  // holds the size of a segment not yet reached, and of one already reached, for a while, where its next
  // child starts.
  std::fill_n(out.last, n, 1);
  for (int s = 0; s < n; s++) out.highest[s] = s;
  for (int s = n - 1; s >= 0; s--) {
    const int parent = tree.segments[s].parent;
    if (parent < 0) continue;
    out.last[parent] += out.last[s];
    out.highest[parent] = std::max(out.highest[parent], out.highest[s]);
  }
  int root = 0;
  for (int s = 0; s < n; s++) {
    const int size = out.last[s], parent = tree.segments[s].parent;
    int& next = parent < 0 ? root : out.last[parent];
    out.first[s] = next;
    next += size;
    out.last[s] = out.first[s] + 1;
  }
  // Every child advanced its parent by its own size: `last` has reached the end of the range.
}

}  // namespace selfjudge::cpu
