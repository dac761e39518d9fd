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

// The steps over a tile's pairs: a whole pair, or at the ends of the range its low (1) or high (2) value
// alone, with the mask that zeroes the other one in A.
template <class Add>
inline void each_pair(const PairTile& t, const Add& add) {
  int64_t i = t.first / 2;
  if (t.first % 2) add(i++, 2, int(0xffff0000));
  for (; i < t.last / 2; i++) add(i, 0, -1);
  if (t.last % 2) add(i, 1, 0xffff);
}

inline __m512bh left_pair(const PairTile& t, int row, int64_t i, int mask) {
  return (__m512bh)_mm512_set1_epi32(*(const pair*)(t.a + row * t.a_stride + 2 * i) & mask);
}

// R rows x V vectors of 16 columns from column x, of a packed b.
template <int R, int V>
void packed(const PairTile& t, int64_t x) {
  __m512 acc[R][V];
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++)
      acc[r][v] = t.accumulate ? _mm512_loadu_ps(t.c + r * t.c_stride + x + 16 * v) : _mm512_setzero_ps();
  each_pair(
      t, [&](int64_t i, int half, int mask) __attribute__((always_inline)) {
        __m512bh w[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) {
          const auto* from = static_cast<const uint32_t*>(t.b) + i * t.b_stride + x + 16 * v;
          __m512i words = _mm512_loadu_si512(from);
          if (half) words = _mm512_and_si512(words, _mm512_set1_epi32(half == 1 ? 0xffff : int(0xffff0000)));
          w[v] = (__m512bh)words;
        }
#pragma GCC unroll 6
        for (int r = 0; r < R; r++) {
          const __m512bh a = left_pair(t, r, i, mask);
#pragma GCC unroll 4
          for (int v = 0; v < V; v++) acc[r][v] = _mm512_dpbf16_ps(acc[r][v], a, w[v]);
        }
      });
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) _mm512_storeu_ps(t.c + r * t.c_stride + x + 16 * v, acc[r][v]);
}

// R rows x G groups of 32 columns from column x, of rows of b that are paired on the way. Interleaving two
// rows within 128-bit lanes is one instruction; accumulators keep the order of columns that it gives.
template <int R, int G>
void interleaved(const PairTile& t, int64_t x) {
  const __m512i low_first = _mm512_setr_epi32(0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const __m512i high_first = _mm512_setr_epi32(8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  __m512 low[R][G], high[R][G];
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 2
    for (int g = 0; g < G; g++) {
      if (t.accumulate) {
        const float* c = t.c + r * t.c_stride + x + 32 * g;
        const __m512 first = _mm512_loadu_ps(c), second = _mm512_loadu_ps(c + 16);
        low[r][g] = _mm512_shuffle_f32x4(first, second, 0x88);
        high[r][g] = _mm512_shuffle_f32x4(first, second, 0xdd);
      } else {
        low[r][g] = high[r][g] = _mm512_setzero_ps();
      }
    }
  each_pair(
      t, [&](int64_t i, int half, int mask) __attribute__((always_inline)) {
        __m512bh w[2 * G];
#pragma GCC unroll 2
        for (int g = 0; g < G; g++) {
          const auto* row = static_cast<const uint16_t*>(t.b) + 2 * i * t.b_stride + x + 32 * g;
          const __m512i even = half == 2 ? _mm512_setzero_si512() : _mm512_loadu_si512(row);
          const __m512i odd = half == 1 ? _mm512_setzero_si512() : _mm512_loadu_si512(row + t.b_stride);
          w[2 * g] = (__m512bh)_mm512_unpacklo_epi16(even, odd);
          w[2 * g + 1] = (__m512bh)_mm512_unpackhi_epi16(even, odd);
        }
#pragma GCC unroll 6
        for (int r = 0; r < R; r++) {
          const __m512bh a = left_pair(t, r, i, mask);
#pragma GCC unroll 2
          for (int g = 0; g < G; g++) {
            low[r][g] = _mm512_dpbf16_ps(low[r][g], a, w[2 * g]);
            high[r][g] = _mm512_dpbf16_ps(high[r][g], a, w[2 * g + 1]);
          }
        }
      });
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
#pragma GCC unroll 2
    for (int g = 0; g < G; g++) {
      float* c = t.c + r * t.c_stride + x + 32 * g;
      _mm512_storeu_ps(c, _mm512_permutex2var_ps(low[r][g], low_first, high[r][g]));
      _mm512_storeu_ps(c + 16, _mm512_permutex2var_ps(low[r][g], high_first, high[r][g]));
    }
}

// R rows x the last 16 columns, of rows of b.
template <int R>
void last_interleaved(const PairTile& t, int64_t x) {
  __m512 acc[R];
#pragma GCC unroll 6
  for (int r = 0; r < R; r++)
    acc[r] = t.accumulate ? _mm512_loadu_ps(t.c + r * t.c_stride + x) : _mm512_setzero_ps();
  each_pair(
      t, [&](int64_t i, int half, int mask) __attribute__((always_inline)) {
        const auto* row = static_cast<const uint16_t*>(t.b) + 2 * i * t.b_stride + x;
        __m512i low = _mm512_setzero_si512(), high = low;
        if (half != 2) low = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)row));
        if (half != 1) high = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)(row + t.b_stride)));
        const __m512bh w = (__m512bh)_mm512_or_si512(low, _mm512_slli_epi32(high, 16));
#pragma GCC unroll 6
        for (int r = 0; r < R; r++) acc[r] = _mm512_dpbf16_ps(acc[r], left_pair(t, r, i, mask), w);
      });
#pragma GCC unroll 6
  for (int r = 0; r < R; r++) _mm512_storeu_ps(t.c + r * t.c_stride + x, acc[r]);
}

template <int R>
void pair_rows(const PairTile& t) {
  int64_t x = 0;
  for (; x + 64 <= t.columns; x += 64) t.packed ? packed<R, 4>(t, x) : interleaved<R, 2>(t, x);
  if (!t.packed && x + 32 <= t.columns) interleaved<R, 1>(t, x), x += 32;
  for (; x < t.columns; x += 16) t.packed ? packed<R, 1>(t, x) : last_interleaved<R>(t, x);
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

void narrow(const float* x, uint16_t* y, int64_t n) {
  int64_t i = 0;
  for (; i + 32 <= n; i += 32)
    _mm512_storeu_si512(y + i,
                        (__m512i)_mm512_cvtne2ps_pbh(_mm512_loadu_ps(x + i + 16), _mm512_loadu_ps(x + i)));
  for (; i < n; i += 16) {
    const __mmask16 some = n - i < 16 ? __mmask16((1 << (n - i)) - 1) : __mmask16(-1);
    _mm256_mask_storeu_epi16(y + i, some, (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(some, x + i)));
  }
}

}  // namespace

void (*const tile_dot)(const DotTile&) = run;
void (*const narrow_factor)(const float*, uint16_t*, int64_t) = narrow;
void (*const pair_tile)(const PairTile&) = run_pairs;

}  // namespace selfjudge::cpu::avx512bf16
#pragma GCC pop_options
#endif
