// Dropout of an adapter's input (Srivastava et al., JMLR 2014), keyed by the row's own path: see
// ops/linear.h.
#pragma once
#include <cmath>
#include <cstdint>

#include "gemm/kernels.h"

namespace selfjudge::cpu {

struct Dropout {
  double p;
  uint32_t seed, step, module;
  const int32_t* row_keys;  // [rows, 2]

  // mask[i] = 1 / (1 - p) where column first + i of the row is kept, else 0. `first`: a multiple of 4.
  void mask(int64_t row, int64_t first, float* mask, int64_t columns) const {
    const uint32_t key[2] = {seed, step};
    const uint32_t counter[3] = {module, uint32_t(row_keys[2 * row]), uint32_t(row_keys[2 * row + 1])};
    kernels().dropout_mask(key, counter, uint32_t(std::ceil(p * 4294967296.0)), float(1 / (1 - p)), first,
                           mask, columns);
  }
};

}  // namespace selfjudge::cpu
