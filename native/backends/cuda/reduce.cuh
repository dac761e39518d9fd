// Sums and maxima over a warp or a block in one fixed order, the same result in every thread.
#pragma once
#include "kernel.h"

namespace selfjudge::cuda {

inline constexpr unsigned kAllLanes = 0xffffffffu;

template <class T>
__device__ __forceinline__ T warp_sum(T x) {
#pragma unroll
  for (int offset = 16; offset; offset >>= 1) x += __shfl_xor_sync(kAllLanes, x, offset);
  return x;
}

__device__ __forceinline__ float warp_max(float x) {
#pragma unroll
  for (int offset = 16; offset; offset >>= 1) x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, offset));
  return x;
}

// Over a block of `Threads`; `parts` is shared memory for one value a warp. Barriers before and after, so it
// can be called again with the same memory.
template <int Threads, class T>
__device__ __forceinline__ T block_sum(T x, T* parts) {
  constexpr int kWarps = Threads / 32;
  x = warp_sum(x);
  __syncthreads();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  __syncthreads();
  T sum = parts[0];
#pragma unroll
  for (int w = 1; w < kWarps; w++) sum += parts[w];
  return sum;
}

}  // namespace selfjudge::cuda
