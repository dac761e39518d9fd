// Products with one short side, the rank of an adapter. No result depends on the number of rows or of
// threads.
#pragma once
#include <cstdint>

#include "gemm/gemm.h"

namespace selfjudge::cpu {

// out [rows, rank] = x [rows, depth] times the transpose of right [rank, depth], in float32: each element
// sums up in as many lanes as a vector has, over ascending k, and then the lanes.
struct Projection {
  Rows x;
  int64_t rows, depth;
  const float* right;
  int64_t rank;
  float* out;
  float* dropped = nullptr;  // with dropout: projection_memory values
};
// What a projection of rows with dropout needs for each worker; else 0.
int64_t projection_memory(bool dropout, int64_t depth);

// scale b, b [n, rank] in rows, as float32 panels that reduce over the rank: panel_count(n) * kPanel * rank
// values.
struct ScaledPanels {
  const float* b;
  int64_t n, rank;
  float scale;
  float* out;
};

// All of these at once: a step of decoding has too little of each for two workers.
void run_low_rank(const Projection* projections, const ScaledPanels* panels, int count);

// x *= scale.
void scale_values(float* x, float scale, int64_t n);

}  // namespace selfjudge::cpu
