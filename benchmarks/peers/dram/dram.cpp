// How fast two threads read memory: one line out a line in, {"seconds", "bytes"} of a pass over 512 MiB, on
// average over as many as take about as long as the steps of decoding they are measured against. Loads of 64
// bytes where the processor has them, by target attributes, so that the program runs on any.
#include <sys/mman.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>
#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace {

constexpr size_t kBytes = size_t(512) << 20;
constexpr int kThreads = 2, kPasses = 24;
constexpr size_t kStreams =
    4;  // parts of a thread's half that are read side by side: more prefetchers at work

volatile uint64_t sink;  // what is read is used, or the compiler would not read it

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

/** Seconds in which each thread does `fn(its half)`. */
template <class F>
double both(char* memory, F fn) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) threads.emplace_back(fn, memory + t * (kBytes / kThreads));
  for (std::thread& thread : threads) thread.join();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main() {
  constexpr size_t kHugePage = size_t(2) << 20;
  char* memory = static_cast<char*>(std::aligned_alloc(kHugePage, kBytes));
  if (memory == nullptr) return 1;
  madvise(memory, kBytes, MADV_HUGEPAGE);  // fewer misses of the TLB; without it the same, slower
  both(memory, [](char* half) {
    for (size_t i = 0; i < kBytes / kThreads; i++) half[i] = char(i * 31);
  });
  const auto read = reader();
  for (std::string line; std::getline(std::cin, line);) {
    double seconds = 0;
    for (int pass = 0; pass < kPasses; pass++)
      seconds += both(memory, [&](char* half) { sink = sink ^ read(half, kBytes / kThreads); });
    std::printf("{\"seconds\": %.9f, \"bytes\": %zu}\n", seconds / kPasses, kBytes);
    std::fflush(stdout);
  }
}
