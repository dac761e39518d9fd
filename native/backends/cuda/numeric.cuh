// Storage types and float32 arithmetic that rounds the same on every device and in the shim.
#pragma once
#include "kernel.h"

namespace selfjudge::cuda {

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(bf16 x) { return __bfloat162float(x); }

template <class T>
__device__ __forceinline__ T from_float(float x);
template <>
__device__ __forceinline__ float from_float<float>(float x) {
  return x;
}
template <>
__device__ __forceinline__ bf16 from_float<bf16>(float x) {
  return __float2bfloat16(x);
}

// a b + c rounded once. Written wherever a product and a sum are meant to fuse: contraction is off.
__device__ __forceinline__ float fused(float a, float b, float c) {
#ifdef __CUDA_ARCH__
  return __fmaf_rn(a, b, c);
#else
  return fmaf(a, b, c);
#endif
}

// `N` neighbouring values as one access of 16 bytes or less; the address is a multiple of its size.
template <class T, int N>
struct alignas(sizeof(T) * N) Pack {
  T at[N];
};

// Values a 16-byte access holds.
template <class T>
inline constexpr int kPackSize = 16 / int(sizeof(T));

}  // namespace selfjudge::cuda
