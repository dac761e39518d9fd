// What the kernels of AMX share: the instruction set, which this chooses from here to the end of a file (that
// ends with pop_options), and the shapes of tile registers.
#pragma once
#include <immintrin.h>

#include "kernels.h"

#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // a false positive in g++ 12's intrinsics
#ifdef SELFJUDGE_EMULATE_AMX
#include "../../../test/amx_emulation.h"
#endif
#pragma GCC push_options
#ifdef SELFJUDGE_EMULATE_AMX
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,prefer-vector-width=512")
#else
#pragma GCC target( \
    "amx-tile,amx-bf16,avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,prefer-vector-width=512")
#endif

namespace selfjudge::cpu::amx {

constexpr int kPairs = kDotDepth / 2;  // of a tile
constexpr int kTile = kPairs * 16;     // words

struct alignas(64) Configuration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes[16] = {};  // a row's
  uint8_t rows[16] = {};
};

// g++'s tile intrinsics do not say that they read memory: what was written for them must be there.
inline void written() { __asm__ volatile("" ::: "memory"); }

// How many rows this thread's tiles have the shape for; 0: none has a shape.
inline thread_local int shaped = 0;

// Tiles for `rows` rows of A, each of 64 bytes.
//   up to 16 rows: sums in 0 .. 3, A in 4, B in 5 .. 7;
//   17 to 32: sums of the first 16 in 0 and 1, of the others in 2 and 3, A in 4 and 5, B in 6 and 7.
inline void shape(int rows) {
  if (shaped == rows) return;
  const int below = rows - kBlockRows;
  const int few[8] = {rows, rows, rows, rows, rows, 16, 16, 16},
            many[8] = {16, 16, below, below, 16, below, 16, 16};
  Configuration shapes;
  for (int i = 0; i < 8; i++) shapes.rows[i] = uint8_t(below > 0 ? many[i] : few[i]), shapes.bytes[i] = 64;
  written();
  _tile_loadconfig(&shapes);
  shaped = rows;
}

}  // namespace selfjudge::cpu::amx
