// AVX2 with FMA: 4 rows x 24 columns keep 12 accumulators in registers; a tile of 8 rows x 48 columns is four
// of them.
#include <immintrin.h>

#include "kernels.h"
#include "panels.h"

#if defined(__x86_64__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wpsabi"
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace selfjudge::cpu::avx2 {
namespace {

#include "lanes.inc"

constexpr int kAhead = 1536;  // prefetch distance in bytes

// R rows x V vectors of 8 columns at column `column` of a panel.
template <int R, int V, bool Bf16>
void tile(const Tile& t, int row, int panel, int column) {
  const char* b = static_cast<const char*>(t.panel) + panel * t.panel_stride + column * 4;
  const float* a = t.a + row * t.a_stride;
  float* c = t.c + row * t.c_stride + panel * kPanel + column;
  __m256 acc[R][V];
#pragma GCC unroll 4
  for (int i = 0; i < R; i++)
#pragma GCC unroll 6
    for (int j = 0; j < V; j++)
      acc[i][j] = t.accumulate ? _mm256_loadu_ps(c + i * t.c_stride + 8 * j) : _mm256_setzero_ps();
  if constexpr (Bf16) {
    const __m256i odd = _mm256_set1_epi32(int(0xffff0000));
    int64_t k = 0;
    for (; k + 1 < t.k; k += 2, b += 192) {
      _mm_prefetch(b + kAhead, _MM_HINT_T0);
      _mm_prefetch(b + kAhead + 64, _MM_HINT_T0);
#pragma GCC unroll 6
      for (int j = 0; j < V; j++) {
        const __m256i pair = _mm256_loadu_si256((const __m256i*)(b + 32 * j));
        const __m256 even = _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
        const __m256 high = _mm256_castsi256_ps(_mm256_and_si256(pair, odd));
#pragma GCC unroll 4
        for (int i = 0; i < R; i++) {
          acc[i][j] = _mm256_fmadd_ps(_mm256_broadcast_ss(a + i * t.a_stride + k), even, acc[i][j]);
          acc[i][j] = _mm256_fmadd_ps(_mm256_broadcast_ss(a + i * t.a_stride + k + 1), high, acc[i][j]);
        }
      }
    }
    if (k < t.k)
#pragma GCC unroll 6
      for (int j = 0; j < V; j++) {
        const __m256i pair = _mm256_loadu_si256((const __m256i*)(b + 32 * j));
        const __m256 even = _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
#pragma GCC unroll 4
        for (int i = 0; i < R; i++)
          acc[i][j] = _mm256_fmadd_ps(_mm256_broadcast_ss(a + i * t.a_stride + k), even, acc[i][j]);
      }
  } else {
    for (int64_t k = 0; k < t.k; k++, b += 192) {
      _mm_prefetch(b + kAhead, _MM_HINT_T0);
      _mm_prefetch(b + kAhead + 64, _MM_HINT_T0);
      __m256 w[V];
#pragma GCC unroll 6
      for (int j = 0; j < V; j++) w[j] = _mm256_loadu_ps((const float*)b + 8 * j);
#pragma GCC unroll 4
      for (int i = 0; i < R; i++) {
        const __m256 x = _mm256_broadcast_ss(a + i * t.a_stride + k);
#pragma GCC unroll 6
        for (int j = 0; j < V; j++) acc[i][j] = _mm256_fmadd_ps(x, w[j], acc[i][j]);
      }
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < R; i++)
#pragma GCC unroll 6
    for (int j = 0; j < V; j++) _mm256_storeu_ps(c + i * t.c_stride + 8 * j, acc[i][j]);
}

template <int R, bool Bf16>
void rows(const Tile& t, int row) {
  for (int p = 0; p < t.panels; p++) {
    const int vectors = p + 1 < t.panels ? 3 : t.last_vectors;
    if (vectors < 3) {
      for (int v = 0; v < vectors; v++) tile<R, 2, Bf16>(t, row, p, 16 * v);
    } else if constexpr (R <= 2) {
      tile<R, 6, Bf16>(t, row, p, 0);
    } else {
      tile<R, 3, Bf16>(t, row, p, 0);
      tile<R, 3, Bf16>(t, row, p, 24);
    }
  }
}

template <bool Bf16>
void run(const Tile& t) {
  int row = 0;
  for (; row + 4 <= t.rows; row += 4) rows<4, Bf16>(t, row);
  switch (t.rows - row) {
    case 1:
      return rows<1, Bf16>(t, row);
    case 2:
      return rows<2, Bf16>(t, row);
    case 3:
      return rows<3, Bf16>(t, row);
  }
}

}  // namespace

const Kernels table = {nullptr,       nullptr,    run<false>, run<true>,  widen,       narrow,
                       widen_panel,   interleave, transpose,  add_scaled, add_mul,     strip_sum,
                       strip_softmax, weights,    tally,      keep,       dropout_mask};

}  // namespace selfjudge::cpu::avx2
#pragma GCC pop_options
#endif
