// What embedding and gather_rows share: rows copied by index, and rows summed by index in ascending order.
#pragma once
#include "launch.h"
#include "numeric.cuh"
#include "reduce.cuh"

namespace selfjudge::cuda {

inline constexpr int kRowThreads = 128;

// y[i] = x[index[i]], row by row of `width` values of a type as large as U.
template <class U>
__global__ void __launch_bounds__(kRowThreads)
    copy_rows(const U* x, const int32_t* index, U* y, int64_t width, int op, int slot, int64_t limit,
              FaultRecord* faults) {
  const int64_t i = blockIdx.x;
  int64_t row = index[i];
  if (row < 0 || row >= limit) {
    if (threadIdx.x == 0) in_range(faults, op, slot, i, -1, row, 0, limit - 1);
    row = 0;
  }
  for (int64_t j = threadIdx.x; j < width; j += kRowThreads) y[i * width + j] = x[row * width + j];
}

template <class T>
int32_t launch_copy_rows(Context& context, const T* x, const int32_t* index, T* y, int64_t rows,
                         int64_t width, int op, int slot, int64_t limit, sj_error* error) {
  const auto go = [&]<class U>(U) {
    return context.launch(copy_rows<U>, dim3(unsigned(rows)), dim3(kRowThreads), 0, error,
                          reinterpret_cast<const U*>(x), index, reinterpret_cast<U*>(y),
                          width * int64_t(sizeof(T)) / int64_t(sizeof(U)), op, slot, limit, context.faults());
  };
  const bool wide = width * sizeof(T) % 16 == 0 && reinterpret_cast<uintptr_t>(x) % 16 == 0 &&
                    reinterpret_cast<uintptr_t>(y) % 16 == 0;
  if (wide) return go(Pack<uint32_t, 4>{});
  return go(T{});
}

// Visits the i in [from, count) with index[i] == key, ascending; every thread of the block calls body(i) for
// each.
template <class Body>
__device__ __forceinline__ void for_each_match(const int32_t* index, int64_t from, int64_t count, int32_t key,
                                               uint32_t* masks, Body&& body) {
  constexpr int kWarps = kRowThreads / 32;
  for (int64_t first = from; first < count; first += kRowThreads) {
    const int64_t i = first + threadIdx.x;
    const uint32_t mask = __ballot_sync(kAllLanes, i < count && index[i] == key);
    if (threadIdx.x % 32 == 0) masks[threadIdx.x / 32] = mask;
    __syncthreads();
    for (int w = 0; w < kWarps; w++) {
      for (uint32_t rest = masks[w]; rest; rest &= rest - 1) body(first + w * 32 + __ffs(int(rest)) - 1);
    }
    __syncthreads();
  }
}

}  // namespace selfjudge::cuda
