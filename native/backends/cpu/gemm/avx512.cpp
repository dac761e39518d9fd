// AVX-512 (F, BW, DQ, VL): a tile of 8 rows x 48 columns keeps 24 accumulators in registers. With few rows
// several panels run side by side, so that there are enough independent chains to hide the latency of an
// addition.
#include <immintrin.h>

#include "kernels.h"
#include "panels.h"

#if defined(__x86_64__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // a false positive in g++ 12's intrinsics
#pragma GCC diagnostic ignored "-Wpsabi"
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512")
namespace selfjudge::cpu::avx512 {
namespace {

#define FMADD(a, b, c) ((f16)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define PRODUCT(c, x) ((w8)_mm512_mul_epu32(_mm512_set1_epi32(int(c)), (__m512i)(x)))
#include "lanes.inc"

int64_t keep_compressed(const uint64_t* w, int64_t n, uint64_t least, int32_t first, uint64_t* kept,
                        int32_t* ids) {
  const __m512i bound = _mm512_set1_epi64(int64_t(least));
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  int64_t count = 0, i = 0;
  for (; i + 8 <= n; i += 8) {
    const __m512i x = _mm512_loadu_si512(w + i);
    const __mmask8 mask = _mm512_cmpge_epu64_mask(x, bound);
    _mm512_storeu_si512(kept + count, _mm512_maskz_compress_epi64(mask, x));
    const __m256i id = _mm256_add_epi32(lanes, _mm256_set1_epi32(first + int32_t(i)));
    _mm256_storeu_si256((__m256i*)(ids + count), _mm256_maskz_compress_epi32(mask, id));
    count += __builtin_popcount(mask);
  }
  return count + keep(w + i, n - i, least, first + int32_t(i), kept + count, ids + count);
}

constexpr int kAhead = 2048;  // prefetch distance in bytes

// R rows x P panels, V vectors of 16 columns in each.
template <int R, int P, int V, bool Bf16>
void tile(const Tile& t, int first) {
  constexpr int N = P * V;
  const char* b = static_cast<const char*>(t.panel) + first * t.panel_stride;
  const float* a = t.a;
  float* c = t.c + first * kPanel;
  __m512 acc[R][N];
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 12
    for (int j = 0; j < N; j++)
      acc[i][j] = t.accumulate ? _mm512_loadu_ps(c + i * t.c_stride + j / V * kPanel + j % V * 16)
                               : _mm512_setzero_ps();
  if constexpr (Bf16) {
    const __m512i odd = _mm512_set1_epi32(int(0xffff0000));
    int64_t k = 0;
    for (; k + 1 < t.k; k += 2, b += 192) {
#pragma GCC unroll 4
      for (int p = 0; p < P; p++)
#pragma GCC unroll 3
        for (int v = 0; v < V; v++) _mm_prefetch(b + p * t.panel_stride + v * 64 + kAhead, _MM_HINT_T0);
      if constexpr (R > 1 && P == 1) {  // hold a panel row in registers, broadcast each row's value once
        __m512 even_b[N], odd_b[N];
#pragma GCC unroll 3
        for (int j = 0; j < N; j++) {
          const __m512i pair = _mm512_load_si512(b + j * 64);
          even_b[j] = _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16));
          odd_b[j] = _mm512_castsi512_ps(_mm512_and_si512(pair, odd));
        }
#pragma GCC unroll 8
        for (int i = 0; i < R; i++) {
          const __m512 x = _mm512_set1_ps(a[i * t.a_stride + k]);
#pragma GCC unroll 3
          for (int j = 0; j < N; j++) acc[i][j] = _mm512_fmadd_ps(x, even_b[j], acc[i][j]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < R; i++) {
          const __m512 x = _mm512_set1_ps(a[i * t.a_stride + k + 1]);
#pragma GCC unroll 3
          for (int j = 0; j < N; j++) acc[i][j] = _mm512_fmadd_ps(x, odd_b[j], acc[i][j]);
        }
      } else {
        __m512 x0[R], x1[R];
#pragma GCC unroll 4
        for (int i = 0; i < R; i++) {
          x0[i] = _mm512_set1_ps(a[i * t.a_stride + k]);
          x1[i] = _mm512_set1_ps(a[i * t.a_stride + k + 1]);
        }
#pragma GCC unroll 12
        for (int j = 0; j < N; j++) {
          const __m512i pair = _mm512_load_si512(b + j / V * t.panel_stride + j % V * 64);
          const __m512 even = _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16));
          const __m512 high = _mm512_castsi512_ps(_mm512_and_si512(pair, odd));
#pragma GCC unroll 4
          for (int i = 0; i < R; i++)
            acc[i][j] = _mm512_fmadd_ps(x1[i], high, _mm512_fmadd_ps(x0[i], even, acc[i][j]));
        }
      }
    }
    if (k < t.k) {
#pragma GCC unroll 12
      for (int j = 0; j < N; j++) {
        const __m512i pair = _mm512_load_si512(b + j / V * t.panel_stride + j % V * 64);
        const __m512 even = _mm512_castsi512_ps(_mm512_slli_epi32(pair, 16));
#pragma GCC unroll 8
        for (int i = 0; i < R; i++)
          acc[i][j] = _mm512_fmadd_ps(_mm512_set1_ps(a[i * t.a_stride + k]), even, acc[i][j]);
      }
    }
  } else {
    for (int64_t k = 0; k < t.k; k++, b += 192) {
      __m512 w[N];
#pragma GCC unroll 12
      for (int j = 0; j < N; j++) {
        w[j] = _mm512_load_ps(b + j / V * t.panel_stride + j % V * 64);
        _mm_prefetch(b + j / V * t.panel_stride + j % V * 64 + kAhead, _MM_HINT_T0);
      }
#pragma GCC unroll 8
      for (int i = 0; i < R; i++) {
        const __m512 x = _mm512_set1_ps(a[i * t.a_stride + k]);
#pragma GCC unroll 12
        for (int j = 0; j < N; j++) acc[i][j] = _mm512_fmadd_ps(x, w[j], acc[i][j]);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 12
    for (int j = 0; j < N; j++) _mm512_storeu_ps(c + i * t.c_stride + j / V * kPanel + j % V * 16, acc[i][j]);
}

template <int R, bool Bf16>
void rows(const Tile& t) {
  constexpr int P = R <= 2 ? 4 : R <= 4 ? 2 : 1;
  const int full = t.last_vectors == 3 ? t.panels : t.panels - 1;
  int p = 0;
  for (; p + P <= full; p += P) tile<R, P, 3, Bf16>(t, p);
  for (; p < full; p++) tile<R, 1, 3, Bf16>(t, p);
  if (p < t.panels) t.last_vectors == 1 ? tile<R, 1, 1, Bf16>(t, p) : tile<R, 1, 2, Bf16>(t, p);
}

template <bool Bf16>
void run(const Tile& t) {
  switch (t.rows) {
    case 1:
      return rows<1, Bf16>(t);
    case 2:
      return rows<2, Bf16>(t);
    case 3:
      return rows<3, Bf16>(t);
    case 4:
      return rows<4, Bf16>(t);
    case 5:
      return rows<5, Bf16>(t);
    case 6:
      return rows<6, Bf16>(t);
    case 7:
      return rows<7, Bf16>(t);
    default:
      return rows<8, Bf16>(t);
  }
}

}  // namespace

const Kernels table = {nullptr,       nullptr,    run<false>, run<true>,       widen,       narrow,
                       widen_panel,   interleave, transpose,  add_scaled,      add_mul,     strip_sum,
                       strip_softmax, weights,    tally,      keep_compressed, dropout_mask};

}  // namespace selfjudge::cpu::avx512
#pragma GCC pop_options
#endif
