// core/philox.h on the device.
#pragma once
#include "kernel.h"

namespace selfjudge::cuda {

__device__ __forceinline__ uint4 philox4x32(uint32_t key0, uint32_t key1, uint4 counter) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const uint64_t a = uint64_t(0xD2511F53u) * counter.x, b = uint64_t(0xCD9E8D57u) * counter.z;
    counter = {uint32_t(b >> 32) ^ counter.y ^ key0, uint32_t(b), uint32_t(a >> 32) ^ counter.w ^ key1,
               uint32_t(a)};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

}  // namespace selfjudge::cuda
