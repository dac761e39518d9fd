// AVX-512 BF16, on top of AVX-512: VDPBF16PS adds the products of two bf16 pairs to a float32, twice the
// multiply-adds of an FMA on AMD's Zen 4 and 5. A tile of 8 rows x 48 columns keeps 24 accumulators in
// registers, as in avx512.cpp, and neither factor is widened.
#include <immintrin.h>

#include "kernels.h"
#include "panels.h"

#if defined(__x86_64__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // a false positive in g++ 12's intrinsics
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,prefer-vector-width=512")
namespace selfjudge::cpu::avx512bf16 {
namespace {

typedef int pair __attribute__((may_alias, aligned(2)));

// R rows x V vectors of 16 columns of one panel.
template <int R, int V>
void tile(const DotTile& t, int panel) {
  const char* b = static_cast<const char*>(t.panel) + panel * t.panel_stride;
  const char* ahead = t.ahead + panel * t.pairs * t.step;
  float* c = t.c + panel * kPanel;
  __m512 acc[R][V];
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 3
    for (int j = 0; j < V; j++)
      acc[i][j] = t.accumulate ? _mm512_loadu_ps(c + i * t.c_stride + j * 16) : _mm512_setzero_ps();
  for (int64_t k = 0; k < t.pairs; k++, b += 192) {
    __m512bh w[V];
#pragma GCC unroll 3
    for (int j = 0; j < V; j++) w[j] = (__m512bh)_mm512_load_si512(b + j * 64);
    _mm_prefetch(ahead, _MM_HINT_T1);
    if (t.lines > 1) _mm_prefetch(ahead + 64, _MM_HINT_T1);
    if (t.lines > 2) _mm_prefetch(ahead + 128, _MM_HINT_T1);
    ahead += t.step;
#pragma GCC unroll 8
    for (int i = 0; i < R; i++) {
      const __m512bh x = (__m512bh)_mm512_set1_epi32(*(const pair*)(t.a + i * t.a_stride + 2 * k));
#pragma GCC unroll 3
      for (int j = 0; j < V; j++) acc[i][j] = _mm512_dpbf16_ps(acc[i][j], x, w[j]);
    }
  }
  if (t.out) {
    uint16_t* out = t.out + panel * kPanel;
#pragma GCC unroll 8
    for (int i = 0; i < R; i++)
#pragma GCC unroll 3
      for (int j = 0; j < V; j++)
        _mm256_storeu_si256((__m256i*)(out + i * t.out_stride + j * 16),
                            (__m256i)_mm512_cvtneps_pbh(acc[i][j]));
    return;
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 3
    for (int j = 0; j < V; j++) _mm512_storeu_ps(c + i * t.c_stride + j * 16, acc[i][j]);
}

template <int R>
void rows(const DotTile& t) {
  int p = 0;
  for (; p < t.panels - 1; p++) tile<R, 3>(t, p);
  switch (t.last_vectors) {
    case 1:
      return tile<R, 1>(t, p);
    case 2:
      return tile<R, 2>(t, p);
    default:
      return tile<R, 3>(t, p);
  }
}

void run(const DotTile& t) {
  switch (t.rows) {
    case 1:
      return rows<1>(t);
    case 2:
      return rows<2>(t);
    case 3:
      return rows<3>(t);
    case 4:
      return rows<4>(t);
    case 5:
      return rows<5>(t);
    case 6:
      return rows<6>(t);
    case 7:
      return rows<7>(t);
    default:
      return rows<8>(t);
  }
}

// Words of b's pair i at column x; with `half` 1 or 2 only its low or its high half, the other being zero.
template <bool Packed>
inline __m512i pair_words(const PairTile& t, int64_t i, int64_t x, int half) {
  if constexpr (Packed) {
    const __m512i words = _mm512_loadu_si512(static_cast<const uint32_t*>(t.b) + i * t.b_stride + x);
    if (half == 0) return words;
    return _mm512_and_si512(words, _mm512_set1_epi32(half == 1 ? 0xffff : int(0xffff0000)));
  } else {
    const auto* row = static_cast<const uint16_t*>(t.b) + 2 * i * t.b_stride + x;
    __m512i low = _mm512_setzero_si512(), high = low;
    if (half != 2) low = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)row));
    if (half != 1) high = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)(row + t.b_stride)));
    return _mm512_or_si512(low, _mm512_slli_epi32(high, 16));
  }
}

// R rows x V vectors of 16 columns from column x.
template <int R, int V, bool Packed>
void pairs(const PairTile& t, int64_t x) {
  __m512 acc[R][V];
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++)
      acc[r][v] = t.accumulate ? _mm512_loadu_ps(t.c + r * t.c_stride + x + 16 * v) : _mm512_setzero_ps();
  const auto add = [&](int64_t i, int half, int mask) __attribute__((always_inline)) {
    __m512bh w[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) w[v] = (__m512bh)pair_words<Packed>(t, i, x + 16 * v, half);
#pragma GCC unroll 6
    for (int r = 0; r < R; r++) {
      const __m512bh a = (__m512bh)_mm512_set1_epi32(*(const pair*)(t.a + r * t.a_stride + 2 * i) & mask);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) acc[r][v] = _mm512_dpbf16_ps(acc[r][v], a, w[v]);
    }
  };
  int64_t i = t.first / 2;
  if (t.first % 2) add(i++, 2, int(0xffff0000));
  for (; i < t.last / 2; i++) add(i, 0, -1);
  if (t.last % 2) add(i, 1, 0xffff);
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) _mm512_storeu_ps(t.c + r * t.c_stride + x + 16 * v, acc[r][v]);
}

template <int R, bool Packed>
void pair_columns(const PairTile& t) {
  int64_t x = 0;
  for (; x + 64 <= t.columns; x += 64) pairs<R, 4, Packed>(t, x);
  for (; x < t.columns; x += 16) pairs<R, 1, Packed>(t, x);
}

template <int R>
void pair_rows(const PairTile& t) {
  t.packed ? pair_columns<R, true>(t) : pair_columns<R, false>(t);
}

void run_pairs(const PairTile& t) {
  if (t.first >= t.last && t.accumulate) return;
  switch (t.rows) {
    case 1:
      return pair_rows<1>(t);
    case 2:
      return pair_rows<2>(t);
    case 3:
      return pair_rows<3>(t);
    case 4:
      return pair_rows<4>(t);
    case 5:
      return pair_rows<5>(t);
    default:
      return pair_rows<6>(t);
  }
}

}  // namespace

void (*const tile_dot)(const DotTile&) = run;
void (*const pair_tile)(const PairTile&) = run_pairs;

}  // namespace selfjudge::cpu::avx512bf16
#pragma GCC pop_options
#endif
