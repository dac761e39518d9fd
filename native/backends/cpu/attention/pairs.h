// Attention's factors as pairs of bf16 values, for the paths that multiply them (Kernels::pair_tile): what
// runs over keys pairs neighbouring depths, what runs over depth pairs neighbouring keys or query vectors.
#pragma once
#include <cstdint>

#include "../../arguments.h"
#include "../gemm/gemm.h"
#include "plan.h"

namespace selfjudge::cpu {

// A right factor of pair_tile.
struct PairFactor {
  const void* data = nullptr;
  int64_t stride = 0;
  bool packed = true;
};

// Values of a row of bf16 scratch, and words of a row of packed scratch: whole registers.
inline int64_t words_of(int64_t depth) { return (depth + 1) / 2; }

// out[0 .. padded) = in[0 .. depth), then zeros.
void copy_padded(const uint16_t* in, int64_t depth, int64_t padded, uint16_t* out);

// Packed pairs of depths: out[i][j] = (in[rows[j]][2 i], in[rows[j]][2 i + 1]) for j < count, zero up to 64
// columns. memory: 64 words_of(depth) words.
PairFactor pair_depths(const uint16_t* in, int64_t stride, const int32_t* rows, int count, int64_t depth,
                       uint32_t* out, uint32_t* memory);

// Packed pairs of rows: out[i][x] = (in[rows[2 i]][x], in[rows[2 i + 1]][x]), a row past an odd count and
// columns from depth to padded being zero. rows null: 0, 1, ...
PairFactor pair_rows(const uint16_t* in, int64_t stride, const int32_t* rows, int count, int64_t depth,
                     int64_t padded, uint32_t* out);

// sum[r][x] += the sum over first[r] <= j < last[r] of c[r][j] b[j][x], for count <= kernels().pair_rows
// rows. c: rows of c_stride values, whole pairs; one outside its row's range may be anything, and does not
// stay.
void accumulate_pairs_between(int count, uint16_t* c, int64_t c_stride, const PairFactor& b, const int* first,
                              const int* last, int64_t padded, float* sum);

}  // namespace selfjudge::cpu
