// The maths of swiglu, for its own op and for the products whose result it takes. The sigmoid comes from
// e^-|gate|, so nothing overflows on either side.
#pragma once
#include "../../include/ops/swiglu.h"
#include "numeric.cuh"

namespace selfjudge::cuda {

struct Sigmoid {
  float value, rest;  // rest = 1 - value, without cancellation
};

__device__ __forceinline__ Sigmoid sigmoid(float x) {
  const float e = expf(-fabsf(x)), larger = 1.0f / (1.0f + e), smaller = e * larger;
  return x < 0 ? Sigmoid{smaller, larger} : Sigmoid{larger, smaller};
}

// An activation is g sigmoid(inner(g)); `growth` is g times the slope of inner.
struct Silu {
  static __device__ __forceinline__ float inner(float g) { return g; }
  static __device__ __forceinline__ float growth(float g) { return g; }
};
struct GeluTanh {
  static __device__ __forceinline__ float inner(float g) { return odd(g, 0.0713548163f); }
  static __device__ __forceinline__ float growth(float g) { return odd(g, 3 * 0.0713548163f); }

 private:
  // 2 sqrt(2/pi) g + cubic g^3. From 16 on the sigmoid is 0 or 1 and its slope 0: there g^3 must not become
  // infinite, whose product with 0 is none. A NaN stays one.
  static __device__ __forceinline__ float odd(float g, float cubic) {
    if (fabsf(g) > 16.0f) g = copysignf(16.0f, g);
    return fused(g * g, cubic, 1.5957691216f) * g;
  }
};

template <class A>
__device__ __forceinline__ float swiglu(float gate, float up) {
  return gate * sigmoid(A::inner(gate)).value * up;
}

// The same, for products: a version of their epilogue for each activation would cost them registers.
__device__ __forceinline__ float swiglu(int activation, float gate, float up) {
  const float inner = activation == ops::GELU_TANH ? GeluTanh::inner(gate) : Silu::inner(gate);
  return gate * sigmoid(inner).value * up;
}

}  // namespace selfjudge::cuda
