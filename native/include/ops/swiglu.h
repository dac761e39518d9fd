// swiglu: y = act(gate) * up (Shazeer, arXiv 2002.05202), act(g) = g sigmoid(k(g)) in float32. silu: k(g) =
// g. gelu_tanh: k(g) = 2 sqrt(2/pi) (g + 0.044715 g^3), which is 0.5 g (1 + tanh(k(g) / 2)), the
// approximation of GELU by Hendrycks and Gimpel (arXiv 1606.08415), without its cancellation at negative g: 4
// units in the last place for g of -1 and more, below that 3 |k(g)| of them, since e^k is off by k's rounding
// times k (8 at -2, 21 at -4, 119 at -8, all less than 5e-8). k in two words would end that, and a third or
// more was lost of the speed of the op in cache on AVX2. Backward recomputes the sigmoid.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
enum Activation { SILU, GELU_TANH };
#define SJ_ACTIVATION words("activation", "silu gelu_tanh")
namespace swiglu {
enum Tensor { GATE, UP, Y };
enum Number { ACTIVATION };
inline constexpr TensorSpec tensors[] = {
    {"gate", Role::In, FLOATS, "..."},
    {"up", Role::In, FLOATS, "...", "gate"},
    {"y", Role::Out, FLOATS, "...", "gate"},
};
inline constexpr NumberSpec numbers[] = {SJ_ACTIVATION};
inline constexpr Contract spec = contract("swiglu", tensors, numbers);
}  // namespace swiglu
namespace swiglu_backward {
enum Tensor { DY, GATE, UP, DGATE, DUP };
enum Number { ACTIVATION };
inline constexpr TensorSpec tensors[] = {
    {"dy", Role::In, FLOATS, "..."},         {"gate", Role::In, FLOATS, "...", "dy"},
    {"up", Role::In, FLOATS, "...", "dy"},   {"dgate", Role::Out, FLOATS, "...", "dy"},
    {"dup", Role::Out, FLOATS, "...", "dy"},
};
inline constexpr NumberSpec numbers[] = {SJ_ACTIVATION};
inline constexpr Contract spec = contract("swiglu_backward", tensors, numbers);
}  // namespace swiglu_backward
}  // namespace selfjudge::ops
