// Where the keys of a canonical chunk live in a tree's rows, and which rows lie below a segment.
#pragma once
#include <algorithm>
#include <cstdint>

#include "../../../include/backend.h"

namespace selfjudge::cpu {

inline constexpr int kBlock = 6;       // query vectors of float32 that are multiplied at a time
inline constexpr int kMostBlock = 32;  // of any path
inline constexpr int kKeys = 64;       // keys a canonical chunk, aligned to the depth in a row's own path
inline constexpr int kPad = 16;        // scratch rows of d values are padded to a multiple of this

// The depth of the first key that a row sees whose path has `keys` keys, its own the last.
inline int first_seen(int keys, int window) { return std::max(0, keys - window); }

// The keys of a chunk that a few query vectors see: [first[r], last[r]).
struct SeenKeys {
  int first[kMostBlock], last[kMostBlock];
  int most = 0;  // the largest `last`
  // Of vector r, whose row has `keys` keys on its path.
  void set(int r, int chunk, int keys, int window) {
    first[r] = std::max(0, first_seen(keys, window) - kKeys * chunk);
    last[r] = std::min(kKeys, keys - kKeys * chunk);
    most = std::max(most, last[r]);
  }
};
// Whether it sees any of them.
inline bool reaches_chunk(int chunk, int keys, int window) {
  return keys > kKeys * chunk && first_seen(keys, window) < kKeys * (chunk + 1);
}

inline int end_depth(const sj_segment& s) { return s.depth + s.length; }

// owners[c] = the segment that holds the deepest key of chunk c on the path through the whole of `segment`,
// for each chunk of that path; returns how many there are. (owner, c) names the chunk's rows: wherever two
// rows agree on it, one loaded chunk serves both.
int chunk_owners(const sj_segment* segments, int segment, int32_t* owners);

// The rows of chunk `chunk` of the path through `owner`, in depth order; returns how many (1 .. 64).
int chunk_rows(const sj_segment* segments, int owner, int chunk, int32_t* rows);

// row_segment[row] for every row; returns the most chunks that any path has.
int map_rows(const sj_tree& tree, int32_t* row_segment);
int deepest_chunks(const sj_tree& tree);

// Subtrees as ranges of a preorder numbering: t is s or below it when first[s] <= first[t] < last[s], and no
// segment after highest[s] is. Each array has n_segments values.
struct Subtrees {
  int32_t *first, *last, *highest;
  bool below(int t, int s) const { return first[s] <= first[t] && first[t] < last[s]; }
};
void number_subtrees(const sj_tree& tree, const Subtrees& out);

}  // namespace selfjudge::cpu
