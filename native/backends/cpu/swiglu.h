// The maths of swiglu, for its own op and for the products whose result it takes.
#pragma once
#include <cstdint>

namespace selfjudge::cpu {

// y = silu(gate) up, n values of `dtype`, each computed in float32 and rounded once.
void swiglu_values(int32_t dtype, const void* gate, const void* up, void* y, int64_t n);

}  // namespace selfjudge::cpu
