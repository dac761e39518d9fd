// The most bf16 dot products that the cores do: VDPBF16PS on registers, as many chains as hide its latency,
// no memory.
#include <immintrin.h>
#include <omp.h>
#include <algorithm>
#include "peer.h"

namespace {

constexpr int CHAINS = 16;
constexpr int64_t STEPS = 1 << 17;
constexpr int PIECES = 100;
constexpr double OPERATIONS = 64.0 * CHAINS * STEPS;  // of a piece: 32 products and 32 sums an instruction

__attribute__((target("avx512f,avx512bf16"))) float dot_products() {
  // Ones, from a place the compiler cannot see into, so that nothing is computed beforehand.
  volatile int32_t ones = 0x3f803f80;
  const __m512bh a = (__m512bh)_mm512_set1_epi32(ones), b = (__m512bh)_mm512_set1_epi32(ones);
  __m512 sums[CHAINS];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  for (int64_t step = 0; step < STEPS; step++)
#pragma GCC unroll 16
    for (__m512& sum : sums) sum = _mm512_dpbf16_ps(sum, a, b);
  __m512 total = _mm512_setzero_ps();
  for (const __m512& sum : sums) total = _mm512_add_ps(total, sum);
  return _mm512_cvtss_f32(total);
}

}  // namespace

// All threads at once, each in short pieces of which the fastest counts: another program's turn on a core is
// no ceiling.
double register_ceiling() {
  if (!__builtin_cpu_supports("avx512bf16")) return 0;
  double operations = 0;
#pragma omp parallel reduction(+ : operations)
  {
    double best = 1e9;
    volatile float kept;
    for (int piece = 0; piece < PIECES; piece++) {
      const double start = omp_get_wtime();
      kept = dot_products();
      best = std::min(best, omp_get_wtime() - start);
    }
    (void)kept;
    operations += OPERATIONS / best;
  }
  return operations;
}
