// AMX: TDPBF16PS multiplies a tile of up to 16 rows x 32 values of k by one of 32 values of k x 16 columns. A
// panel's pairs lie as it wants the latter, in rows of 192 bytes.
//
// 32 rows x 32 columns keep four tiles of sums; up to 16 rows, 16 x 48 columns keep three. An element adds up
// 32 values of k an instruction, in whatever order the hardware has, and then to its sum: the cuts of k are
// the same for every element, a rest of k is padded with zeros, and rows do not see each other.
//
// Tiles keep their shape until the task ends (TileScope): LDTILECFG costs about as much as a dozen products
// of tiles.
#include <immintrin.h>

#include "kernels.h"
#include "panels.h"

#if defined(__x86_64__)
#include "amx_tiles.h"
namespace selfjudge::cpu::amx {
namespace {

constexpr int kAhead = 6144;            // prefetch distance of few rows, in bytes
constexpr int kLine = kPanel * 4;       // bytes of a pair in a panel
constexpr int kBlock = kPairs * kLine;  // bytes from a tile to the next below it

// The j-th 16 columns of the panels.
inline const char* column(const DotTile& t, int j) {
  return static_cast<const char*>(t.panel) + j / 3 * t.panel_stride + j % 3 * 64;
}

// The last `pairs` pairs of 16 columns, then zeros up to a whole tile.
inline void pad(const char* b, int pairs, uint32_t* out) {
  for (int i = 0; i < kPairs; i++)
    _mm512_store_si512(out + 16 * i, i < pairs ? _mm512_load_si512(b + i * kLine) : _mm512_setzero_si512());
}

inline void narrow(const float* sums, int rows, uint16_t* out, int64_t stride) {
  for (int r = 0; r < rows; r++)
    _mm256_storeu_si256((__m256i*)(out + r * stride),
                        (__m256i)_mm512_cvtneps_pbh(_mm512_load_ps(sums + 16 * r)));
}

// Tile registers are named by literals. BEGIN starts the sums of rows r and columns 16 j, END puts them away.
#define BEGIN(tile, r, j)                                                 \
  do {                                                                    \
    if (t.accumulate)                                                     \
      _tile_loadd(tile, t.c + (r)*t.c_stride + 16 * (j), t.c_stride * 4); \
    else                                                                  \
      _tile_zero(tile);                                                   \
  } while (0)
#define END(tile, r, count, j)                                                \
  do {                                                                        \
    if (t.out) {                                                              \
      _tile_stored(tile, sums, 64);                                           \
      narrow(sums, count, t.out + (r)*t.out_stride + 16 * (j), t.out_stride); \
    } else {                                                                  \
      _tile_stored(tile, t.c + (r)*t.c_stride + 16 * (j), t.c_stride * 4);    \
    }                                                                         \
  } while (0)

// Up to 16 rows x V times 16 columns from the j-th: sums in tiles 0 .. 2, A in 4, B in 5 .. 7.
template <int V>
void few(const DotTile& t, int j) {
  alignas(64) float sums[kTile];
  alignas(64) uint32_t rest[V][kTile];
  const char* b[V];
  for (int v = 0; v < V; v++) b[v] = column(t, j + v);
  const uint16_t* a = t.a;
  BEGIN(0, 0, j);
  if constexpr (V > 1) BEGIN(1, 0, j + 1);
  if constexpr (V > 2) BEGIN(2, 0, j + 2);
  for (int64_t i = 0; i < t.pairs / kPairs; i++, a += t.a_next) {
    for (int r = 0; r < kPairs; r++)
      for (int v = 0; v < V; v++) _mm_prefetch(b[v] + r * kLine + kAhead, _MM_HINT_T0);
    _tile_loadd(4, a, t.a_stride * 2);
    _tile_loadd(5, b[0], kLine);
    _tile_dpbf16ps(0, 4, 5);
    if constexpr (V > 1) {
      _tile_loadd(6, b[1], kLine);
      _tile_dpbf16ps(1, 4, 6);
    }
    if constexpr (V > 2) {
      _tile_loadd(7, b[2], kLine);
      _tile_dpbf16ps(2, 4, 7);
    }
    for (int v = 0; v < V; v++) b[v] += kBlock;
  }
  if (const int pairs = int(t.pairs % kPairs)) {
    for (int v = 0; v < V; v++) pad(b[v], pairs, rest[v]);
    written();
    _tile_loadd(4, a, t.a_stride * 2);
    _tile_loadd(5, rest[0], 64);
    _tile_dpbf16ps(0, 4, 5);
    if constexpr (V > 1) {
      _tile_loadd(6, rest[1], 64);
      _tile_dpbf16ps(1, 4, 6);
    }
    if constexpr (V > 2) {
      _tile_loadd(7, rest[2], 64);
      _tile_dpbf16ps(2, 4, 7);
    }
  }
  END(0, 0, t.rows, j);
  if constexpr (V > 1) END(1, 0, t.rows, j + 1);
  if constexpr (V > 2) END(2, 0, t.rows, j + 2);
}

// 17 to 32 rows x V times 16 columns from the j-th: sums in tiles 0 .. 3, A in 4 and 5, B in 6 and 7.
// Meanwhile `chunk` bytes from `ahead` on are fetched with each step.
template <int V>
void many(const DotTile& t, int j, const char* ahead, int64_t chunk) {
  alignas(64) float sums[kTile];
  alignas(64) uint32_t rest[V][kTile];
  const char* b[V];
  for (int v = 0; v < V; v++) b[v] = column(t, j + v);
  const uint16_t* a = t.a;
  BEGIN(0, 0, j);
  BEGIN(2, kBlockRows, j);
  if constexpr (V > 1) {
    BEGIN(1, 0, j + 1);
    BEGIN(3, kBlockRows, j + 1);
  }
  for (int64_t i = 0; i < t.pairs / kPairs; i++, a += t.a_next, ahead += chunk) {
    _tile_loadd(4, a, t.a_stride * 2);
    _tile_loadd(6, b[0], kLine);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (V > 1) {
      _tile_loadd(7, b[1], kLine);
      _tile_dpbf16ps(1, 4, 7);
    }
    _tile_loadd(5, a + t.a_below, t.a_stride * 2);
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (V > 1) _tile_dpbf16ps(3, 5, 7);
    for (int64_t x = 0; x < chunk; x += 64) _mm_prefetch(ahead + x, _MM_HINT_T1);
    for (int v = 0; v < V; v++) b[v] += kBlock;
  }
  if (const int pairs = int(t.pairs % kPairs)) {
    for (int v = 0; v < V; v++) pad(b[v], pairs, rest[v]);
    written();
    _tile_loadd(4, a, t.a_stride * 2);
    _tile_loadd(6, rest[0], 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (V > 1) {
      _tile_loadd(7, rest[1], 64);
      _tile_dpbf16ps(1, 4, 7);
    }
    _tile_loadd(5, a + t.a_below, t.a_stride * 2);
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (V > 1) _tile_dpbf16ps(3, 5, 7);
  }
  END(0, 0, kBlockRows, j);
  END(2, kBlockRows, t.rows - kBlockRows, j);
  if constexpr (V > 1) {
    END(1, 0, kBlockRows, j + 1);
    END(3, kBlockRows, t.rows - kBlockRows, j + 1);
  }
}

#undef BEGIN
#undef END

void run(const DotTile& t) {
  const int columns = (t.panels - 1) * 3 + t.last_vectors;
  shape(t.rows);
  written();
  int j = 0;
  if (t.rows <= kBlockRows) {
    for (; j + 3 <= columns; j += 3) few<3>(t, j);
    if (j + 2 == columns) few<2>(t, j);
    if (j + 1 == columns) few<1>(t, j);
  } else {
    // The share of each pair of columns in what is fetched ahead, in whole lines.
    const int64_t shares = (columns + 1) / 2, chunk = (kPairs * t.step * t.panels / shares + 63) / 64 * 64;
    const char* ahead = t.ahead;
    for (; j + 2 <= columns; j += 2, ahead += t.pairs / kPairs * chunk) many<2>(t, j, ahead, chunk);
    if (j < columns) many<1>(t, j, ahead, chunk);
  }
}

void give_back() {
  if (!shaped) return;
  _tile_release();
  shaped = 0;
}

void blocks(const uint16_t* a, int64_t stride, int64_t rows, int64_t k, uint16_t* out) {
  const int64_t whole = k / kDotDepth, size = (k + kDotDepth - 1) / kDotDepth * kDotDepth;
  const __mmask32 rest = (__mmask32{1} << k % kDotDepth) - 1;
  for (int64_t r = 0; r < rows; r++) {
    const uint16_t* from = a + r * stride;
    uint16_t* to = out + r / kBlockRows * kBlockRows * size + r % kBlockRows * kDotDepth;
    for (int64_t i = 0; i < whole; i++, from += kDotDepth, to += kBlockRows * kDotDepth)
      _mm512_storeu_si512(to, _mm512_loadu_si512(from));
    if (rest) _mm512_storeu_si512(to, _mm512_maskz_loadu_epi16(rest, from));
  }
}

}  // namespace

void (*const tile_dot)(const DotTile&) = run;
void (*const release)() = give_back;
void (*const dot_blocks)(const uint16_t*, int64_t, int64_t, int64_t, uint16_t*) = blocks;

}  // namespace selfjudge::cpu::amx
#pragma GCC pop_options
#endif
