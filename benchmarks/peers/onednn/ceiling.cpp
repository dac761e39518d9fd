// The most bf16 dot products that the cores do on registers, no memory: TDPBF16PS on tiles where the CPU has
// them, else VDPBF16PS; as many chains as hide the latency.
#include <immintrin.h>
#include <omp.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include "peer.h"

namespace {

constexpr int CHAINS = 16;
constexpr int64_t STEPS = 1 << 17;
constexpr int PIECES = 100;
constexpr double OPERATIONS = 64.0 * CHAINS * STEPS;  // of a piece: 32 products and 32 sums an instruction

constexpr int64_t TILE_STEPS = 1 << 15;
constexpr double TILE_OPERATIONS = 2.0 * 16 * 16 * 32 * 4 * TILE_STEPS;  // four tiles a step

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

struct alignas(64) Configuration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

__attribute__((target("amx-tile,amx-bf16"))) float tile_products() {
  const Configuration shapes;
  alignas(64) uint16_t ones[16 * 32];
  alignas(64) float sums[16 * 16];
  std::fill_n(ones, 16 * 32, uint16_t(0x3f80));
  __asm__ volatile("" ::: "memory");
  _tile_loadconfig(&shapes);
  _tile_loadd(4, ones, 64);
  _tile_loadd(5, ones, 64);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t step = 0; step < TILE_STEPS; step++) {
    _tile_dpbf16ps(0, 4, 5);
    _tile_dpbf16ps(1, 4, 5);
    _tile_dpbf16ps(2, 4, 5);
    _tile_dpbf16ps(3, 4, 5);
  }
  float total = 0;
  _tile_stored(0, sums, 64);
  __asm__ volatile("" ::: "memory");
  total += sums[0];
  _tile_stored(3, sums, 64);
  __asm__ volatile("" ::: "memory");
  total += sums[0];
  _tile_release();
  return total;
}

// Linux saves the state of tiles for processes that have asked only.
bool tiles_granted() {
  constexpr int REQUEST_PERMISSION = 0x1023, TILE_DATA = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
         syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

}  // namespace

// All threads at once, each in short pieces of which the fastest counts: another program's turn on a core is
// no ceiling.
double register_ceiling() {
  if (!__builtin_cpu_supports("avx512bf16")) return 0;
  const bool tiles = tiles_granted();
  double operations = 0;
#pragma omp parallel reduction(+ : operations)
  {
    double best = 1e9;
    volatile float kept;
    for (int piece = 0; piece < PIECES; piece++) {
      const double start = omp_get_wtime();
      kept = tiles ? tile_products() : dot_products();
      best = std::min(best, omp_get_wtime() - start);
    }
    (void)kept;
    operations += (tiles ? TILE_OPERATIONS : OPERATIONS) / best;
  }
  return operations;
}
