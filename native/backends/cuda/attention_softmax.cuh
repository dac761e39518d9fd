// The running softmax of a row over its chunks, in powers of two. Chunks go in ascending order:
//   top  = max over the chunk of the scores, times `factor`   (factor = |scale| log2 e > 0; a negative scale
//          negates the query instead, so that the maximum may be taken before scaling)
//   base = max(base, top),  keep = 2^(old base - base),  weight_j = 2^(score_j factor - base)
//   sum  = sum keep + (sum of the chunk's weights),  o = o keep + weights v
// A chunk a row does not see has scores of -inf: keep is 1 and the weights are 0, an exact no-op.
#pragma once
#include <algorithm>
#include <cfloat>
#include <cmath>

#include "arch/sm80.cuh"
#include "numeric.cuh"

namespace selfjudge::cuda {

inline constexpr double kLog2e = 1.4426950408889634;

struct Scale {
  float factor;
  bool negate;
  explicit Scale(double scale)  // never 0, where masked scores would turn into NaN
      : factor(std::max(FLT_MIN, float(std::fabs(scale) * kLog2e))), negate(scale < 0) {}
};

struct SoftmaxStep {
  float base, keep;
};
// Moves a row's base on over a chunk; the base to subtract is finite.
__device__ __forceinline__ SoftmaxStep advance(float& base, float top) {
  const float next = fmaxf(base, top), finite = next == -INFINITY ? 0.0f : next;
  const SoftmaxStep step{finite, ex2(base - finite)};
  base = next;
  return step;
}
__device__ __forceinline__ float weight_of(float score, float factor, float base) {
  return ex2(fused(score, factor, -base));
}
__device__ __forceinline__ float log_sum(float base, float sum) {
  return fused(base, 0.6931471805599453f, logf(sum));
}

}  // namespace selfjudge::cuda
