// The rotation of rope and of kv_write: a pair of values turned by an angle.
#pragma once
#include "numeric.cuh"

namespace selfjudge::cuda {

template <class T>
__device__ __forceinline__ void rotate_pair(T a, T b, float c, float s, T& low, T& high) {
  const float x = to_float(a), y = to_float(b);
  low = from_float<T>(fused(-y, s, x * c));
  high = from_float<T>(fused(x, s, y * c));
}

}  // namespace selfjudge::cuda
