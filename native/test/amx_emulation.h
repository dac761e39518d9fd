// The tile instructions of gemm/amx.cpp in plain code, for tests on processors without them
// (SELFJUDGE_EMULATE_AMX): shapes as configured, TDPBF16PS as Intel's manual defines it, and an error where
// the hardware would raise one or where a tile is read that nothing was put into. Needs AVX-512.
#pragma once
#include <immintrin.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace selfjudge::test::tiles {

// What becomes of an error.
inline void (*on_error)(const char* what) = [](const char* what) {
  std::fprintf(stderr, "tiles: %s\n", what);
  std::abort();
};
inline void expect(bool condition, const char* what) {
  if (!condition) on_error(what);
}

struct State {
  bool configured = false;
  int rows[8] = {}, bytes[8] = {};
  bool filled[8] = {};
  alignas(64) uint8_t data[8][16][64];
};
inline thread_local State state;

inline void load_config(const void* memory) {
  uint8_t raw[64];
  std::memcpy(raw, memory, 64);
  expect(raw[0] == 1, "palette: expected 1");
  for (int i = 1; i < 16; i++) expect(raw[i] == 0, "start row and reserved bytes: expected 0");
  State next;
  next.configured = true;
  for (int i = 0; i < 16; i++) {
    uint16_t bytes;
    std::memcpy(&bytes, raw + 16 + 2 * i, 2);
    const int rows = raw[48 + i];
    expect(i < 8 || (rows == 0 && bytes == 0), "shape of a tile past the 8th");
    expect(rows <= 16, "rows: expected at most 16");
    expect(bytes <= 64, "bytes of a row: expected at most 64");
    expect((rows == 0) == (bytes == 0), "a tile of rows without bytes, or of bytes without rows");
    if (i < 8) next.rows[i] = rows, next.bytes[i] = bytes;
  }
  std::memset(next.data, 0, sizeof next.data);
  state = next;
}

inline void release() { state = State(); }

inline void check(int tile) {
  expect(state.configured, "a tile is used before the configuration");
  expect(tile >= 0 && tile < 8 && state.rows[tile] > 0, "a tile is used that has no shape");
}

inline void zero(int tile) {
  check(tile);
  std::memset(state.data[tile], 0, sizeof state.data[tile]);
  state.filled[tile] = true;
}

inline void load(int tile, const void* from, int64_t stride) {
  zero(tile);
  for (int r = 0; r < state.rows[tile]; r++)
    std::memcpy(state.data[tile][r], static_cast<const char*>(from) + r * stride, size_t(state.bytes[tile]));
}

inline void store(int tile, void* to, int64_t stride) {
  check(tile);
  expect(state.filled[tile], "a tile is stored that nothing was put into");
  for (int r = 0; r < state.rows[tile]; r++)
    std::memcpy(static_cast<char*>(to) + r * stride, state.data[tile][r], size_t(state.bytes[tile]));
}

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // a false positive in g++ 12's intrinsics
#pragma GCC push_options
#pragma GCC target("avx512f,fma")
// One row: even and odd values of k add up apart, by fused multiply-adds from zero, and then to the sum.
[[gnu::noinline]] inline void row(float* sum, const uint32_t* a, int pairs, const uint8_t (*b)[64],
                                  int columns) {
  const __m512i high = _mm512_set1_epi32(int(0xffff0000));
  __m512 even = _mm512_setzero_ps(), odd = even;
  for (int k = 0; k < pairs; k++) {
    const __m512i x = _mm512_set1_epi32(int(a[k])), y = _mm512_load_si512(b[k]);
    even = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)),
                           _mm512_castsi512_ps(_mm512_slli_epi32(y, 16)), even);
    odd = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_si512(x, high)),
                          _mm512_castsi512_ps(_mm512_and_si512(y, high)), odd);
  }
  const __mmask16 mask = __mmask16((1u << columns) - 1);
  _mm512_mask_storeu_ps(sum, mask, _mm512_add_ps(_mm512_loadu_ps(sum), _mm512_add_ps(even, odd)));
}
#pragma GCC pop_options

inline void multiply(int sum, int a, int b) {
  check(sum), check(a), check(b);
  State& s = state;
  expect(sum != a && sum != b && a != b, "TDPBF16PS: expected three different tiles");
  expect(s.filled[sum] && s.filled[a] && s.filled[b], "TDPBF16PS: a tile that nothing was put into");
  expect(s.rows[sum] == s.rows[a], "TDPBF16PS: rows of the sums and of A differ");
  expect(s.bytes[sum] == s.bytes[b], "TDPBF16PS: columns of the sums and of B differ");
  expect(s.bytes[a] == 4 * s.rows[b] && s.bytes[a] % 4 == 0 && s.bytes[b] % 4 == 0,
         "TDPBF16PS: depths of A and of B differ");
  const unsigned mode = _mm_getcsr();
  _mm_setcsr((mode & ~0x6000u) | 0x8040u);  // nearest even; denormals are zero, read or written
  for (int m = 0; m < s.rows[sum]; m++)
    row(reinterpret_cast<float*>(s.data[sum][m]), reinterpret_cast<const uint32_t*>(s.data[a][m]),
        s.bytes[a] / 4, s.data[b], s.bytes[b] / 4);
  _mm_setcsr(mode);
}

}  // namespace selfjudge::test::tiles

#undef _tile_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbf16ps
#define _tile_loadconfig(memory) selfjudge::test::tiles::load_config(memory)
#define _tile_release() selfjudge::test::tiles::release()
#define _tile_zero(tile) selfjudge::test::tiles::zero(tile)
#define _tile_loadd(tile, from, stride) selfjudge::test::tiles::load(tile, from, stride)
#define _tile_stored(tile, to, stride) selfjudge::test::tiles::store(tile, to, stride)
#define _tile_dpbf16ps(sum, a, b) selfjudge::test::tiles::multiply(sum, a, b)
