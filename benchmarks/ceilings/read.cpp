// How fast all threads together read. Loads of 64 bytes where the processor has them, by target attributes,
// so that the program runs on any.
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "ceilings.h"
#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace {

constexpr size_t kStreams = 4;  // of a thread, read side by side: more prefetchers at work
constexpr size_t kUnit = kStreams * 128;
// As many passes as take about as long as the work that they are measured against: 24 over all.
constexpr size_t kLeastPasses = 24, kBytesOfTurn = size_t(4) << 30;

uint64_t fold(const uint64_t (&words)[8]) {
  uint64_t all = 0;
  for (uint64_t word : words) all ^= word;
  return all;
}

#ifdef __x86_64__
__attribute__((target("avx512f"))) uint64_t read_avx512(const char* at, size_t bytes) {
  const size_t stream = bytes / kStreams;
  __m512i sums[kStreams] = {};
  for (size_t i = 0; i < stream; i += 128)
    for (size_t s = 0; s < kStreams; s++) {
      const char* p = at + s * stream + i;
      sums[s] = _mm512_xor_si512(sums[s], _mm512_load_si512(p));
      sums[s] = _mm512_xor_si512(sums[s], _mm512_load_si512(p + 64));
    }
  __m512i sum = sums[0];
  for (size_t s = 1; s < kStreams; s++) sum = _mm512_xor_si512(sum, sums[s]);
  alignas(64) uint64_t words[8];
  _mm512_store_si512(words, sum);
  return fold(words);
}

__attribute__((target("avx2"))) uint64_t read_avx2(const char* at, size_t bytes) {
  const size_t stream = bytes / kStreams;
  __m256i sums[kStreams] = {};
  for (size_t i = 0; i < stream; i += 64)
    for (size_t s = 0; s < kStreams; s++) {
      const auto* p = reinterpret_cast<const __m256i*>(at + s * stream + i);
      sums[s] = _mm256_xor_si256(sums[s], _mm256_xor_si256(_mm256_load_si256(p), _mm256_load_si256(p + 1)));
    }
  __m256i sum = sums[0];
  for (size_t s = 1; s < kStreams; s++) sum = _mm256_xor_si256(sum, sums[s]);
  alignas(64) uint64_t words[8] = {};
  _mm256_store_si256(reinterpret_cast<__m256i*>(words), sum);
  return fold(words);
}
#endif

uint64_t read_portable(const char* at, size_t bytes) {
  const auto* words = reinterpret_cast<const uint64_t*>(at);
  uint64_t sums[8] = {};
  for (size_t i = 0; i < bytes / 8; i += 8)
    for (size_t j = 0; j < 8; j++) sums[j] ^= words[i + j];
  return fold(sums);
}

uint64_t (*reader())(const char*, size_t) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) return read_avx512;
  if (__builtin_cpu_supports("avx2")) return read_avx2;
#endif
  return read_portable;
}

// The first `bytes` of as much as is ever read, each written before.
char* memory(size_t bytes) {
  constexpr size_t kHugePage = size_t(2) << 20;
  static char* const all = static_cast<char*>(std::aligned_alloc(kHugePage, kMostBytes));
  static size_t written = 0;
  if (all == nullptr) std::abort();
  if (written == 0)
    madvise(all, kMostBytes, MADV_HUGEPAGE);  // fewer misses of the TLB; without it the same, slower
  for (; written < bytes; written++) all[written] = char(written * 31);
  return all;
}

}  // namespace

Reading read_ceiling(int threads, size_t bytes) {
  const size_t units = std::max<size_t>(1, (bytes / size_t(threads) + kUnit - 1) / kUnit);
  const size_t part = std::min(units * kUnit, kMostBytes / size_t(threads) / kUnit * kUnit);
  const size_t passes = std::max(kLeastPasses, kBytesOfTurn / (part * size_t(threads)));
  const auto read = reader();
  char* const all = memory(part * size_t(threads));
  const auto start = std::chrono::steady_clock::now();
  on_threads(threads, [&](int t) {
    volatile uint64_t sink = 0;  // what is read is used, or the compiler would not read it
    for (size_t pass = 0; pass < passes; pass++) sink = sink ^ read(all + size_t(t) * part, part);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {seconds / double(passes), part * size_t(threads)};
}
