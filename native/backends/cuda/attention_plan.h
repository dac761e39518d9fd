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
#include <vector>

#include "../../include/backend.h"
#include "../arguments.h"

namespace selfjudge::cuda {

inline constexpr int kKeys = 64;  // keys of a canonical chunk, aligned to the depth in a row's own path

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
// Keys [row, row + count), the first being preorder row `index`, under query vectors [begin, end). Its sums
// are the result when `part` is -1, else part number `part`.
struct KeyTask {
  int32_t row, count, index, begin, end, part;
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
    below_.resize(n), index_.resize(n), lists_.resize(n), order_.resize(n);
    for (int s = n - 1; s >= 0; s--) {
      below_[s] += segments_[s].length;
      if (segments_[s].parent >= 0) below_[segments_[s].parent] += below_[s];
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
  std::vector<int32_t> below_, index_, lists_;  // rows below (own included), preorder, first key list
  std::vector<int> order_;
};

// Tiles of at most `capacity` vectors, those with the most passes first.
struct QueryPlan {
  std::vector<QueryRow> rows;
  std::vector<QueryTile> tiles;
  std::vector<Pass> passes;
  std::vector<int32_t> keys;

  QueryPlan(const sj_tree& tree, int group, int capacity) {
    TreeIndex index(tree);
    Tile tile;
    for (const int s : index.order()) {
      const std::vector<int32_t> path = index.path(s);
      // A neighbour joins a tile where it shares most of its keys; else it is better off on its own.
      if (tile.count && 2 * shared(tile.pieces.back().path, path) < path.size()) close(tile, capacity);
      const int start = index.index(s) * group, stop = start + index.segment(s).length * group;
      for (int v = start; v < stop;) {
        if (tile.count == capacity) close(tile, capacity);
        if (tile.count == 0) tile.first = v;
        const int taken = std::min(stop - v, capacity - tile.count);
        v += taken;
        const int deepest = index.segment(s).depth + (v - 1 - start) / group;
        tile.pieces.push_back({tile.count, tile.count + taken, deepest / kKeys + 1, path});
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
  struct Piece {  // a tile's vectors of one segment, and the chunks they reach
    int begin, end, chunks;
    std::vector<int32_t> path;
  };
  struct Tile {
    int first = 0, count = 0;
    std::vector<Piece> pieces;
  };
  static size_t shared(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
    size_t n = 0;
    while (n < a.size() && n < b.size() && a[n] == b[n]) n++;
    return n;
  }
  void close(Tile& tile, int capacity) {
    if (tile.count == 0) return;
    std::vector<Piece>& pieces = tile.pieces;
    pieces.back().end =
        capacity;  // vectors past the last follow it, so that they ask for no mask of their own
    const int first = int(passes.size());
    int chunks = 0;
    for (const Piece& piece : pieces) chunks = std::max(chunks, piece.chunks);
    for (int c = 0; c < chunks; c++) {
      bool open = false;  // the last pass may grow
      for (const Piece& piece : pieces) {
        if (piece.chunks <= c) {
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

// Blocks of up to `capacity` keys of one segment, cut where too many vectors lie below one so that no task
// outlasts the rest: a shared prompt is under everything.
struct KeyPlan {
  std::vector<QueryRow> rows;
  std::vector<KeyTask> tasks;
  std::vector<KeySum> sums;
  int parts = 0;

  KeyPlan(const sj_tree& tree, int group, int key_heads, int capacity) {
    TreeIndex index(tree);
    int64_t total = 0;
    const auto blocks = [&](auto&& visit) {
      for (const int s : index.order()) {
        for (int at = 0; at < index.segment(s).length; at += capacity) visit(s, at);
      }
    };
    blocks([&](int s, int at) { total += int64_t{index.end(s) - index.index(s) - at} * group; });
    // About a thousand tasks over all key heads fill any device; 16 chunks of vectors pay for a part's trip.
    const int64_t span = std::max<int64_t>(16 * kKeys, round_up(ceil_div(total * key_heads, 1024), kKeys));
    blocks([&](int s, int at) {
      const int first = index.index(s) + at, count = std::min(capacity, index.segment(s).length - at);
      const int row = index.segment(s).start + at;
      const int64_t begin = int64_t{first} * group, end = int64_t{index.end(s)} * group;
      const int pieces = int(ceil_div(end - begin, span));
      if (pieces > 1) sums.push_back({row, count, parts, pieces});
      for (int64_t v = begin; v < end; v += span) {
        tasks.push_back({row, count, first, int(v), int(std::min(end, v + span)), pieces > 1 ? parts++ : -1});
      }
    });
    std::stable_sort(tasks.begin(), tasks.end(),
                     [](const KeyTask& a, const KeyTask& b) { return a.end - a.begin > b.end - b.begin; });
    rows = std::move(index.rows);
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
