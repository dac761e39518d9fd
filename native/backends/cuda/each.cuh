// Elementwise kernels: a functor's `at<N>(i)` works on N neighbouring values from i on, as one access a
// tensor.
#pragma once
#include <initializer_list>

#include "launch.h"
#include "numeric.cuh"

namespace selfjudge::cuda {

template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_pack(const T* p) {
  return *reinterpret_cast<const Pack<T, N>*>(p);
}
template <int N, class T>
__device__ __forceinline__ void store_pack(T* p, const Pack<T, N>& values) {
  *reinterpret_cast<Pack<T, N>*>(p) = values;
}

template <int N, class F>
__global__ void __launch_bounds__(256) each_kernel(int64_t n, F f) {
  const int64_t stride = int64_t(gridDim.x) * 256 * N;
  for (int64_t i = (int64_t(blockIdx.x) * 256 + threadIdx.x) * N; i < n; i += stride) {
    if (i + N <= n) {
      f.template at<N>(i);
    } else {
      for (int64_t j = i; j < n; j++) f.template at<1>(j);
    }
  }
}

// Runs `f` over n values, N at a time where every one of `pointers` allows 16-byte accesses.
template <int N, class F>
int32_t each(Context& context, int64_t n, const F& f, std::initializer_list<const void*> pointers,
             sj_error* error) {
  bool aligned = true;
  for (const void* pointer : pointers) aligned = aligned && reinterpret_cast<uintptr_t>(pointer) % 16 == 0;
  const int64_t most = int64_t(context.multiprocessors()) * 16;
  const auto blocks = [&](int width) { return dim3(unsigned(std::min(most, ceil_div(n, 256 * width)))); };
  return aligned ? context.launch(each_kernel<N, F>, blocks(N), dim3(256), 0, error, n, f)
                 : context.launch(each_kernel<1, F>, blocks(1), dim3(256), 0, error, n, f);
}

}  // namespace selfjudge::cuda
