// swiglu: y = gate * sigmoid(gate) * up (Shazeer, arXiv 2002.05202). Backward recomputes the sigmoid.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace swiglu {
enum Tensor { GATE, UP, Y };
inline constexpr TensorSpec tensors[] = {
    {"gate", Role::In, FLOATS, "..."},
    {"up", Role::In, FLOATS, "...", "gate"},
    {"y", Role::Out, FLOATS, "...", "gate"},
};
inline constexpr Contract spec = contract("swiglu", tensors);
}  // namespace swiglu
namespace swiglu_backward {
enum Tensor { DY, GATE, UP, DGATE, DUP };
inline constexpr TensorSpec tensors[] = {
    {"dy", Role::In, FLOATS, "..."},         {"gate", Role::In, FLOATS, "...", "dy"},
    {"up", Role::In, FLOATS, "...", "dy"},   {"dgate", Role::Out, FLOATS, "...", "dy"},
    {"dup", Role::Out, FLOATS, "...", "dy"},
};
inline constexpr Contract spec = contract("swiglu_backward", tensors);
}  // namespace swiglu_backward
}  // namespace selfjudge::ops
