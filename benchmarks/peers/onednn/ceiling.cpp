// The most bf16 dot products that the cores do: VDPBF16PS on registers, as many chains as hide its latency,
// no memory.
#include <immintrin.h>
#include <omp.h>
#include <algorithm>
#include <vector>
#include "peer.h"

namespace {

constexpr int CHAINS = 16;
constexpr int64_t STEPS = 1 << 21;
constexpr double OPERATIONS = 64.0 * CHAINS * STEPS;  // of one thread: 32 products and 32 sums an instruction

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

double register_ceiling() {
  if (!__builtin_cpu_supports("avx512bf16")) return 0;
  const int threads = omp_get_max_threads();
  std::vector<double> seconds(threads);
  volatile float kept = 0;
#pragma omp parallel num_threads(threads)
  {
    const double start = omp_get_wtime();
    const float total = dot_products();
    seconds[omp_get_thread_num()] = omp_get_wtime() - start;
#pragma omp critical
    kept = kept + total;
  }
  return threads * OPERATIONS / *std::max_element(seconds.begin(), seconds.end());
}
