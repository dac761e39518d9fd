// Included first by every kernel file: nvcc sees CUDA, any other compiler sees the SIMT shim, which runs the
// same kernels on the host (simt/host.h).
//   DYN_SMEM(T, name)    dynamic shared memory as T*
//   SHARED(T, name, n)   static shared array T name[n] (poisoned per block on the host)
#pragma once
#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#define DYN_SMEM(T, name)                                        \
  extern __shared__ __align__(128) unsigned char dynamic_smem[]; \
  T* name = (T*)dynamic_smem
#define SHARED(T, name, n) __shared__ __align__(16) T name[n]
#else
#include "simt/host.h"
#define DYN_SMEM(T, name) T* name = (T*)simt::B->smem
#define SHARED(T, name, n) auto& name = simt::shared<T[n]>([] {})
#endif

namespace selfjudge::cuda {
using bf16 = __nv_bfloat16;
}
