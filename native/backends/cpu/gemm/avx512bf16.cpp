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

constexpr int kAhead = 3072;  // prefetch distance in bytes

// R rows x P panels, V vectors of 16 columns in each.
template <int R, int P, int V>
void tile(const DotTile& t, int first) {
  constexpr int N = P * V;
  const char* b = static_cast<const char*>(t.panel) + first * t.panel_stride;
  const char* ahead = t.ahead;
  float* c = t.c + first * kPanel;
  __m512 acc[R][N];
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 12
    for (int j = 0; j < N; j++)
      acc[i][j] = t.accumulate ? _mm512_loadu_ps(c + i * t.c_stride + j / V * kPanel + j % V * 16)
                               : _mm512_setzero_ps();
  for (int64_t k = 0; k < t.pairs; k++, b += 192) {
    __m512bh w[N];
#pragma GCC unroll 12
    for (int j = 0; j < N; j++) {
      w[j] = (__m512bh)_mm512_load_si512(b + j / V * t.panel_stride + j % V * 64);
      if (P > 1) _mm_prefetch(b + j / V * t.panel_stride + j % V * 64 + kAhead, _MM_HINT_T0);
    }
    if (P == 1) {
      _mm_prefetch(ahead, _MM_HINT_T1);
      if (t.lines > 1) _mm_prefetch(ahead + 64, _MM_HINT_T1);
      if (t.lines > 2) _mm_prefetch(ahead + 128, _MM_HINT_T1);
      ahead += t.step;
    }
#pragma GCC unroll 8
    for (int i = 0; i < R; i++) {
      const __m512bh x = (__m512bh)_mm512_set1_epi32(*(const pair*)(t.a + i * t.a_stride + 2 * k));
#pragma GCC unroll 12
      for (int j = 0; j < N; j++) acc[i][j] = _mm512_dpbf16_ps(acc[i][j], x, w[j]);
    }
  }
  if (t.out) {
    uint16_t* out = t.out + first * kPanel;
#pragma GCC unroll 8
    for (int i = 0; i < R; i++)
#pragma GCC unroll 12
      for (int j = 0; j < N; j++)
        _mm256_storeu_si256((__m256i*)(out + i * t.out_stride + j / V * kPanel + j % V * 16),
                            (__m256i)_mm512_cvtneps_pbh(acc[i][j]));
    return;
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 12
    for (int j = 0; j < N; j++) _mm512_storeu_ps(c + i * t.c_stride + j / V * kPanel + j % V * 16, acc[i][j]);
}

// With few rows several panels run side by side: enough independent chains to hide the latency of a sum.
template <int R>
void rows(const DotTile& t) {
  constexpr int P = R <= 2 ? 4 : R <= 4 ? 2 : 1;
  const int full = t.last_vectors == 3 ? t.panels : t.panels - 1;
  int p = 0;
  for (; p + P <= full; p += P) tile<R, P, 3>(t, p);
  for (; p < full; p++) tile<R, 1, 3>(t, p);
  if (p < t.panels) t.last_vectors == 1 ? tile<R, 1, 1>(t, p) : tile<R, 1, 2>(t, p);
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

}  // namespace

void (*const tile_dot)(const DotTile&) = run;

}  // namespace selfjudge::cpu::avx512bf16
#pragma GCC pop_options
#endif
