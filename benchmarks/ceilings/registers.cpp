// The most bf16 products and sums that the cores do on registers, no memory: TDPBF16PS on tiles where the CPU
// has them, else VDPBF16PS, else in float32, by as wide an FMA as there is; as many chains as hide the
// latency.
#include "ceilings.h"

#ifdef __x86_64__
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace {

constexpr int CHAINS = 16;
constexpr int64_t STEPS = 1 << 17;
constexpr int64_t TILE_STEPS = 1 << 15;
constexpr int PIECES = 100;

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

__attribute__((target("avx512f"))) float wide_fmas() {
  volatile float half = 0.5f;
  const __m512 a = _mm512_set1_ps(half), b = _mm512_set1_ps(half);
  __m512 sums[CHAINS];
  for (__m512& sum : sums) sum = _mm512_setzero_ps();
  for (int64_t step = 0; step < STEPS; step++)
#pragma GCC unroll 16
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, a, b);
  __m512 total = _mm512_setzero_ps();
  for (const __m512& sum : sums) total = _mm512_add_ps(total, sum);
  return _mm512_cvtss_f32(total);
}

constexpr int FEW_CHAINS = 10;  // there are 16 registers
__attribute__((target("avx2,fma"))) float fmas() {
  volatile float half = 0.5f;
  const __m256 a = _mm256_set1_ps(half), b = _mm256_set1_ps(half);
  __m256 sums[FEW_CHAINS];
  for (__m256& sum : sums) sum = _mm256_setzero_ps();
  for (int64_t step = 0; step < STEPS; step++)
#pragma GCC unroll 16
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, a, b);
  __m256 total = _mm256_setzero_ps();
  for (const __m256& sum : sums) total = _mm256_add_ps(total, sum);
  return _mm256_cvtss_f32(total);
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

struct Piece {
  float (*run)() = nullptr;
  double operations = 0;  // of a run: a product and a sum each
};

Piece best_piece() {
  if (tiles_granted()) return {tile_products, 2.0 * 16 * 16 * 32 * 4 * TILE_STEPS};  // four tiles a step
  if (__builtin_cpu_supports("avx512bf16")) return {dot_products, 2.0 * 32 * CHAINS * STEPS};
  if (__builtin_cpu_supports("avx512f")) return {wide_fmas, 2.0 * 16 * CHAINS * STEPS};
  if (__builtin_cpu_supports("fma")) return {fmas, 2.0 * 8 * FEW_CHAINS * STEPS};
  return {};
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

// All threads at once, each in short pieces of which the fastest counts: another program's turn on a core is
// no ceiling.
double register_ceiling(int threads) {
  static const Piece piece = best_piece();
  if (piece.run == nullptr) return 0;
  double operations = 0;
  std::mutex adding;
  on_threads(threads, [&](int) {
    double best = 1e9;
    volatile float kept = 0;
    for (int i = 0; i < PIECES; i++) {
      const double start = now();
      kept = piece.run();
      best = std::min(best, now() - start);
    }
    (void)kept;
    const std::lock_guard guard(adding);
    operations += piece.operations / best;
  });
  return operations;
}
#else
double register_ceiling(int) { return 0; }
#endif
