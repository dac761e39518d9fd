// The host's part of tree attention: which tiles of query vectors there are, which chunks of keys each of
// them visits, and, turned round for the backward, which query vectors see a block of keys.
//
// Rows are numbered in preorder of the segments, children in order, so everything below a segment is one
// range. A query vector is one head of one row: vector i * group + h is head h (of one key head's group) of
// preorder row i. So a tile of a key head's vectors loads each key once for the whole group, and a tile
// filled by a short segment goes on with its neighbours, which share ancestors. Plans depend on the tree and
// shapes alone.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <tuple>
#include <utility>
#include <vector>

#include "../../include/backend.h"
#include "../arguments.h"
#include "kernel.h"

namespace selfjudge::cuda {

inline constexpr int kKeys = 64;  // keys of a canonical chunk, aligned to the depth in a row's own path

// The first key that a row at `position` of its path sees.
__host__ __device__ inline int first_key(int position, int window) {
  const int first = position - window + 1;
  return first < 0 ? 0 : first;
}

// The keys of a chunk that such a row sees: [first, end), where `first` may be below 0 and `end` past 64.
struct SeenKeys {
  int first, end;
};
__device__ __forceinline__ SeenKeys seen_keys(int position, int window, int chunk) {
  return {first_key(position, window) - chunk * kKeys, position + 1 - chunk * kKeys};
}

struct QueryRow {
  int32_t row, position;
};
// Vectors [first, first + count) visit passes[pass ..], ascending in chunk for each vector.
struct QueryTile {
  int32_t first, count, pass, passes;
};
// One chunk for the tile's vectors [begin, end): its keys are the rows keys[64 * list ..], -1 past the last.
struct Pass {
  int32_t chunk, list, begin, end;
};
// Query vectors [begin, end) that see keys of a block; `cut`: not all of those at or below a key see it.
struct KeyRun {
  int32_t begin, end, cut;
};
// Keys [row, row + count), the first being preorder row `index`, under the vectors of runs [run, run + runs).
// Its sums are the result when `part` is -1, else part number `part`.
struct KeyTask {
  int32_t row, count, index, run, runs, part;
};
// A block of keys whose sums are parts [part, part + parts), in that order.
struct KeySum {
  int32_t row, count, part, parts;
};

// Where a tree's segments are in preorder, and the key lists of its chunks.
class TreeIndex {
 public:
  explicit TreeIndex(const sj_tree& tree) : segments_(tree.segments, tree.segments + tree.n_segments) {
    const int n = tree.n_segments;
    below_.resize(n), deepest_.resize(n), index_.resize(n), lists_.resize(n), order_.resize(n);
    for (int s = n - 1; s >= 0; s--) {
      const sj_segment& at = segments_[s];
      below_[s] += at.length;
      deepest_[s] = std::max(deepest_[s], at.depth + at.length);
      if (at.parent < 0) continue;
      below_[at.parent] += below_[s];
      deepest_[at.parent] = std::max(deepest_[at.parent], deepest_[s]);
    }
    std::vector<int32_t> next(n);  // where a segment's next child starts
    int32_t root = 0, lists = 0;
    rows.resize(tree.rows);
    for (int s = 0; s < n; s++) {
      const sj_segment& at = segments_[s];
      int32_t& start = at.parent < 0 ? root : next[at.parent];
      index_[s] = start;
      start += below_[s];
      next[s] = index_[s] + at.length;
      for (int i = 0; i < at.length; i++) rows[index_[s] + i] = {at.start + i, at.depth + i};
      lists_[s] = lists;
      lists += chunks(s) - at.depth / kKeys;
    }
    keys.assign(size_t(lists) * kKeys, -1);
    for (int s = 0; s < n; s++) {
      for (int c = segments_[s].depth / kKeys; c < chunks(s); c++) list_rows(s, c);
    }
    std::iota(order_.begin(), order_.end(), 0);
    std::sort(order_.begin(), order_.end(), [&](int a, int b) { return index_[a] < index_[b]; });
  }

  const std::vector<int>& order() const { return order_; }  // segments in preorder
  const sj_segment& segment(int s) const { return segments_[s]; }
  int index(int s) const { return index_[s]; }            // preorder of its first row
  int end(int s) const { return index_[s] + below_[s]; }  // past the last row below it
  int deepest(int s) const { return deepest_[s]; }        // depth past that of any row below it

  // The key list of each chunk of the path through the whole of segment s. Where two paths name the same list
  // they see the same keys.
  std::vector<int32_t> path(int s) const {
    std::vector<int32_t> lists(chunks(s));
    const int last = segments_[s].depth + segments_[s].length - 1;
    for (int c = chunks(s) - 1; c >= 0; c--) {
      while (std::min(kKeys * c + kKeys - 1, last) < segments_[s].depth) s = segments_[s].parent;
      lists[c] = lists_[s] + c - segments_[s].depth / kKeys;
    }
    return lists;
  }

  std::vector<QueryRow> rows;  // in preorder
  std::vector<int32_t> keys;   // key lists of 64 rows

 private:
  int chunks(int s) const { return (segments_[s].depth + segments_[s].length + kKeys - 1) / kKeys; }
  void list_rows(int owner, int c) {
    const sj_segment& deepest = segments_[owner];
    int32_t* list = keys.data() + size_t(lists_[owner] + c - deepest.depth / kKeys) * kKeys;
    int p = std::min(kKeys * c + kKeys, deepest.depth + deepest.length) - 1;
    for (int s = owner; p >= kKeys * c; p--) {
      while (p < segments_[s].depth) s = segments_[s].parent;
      list[p - kKeys * c] = segments_[s].start + p - segments_[s].depth;
    }
  }
  std::vector<sj_segment> segments_;
  // Rows below (own included), depth past theirs, preorder, first key list.
  std::vector<int32_t> below_, deepest_, index_, lists_;
  std::vector<int> order_;
};

// Tiles of at most `capacity` vectors, those with the most passes first.
struct QueryPlan {
  std::vector<QueryRow> rows;
  std::vector<QueryTile> tiles;
  std::vector<Pass> passes;
  std::vector<int32_t> keys;

  QueryPlan(const sj_tree& tree, int group, int capacity, int window) {
    TreeIndex index(tree);
    Tile tile;
    for (const int s : index.order()) {
      const std::vector<int32_t> path = index.path(s);
      // A neighbour joins a tile where it shares most of the keys it sees; else it is better off on its own.
      const size_t from = size_t(first_key(index.segment(s).depth, window)) / kKeys;
      if (tile.count && 2 * shared(tile.pieces.back().path, path, from) < path.size() - from)
        close(tile, capacity);
      const int start = index.index(s) * group, stop = start + index.segment(s).length * group;
      for (int v = start; v < stop;) {
        if (tile.count == capacity) close(tile, capacity);
        if (tile.count == 0) tile.first = v;
        const int taken = std::min(stop - v, capacity - tile.count);
        const auto depth = [&](int vector) { return index.segment(s).depth + (vector - start) / group; };
        tile.pieces.push_back({tile.count, tile.count + taken, first_key(depth(v), window) / kKeys,
                               depth(v + taken - 1) / kKeys + 1, path});
        v += taken;
        tile.count += taken;
      }
    }
    close(tile, capacity);
    std::stable_sort(tiles.begin(), tiles.end(),
                     [](const QueryTile& a, const QueryTile& b) { return a.passes > b.passes; });
    rows = std::move(index.rows);
    keys = std::move(index.keys);
  }

 private:
  struct Piece {  // a tile's vectors of one segment, and the chunks that any of them sees
    int begin, end, first_chunk, last_chunk;
    std::vector<int32_t> path;
  };
  struct Tile {
    int first = 0, count = 0;
    std::vector<Piece> pieces;
  };
  static size_t shared(const std::vector<int32_t>& a, const std::vector<int32_t>& b, size_t from) {
    size_t n = from;
    while (n < a.size() && n < b.size() && a[n] == b[n]) n++;
    return n - from;
  }
  void close(Tile& tile, int capacity) {
    if (tile.count == 0) return;
    std::vector<Piece>& pieces = tile.pieces;
    pieces.back().end =
        capacity;  // vectors past the last follow it, so that they ask for no mask of their own
    const int first = int(passes.size());
    int first_chunk = INT32_MAX, last_chunk = 0;
    for (const Piece& piece : pieces) {
      first_chunk = std::min(first_chunk, piece.first_chunk);
      last_chunk = std::max(last_chunk, piece.last_chunk);
    }
    for (int c = first_chunk; c < last_chunk; c++) {
      bool open = false;  // the last pass may grow
      for (const Piece& piece : pieces) {
        if (c < piece.first_chunk || c >= piece.last_chunk) {
          open = false;
        } else if (open && passes.back().list == piece.path[c]) {
          passes.back().end = piece.end;
        } else {
          passes.push_back({c, piece.path[c], piece.begin, piece.end});
          open = true;
        }
      }
    }
    tiles.push_back({tile.first, tile.count, first, int(passes.size()) - first});
    tile = Tile();
  }
};

// Blocks of up to `capacity` keys of one segment, cut where too many vectors see one so that no task outlasts
// the rest: a shared prompt is under everything.
struct KeyPlan {
  std::vector<QueryRow> rows;
  std::vector<KeyRun> runs;
  std::vector<KeyTask> tasks;
  std::vector<KeySum> sums;
  int parts = 0;

  KeyPlan(const sj_tree& tree, int group, int key_heads, int capacity, int window) {
    TreeIndex index(tree);
    struct Block {
      int row, count, first;  // of its keys; the preorder of the first
      std::vector<KeyRun> seen;
      int64_t vectors = 0;
    };
    std::vector<Block> blocks;
    int64_t total = 0;
    for (size_t place = 0; place < index.order().size(); place++) {
      const int s = index.order()[place];
      const sj_segment& segment = index.segment(s);
      for (int at = 0; at < segment.length; at += capacity) {
        const int count = std::min(capacity, segment.length - at);
        Block block{segment.start + at, count, index.index(s) + at,
                    seeing(index, place, at, count, group, window)};
        for (const KeyRun& run : block.seen) block.vectors += run.end - run.begin;
        total += block.vectors;
        blocks.push_back(std::move(block));
      }
    }
    // About a thousand tasks over all key heads fill any device; 16 chunks of vectors pay for a part's trip.
    const int64_t span = std::max<int64_t>(16 * kKeys, round_up(ceil_div(total * key_heads, 1024), kKeys));
    std::vector<std::pair<int64_t, KeyTask>> sized;  // by their vectors
    for (const Block& block : blocks) {
      const int pieces = int(ceil_div(block.vectors, span));
      if (pieces > 1) sums.push_back({block.row, block.count, parts, pieces});
      int64_t room = 0;  // of the last task
      for (KeyRun run : block.seen) {
        while (run.begin < run.end) {
          if (room == 0) {
            room = span;
            const int part = pieces > 1 ? parts++ : -1;
            sized.push_back({0, {block.row, block.count, block.first, int(runs.size()), 0, part}});
          }
          const int taken = int(std::min<int64_t>(run.end - run.begin, room));
          runs.push_back({run.begin, run.begin + taken, run.cut});
          sized.back().first += taken;
          sized.back().second.runs++;
          run.begin += taken;
          room -= taken;
        }
      }
    }
    std::stable_sort(sized.begin(), sized.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    for (const auto& [size, task] : sized) tasks.push_back(task);
    rows = std::move(index.rows);
  }

 private:
  // The vectors that see any of the `count` keys from the `at`-th of the segment at `place` of the preorder
  // on: from each segment at and below it as many rows as the window reaches, where little lies between them
  // as one run.
  static std::vector<KeyRun> seeing(const TreeIndex& index, size_t place, int at, int count, int group,
                                    int window) {
    const int s = index.order()[place], first = index.index(s) + at;
    const int64_t depth = index.segment(s).depth + at, all_see = depth + window;
    if (index.deepest(s) <= all_see) return {{first * group, index.end(s) * group, 0}};
    std::vector<KeyRun> runs;
    const auto add = [&](int row, int row_depth, int length) {
      const int rows = int(std::clamp<int64_t>(all_see + count - 1 - row_depth, 0, length));
      if (rows == 0) return;
      const KeyRun run{row * group, (row + rows) * group, row_depth + rows > all_see};
      if (runs.empty() || run.begin - runs.back().end >= kKeys) return runs.push_back(run);
      runs.back().cut |= run.cut | (runs.back().end < run.begin);
      runs.back().end = run.end;
    };
    add(first, int(depth), index.segment(s).length - at);
    for (size_t p = place + 1; p < index.order().size(); p++) {
      const int t = index.order()[p];
      if (index.index(t) >= index.end(s)) break;
      add(index.index(t), index.segment(t).depth, index.segment(t).length);
    }
    return runs;
  }
};

// The calling thread's last plan of this kind: the layers of a model ask for the same one in turn.
template <class Plan, class... Shape>
const Plan& plan_for(const sj_tree& tree, Shape... shape) {
  struct Last {
    std::vector<sj_segment> segments;
    std::tuple<Shape...> shape;
    Plan plan;
  };
  thread_local std::unique_ptr<Last> last;
  const size_t n = size_t(tree.n_segments);
  if (!last || last->shape != std::tuple(shape...) || last->segments.size() != n ||
      std::memcmp(last->segments.data(), tree.segments, n * sizeof(sj_segment)) != 0) {
    std::vector<sj_segment> segments(tree.segments, tree.segments + n);
    last.reset(new Last{std::move(segments), {shape...}, Plan(tree, shape...)});
  }
  return last->plan;
}

}  // namespace selfjudge::cuda
