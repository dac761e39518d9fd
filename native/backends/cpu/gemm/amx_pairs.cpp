// pair_tile on AMX: attention's products. Up to 16 rows x 64 columns, or 32 x 32, keep four tiles of sums, as
// in amx.cpp. Steps of 32 values of k start at 0 whatever the range, and what a step has outside of it is
// multiplied as zeros, which add nothing: a row's sum does not depend on the range of a call that covers its
// own.
#include <immintrin.h>

#include "kernels.h"

#if defined(__x86_64__)
#include "amx_tiles.h"
namespace selfjudge::cpu::amx {
namespace {

// One step of k: where its rows of A and its pairs of B are, with strides in values and in words.
struct Step {
  const uint16_t* a;
  int64_t a_stride;
  const uint32_t* b;
  int64_t b_stride;
};

// A step that the range cuts, copied with zeros outside of it.
struct CutStep {
  alignas(64) uint16_t a[kRows * kDotDepth];
  alignas(64) uint32_t b[kPairs * 64];
};

// The step from k on of `columns` columns from column x: as it lies, or from `cut`.
Step step_of(const PairTile& t, int64_t k, int64_t x, int columns, CutStep& cut) {
  const auto* b = static_cast<const uint32_t*>(t.b) + k / 2 * t.b_stride + x;
  const int64_t begin = t.first > k ? t.first - k : 0, end = t.last - k < kDotDepth ? t.last - k : kDotDepth;
  if (begin == 0 && end == kDotDepth) return {t.a + k, t.a_stride, b, t.b_stride};
  const auto below = [](int64_t n) { return __mmask32((uint64_t{1} << n) - 1); };
  const __mmask32 inside = below(end) & ~below(begin);
  for (int r = 0; r < t.rows; r++)
    _mm512_store_si512(cut.a + r * kDotDepth, _mm512_maskz_loadu_epi16(inside, t.a + r * t.a_stride + k));
  for (int i = 0; i < kPairs; i++) {
    // The two values of a pair lie in the halves of each word.
    const unsigned halves = inside >> 2 * i & 3;
    const __mmask32 of_words = (halves & 1 ? 0x55555555u : 0) | (halves & 2 ? 0xaaaaaaaau : 0);
    for (int c = 0; c < columns; c += 16)
      _mm512_store_si512(cut.b + i * 64 + c, _mm512_maskz_loadu_epi16(of_words, b + i * t.b_stride + c));
  }
  return {cut.a, kDotDepth, cut.b, 64};
}

// Tile registers are named by literals. BEGIN starts the sums of rows r and columns x, END puts them away.
#define BEGIN(tile, r, x)                                            \
  do {                                                               \
    if (t.accumulate)                                                \
      _tile_loadd(tile, t.c + (r)*t.c_stride + (x), t.c_stride * 4); \
    else                                                             \
      _tile_zero(tile);                                              \
  } while (0)
#define END(tile, r, x) _tile_stored(tile, t.c + (r)*t.c_stride + (x), t.c_stride * 4)

// Up to 16 rows x V times 16 columns from column x.
template <int V>
void few(const PairTile& t, int64_t x) {
  CutStep cut;
  BEGIN(0, 0, x);
  if constexpr (V > 1) BEGIN(1, 0, x + 16);
  if constexpr (V > 2) BEGIN(2, 0, x + 32);
  if constexpr (V > 3) BEGIN(3, 0, x + 48);
  for (int64_t k = t.first / kDotDepth * kDotDepth; k < t.last; k += kDotDepth) {
    const Step s = step_of(t, k, x, V * 16, cut);
    written();
    _tile_loadd(4, s.a, s.a_stride * 2);
    _tile_loadd(5, s.b, s.b_stride * 4);
    _tile_dpbf16ps(0, 4, 5);
    if constexpr (V > 1) {
      _tile_loadd(6, s.b + 16, s.b_stride * 4);
      _tile_dpbf16ps(1, 4, 6);
    }
    if constexpr (V > 2) {
      _tile_loadd(7, s.b + 32, s.b_stride * 4);
      _tile_dpbf16ps(2, 4, 7);
    }
    if constexpr (V > 3) {
      _tile_loadd(5, s.b + 48, s.b_stride * 4);
      _tile_dpbf16ps(3, 4, 5);
    }
  }
  END(0, 0, x);
  if constexpr (V > 1) END(1, 0, x + 16);
  if constexpr (V > 2) END(2, 0, x + 32);
  if constexpr (V > 3) END(3, 0, x + 48);
}

// 17 to 32 rows x V times 16 columns from column x.
template <int V>
void many(const PairTile& t, int64_t x) {
  CutStep cut;
  BEGIN(0, 0, x);
  BEGIN(2, kBlockRows, x);
  if constexpr (V > 1) {
    BEGIN(1, 0, x + 16);
    BEGIN(3, kBlockRows, x + 16);
  }
  for (int64_t k = t.first / kDotDepth * kDotDepth; k < t.last; k += kDotDepth) {
    const Step s = step_of(t, k, x, V * 16, cut);
    written();
    _tile_loadd(4, s.a, s.a_stride * 2);
    _tile_loadd(6, s.b, s.b_stride * 4);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (V > 1) {
      _tile_loadd(7, s.b + 16, s.b_stride * 4);
      _tile_dpbf16ps(1, 4, 7);
    }
    _tile_loadd(5, s.a + kBlockRows * s.a_stride, s.a_stride * 2);
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (V > 1) _tile_dpbf16ps(3, 5, 7);
  }
  END(0, 0, x);
  END(2, kBlockRows, x);
  if constexpr (V > 1) {
    END(1, 0, x + 16);
    END(3, kBlockRows, x + 16);
  }
}

#undef BEGIN
#undef END

void run_pairs(const PairTile& t) {
  if (t.first >= t.last && t.accumulate) return;
  shape(t.rows);
  written();
  int64_t x = 0;
  if (t.rows <= kBlockRows) {
    for (; x + 64 <= t.columns; x += 64) few<4>(t, x);
    if (x + 32 <= t.columns) few<2>(t, x), x += 32;
    if (x < t.columns) few<1>(t, x);
  } else {
    for (; x + 32 <= t.columns; x += 32) many<2>(t, x);
    if (x < t.columns) many<1>(t, x);
  }
  written();
}

bool finite(const uint32_t* b, int64_t b_stride, int64_t rows, int64_t columns) {
  const __m512i exponent = _mm512_set1_epi16(0x7f80);
  __mmask32 ones = 0;  // exponents of all ones
  for (int64_t i = 0; i < rows; i++)
    for (int64_t x = 0; x < columns; x += 16)
      ones |= _mm512_cmpeq_epi16_mask(_mm512_and_si512(_mm512_loadu_si512(b + i * b_stride + x), exponent),
                                      exponent);
  return ones == 0;
}

}  // namespace

void (*const pair_tile)(const PairTile&) = run_pairs;
bool (*const finite_pairs)(const uint32_t*, int64_t, int64_t, int64_t) = finite;

}  // namespace selfjudge::cpu::amx
#pragma GCC pop_options
#endif
