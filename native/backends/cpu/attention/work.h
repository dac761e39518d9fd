// How many rows an attention task takes, and how many query vectors at a time.
#pragma once
#include <algorithm>
#include <cstdint>

#include "../arguments.h"
#include "attention_plan.h"
#include "gemm/kernels.h"

namespace selfjudge::cpu {
// About 192 query vectors amortise the loading of a chunk and still sit in a core's own cache; fewer when the
// rows would not give every worker a few tiles. Bits do not depend on it.
inline int64_t tile_rows(int64_t rows, int64_t group, int64_t key_heads, int workers) {
  const int64_t most = std::max<int64_t>(1, std::min<int64_t>(64, 192 / group));
  return std::max<int64_t>(1, std::min(most, ceil_div(rows * key_heads, 4 * int64_t{workers})));
}

// Query vectors that are multiplied at a time: the blocks of scratch are as high.
inline int block_vectors(bool pairs) { return pairs ? kernels().pair_rows : kBlock; }
}  // namespace selfjudge::cpu
