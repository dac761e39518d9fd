// The maths of swiglu, for its own op and for the product that takes a gate.
#pragma once
#include <cstdint>

namespace selfjudge::cpu {

// y = act(gate) up, n values of `dtype`, each computed in float32 and rounded once, on all workers. y may be
// up. activation: an ops::Activation.
void swiglu(int32_t dtype, int activation, const void* gate, const void* up, void* y, int64_t n);

}  // namespace selfjudge::cpu
