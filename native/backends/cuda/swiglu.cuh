// The maths of swiglu, for its own op and for the products whose result it takes. The sigmoid comes from
// e^-|gate|, so nothing overflows on either side.
#pragma once
#include "numeric.cuh"

namespace selfjudge::cuda {

struct Sigmoid {
  float value, rest;  // rest = 1 - value, without cancellation
};

__device__ __forceinline__ Sigmoid sigmoid(float x) {
  const float e = expf(-fabsf(x)), larger = 1.0f / (1.0f + e), smaller = e * larger;
  return x < 0 ? Sigmoid{smaller, larger} : Sigmoid{larger, smaller};
}

__device__ __forceinline__ float swiglu(float gate, float up) { return gate * sigmoid(gate).value * up; }

}  // namespace selfjudge::cuda
