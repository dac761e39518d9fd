// The functions each instruction set provides to the matrix ops. One table a path; every function's result
// depends on its arguments' values alone, so within a path equal inputs give equal bits wherever they are
// used.
#pragma once
#include <cstddef>
#include <cstdint>

namespace selfjudge::cpu {

inline constexpr int kTileRows = 8;

// C[rows, 48 panels] = A[rows, k] x panels, rows in 1 .. kTileRows. Each element is one chain of fused
// (portable: separate) multiply-adds over ascending k, from 0 or, when accumulate, from C: k may be cut
// anywhere.
struct Tile {
  const float* a;
  int64_t a_stride;
  int rows;
  const void* panel;    // the first panel, at the first k
  size_t panel_stride;  // bytes from a panel to the next
  int panels;
  int last_vectors;  // 1..3: how many 16-column parts of the last panel are wanted; the others stay untouched
  int64_t k;
  float* c;
  int64_t c_stride;
  bool accumulate;
};

// The same of bf16 rows and bf16 panels, where the hardware has dot products of bf16 pairs: each element is
// one chain of them over ascending k, so k may be cut at any multiple of kDotDepth (with Kernels::dot_blocks)
// or of 2. A's values come in pairs: of an odd k the one past the end must be zero.
inline constexpr int kBlockRows = 16, kDotDepth = 32;
struct DotTile {
  const uint16_t* a;
  int64_t a_stride;  // values, even
  // Values from the first row to the kBlockRows-th and from the first column to the kDotDepth-th: read with
  // Kernels::dot_blocks only.
  int64_t a_below, a_next;
  int rows;  // 1 .. Kernels::dot_rows
  const void* panel;
  size_t panel_stride;
  int panels, last_vectors;
  int64_t pairs;
  // What comes next from memory, fetched while this is computed: of each panel's share `lines` (1 .. 3) cache
  // lines a pair, `step` bytes further with each.
  const char* ahead;
  int lines, step;
  float* c;
  int64_t c_stride;
  bool accumulate;
  // Not null: the sums are not stored in c but rounded to bf16 into rows of out_stride values (nearest even,
  // denormals to zero).
  uint16_t* out;
  int64_t out_stride;
};

// c[r][x] (+)= the sum over first <= j < last of a[r][j] b[j][x], for rows r in 1 .. Kernels::pair_rows and
// columns x, a multiple of 16: one chain of dot products over the pairs (2 i, 2 i + 1) or, with
// Kernels::pair_blocks, of sums over kDotDepth of j from 0 on. Outside the range nothing is read as a number:
// it may hold anything.
struct PairTile {
  const uint16_t* a;
  int64_t a_stride;
  int rows;
  // Packed: words [pairs][b_stride] of b[2 i] (low half) and b[2 i + 1]. Else rows of bf16, b_stride values
  // apart, which Kernels::pair_blocks does not take.
  const void* b;
  int64_t b_stride;
  bool packed;
  int64_t first, last;
  int64_t columns;
  float* c;
  int64_t c_stride;
  bool accumulate;
};

struct Kernels {
  // Null: the path widens instead.
  void (*pair_tile)(const PairTile&);
  void (*tile_dot)(const DotTile&);
  void (*tile_f32)(const Tile&);
  void (*tile_bf16)(const Tile&);  // an even k lies in the low half of each word

  void (*widen)(const uint16_t* x, float* y, int64_t n);   // bf16 to float32
  void (*narrow)(const float* x, uint16_t* y, int64_t n);  // float32 to bf16, nearest even
  void (*widen_panel)(const uint32_t* panel, int64_t k,
                      float* out);  // a bf16 panel of depth k as float32 [k][48]
  // y[i] = low[i] | high[i] << 16; null: zeros.
  void (*interleave)(const uint16_t* low, const uint16_t* high, uint32_t* y, int64_t n);
  // dst[c][r] = src[r][c] for 32-bit values; strides in values.
  void (*transpose)(const void* src, int64_t src_stride, int64_t rows, int64_t cols, void* dst,
                    int64_t dst_stride);
  void (*add_scaled)(const float* x, float scale, float* y, int64_t n);  // y += scale x
  void (*add_mul)(const float* x, const float* m, float* y, int64_t n);  // y += m x

  // Of n (a multiple of 64) logits: the largest (at least -FLT_MAX) and the sum of exp(x - max), in a fixed
  // lane order. NaN and +inf make the sum NaN.
  void (*strip_sum)(const float* x, int64_t n, float* max, float* sum);
  // x = scale exp(x - lse); returns the sum of exp(x - lse) in the lane order of strip_sum. n: a multiple
  // of 64.
  float (*strip_softmax)(float* x, int64_t n, float lse, float scale);
  // w = floor(2^32 exp2(min(0, (x - max) scale))), scale >= 0. n: a multiple of 16. Below 2^-32: 0.
  void (*weights)(const float* x, int64_t n, float max, float scale, uint64_t* w);
  // How many w are at least `least` (at most 2^62), and their sum.
  void (*tally)(const uint64_t* w, int64_t n, uint64_t least, uint64_t* sum, int64_t* count);
  // Those w that are at least `least`, and first + their indices, in order; returns how many. Up to 8 entries
  // more are written.
  int64_t (*keep)(const uint64_t* w, int64_t n, uint64_t least, int32_t first, uint64_t* kept, int32_t* ids);
  // mask[i] = kept where philox4x32-10(key, (counter[0 .. 2], (first + i) / 4))[i % 4] >= threshold, else 0.
  // `first`: a multiple of 4.
  void (*dropout_mask)(const uint32_t key[2], const uint32_t counter[3], uint32_t threshold, float kept,
                       int64_t first, float* mask, int64_t n);

  // What tile_dot works on at a time.
  int dot_rows = kTileRows, dot_panels = 1;
  // Rows that pair_tile takes at most.
  int pair_rows = 0;
  bool pair_blocks = false;
  // With pair_blocks: whether all the pairs in rows of `columns` words (a multiple of 16), b_stride apart,
  // are numbers.
  bool (*finite_pairs)(const uint32_t* b, int64_t b_stride, int64_t rows, int64_t columns) = nullptr;
  // narrow for a factor of tile_dot or pair_tile, which take denormals for zeros: it may write them as such.
  void (*narrow_factor)(const float* x, uint16_t* y, int64_t n) = nullptr;
  // Not null: tile registers keep their shape from call to call, and this gives them back (TileScope).
  void (*release)() = nullptr;
  // Not null: tile_dot reads A in blocks of kBlockRows x kDotDepth values, whole ones in depth. This copies
  // rows of k values into such blocks, each contiguous: out [ceil(rows / 16)][ceil(k / 32)][16][32], zero
  // past k.
  void (*dot_blocks)(const uint16_t* a, int64_t stride, int64_t rows, int64_t k, uint16_t* out) = nullptr;
};

const Kernels& kernels();  // of current_path()

// What calls tile_dot or pair_tile has one of these for all of a task: shaping tile registers anew takes as
// long as a hundred vector instructions, and none may stay shaped between tasks, where other code would meet
// them and the system would have to save them.
struct TileScope {
  TileScope() = default;
  TileScope(const TileScope&) = delete;
  ~TileScope() {
    if (kernels().release) kernels().release();
  }
};

#if defined(__x86_64__)
namespace amx {
inline constexpr int kRows = 32, kPanels = 2;
extern void (*const tile_dot)(const DotTile&);
extern void (*const pair_tile)(const PairTile&);
extern bool (*const finite_pairs)(const uint32_t*, int64_t, int64_t, int64_t);
extern void (*const release)();
extern void (*const dot_blocks)(const uint16_t*, int64_t, int64_t, int64_t, uint16_t*);
}  // namespace amx
namespace avx512bf16 {
// Two panels' columns of a row are three whole cache lines of bf16 results.
inline constexpr int kPanels = 2, kPairRows = 6;
extern void (*const tile_dot)(const DotTile&);
extern void (*const pair_tile)(const PairTile&);
extern void (*const narrow_factor)(const float*, uint16_t*, int64_t);
}  // namespace avx512bf16
namespace avx512 {
extern const Kernels table;
}
namespace avx2 {
extern const Kernels table;
}
#endif
namespace portable {
extern const Kernels table;
}

}  // namespace selfjudge::cpu
