// adamw: decoupled weight decay (arXiv 1711.05101), PyTorch's order of operations, float32 state:
//   p *= 1 - lr * weight_decay; g = grad * grad_scale; m += (1 - b1)(g - m); v = b2 v + (1 - b2) g^2;
//   p -= lr / (1 - b1^step) * m / (sqrt(v) / sqrt(1 - b2^step) + eps). step counts from 1.
#pragma once
#include "../contract.h"
namespace selfjudge::ops::adamw {
enum Tensor { GRAD, PARAM, M, V };
enum Number { LR, BETA1, BETA2, EPS, WEIGHT_DECAY, STEP, GRAD_SCALE };
inline constexpr TensorSpec tensors[] = {
    {"grad", Role::In, F32, "N"},
    {"param", Role::InOut, F32, "N"},
    {"m", Role::InOut, F32, "N"},
    {"v", Role::InOut, F32, "N"},
};
inline constexpr NumberSpec numbers[] = {{"lr", 0, 1e6},
                                         {"beta1", 0, 1},
                                         {"beta2", 0, 1},
                                         {"eps", 0, 1},
                                         {"weight_decay", 0, 1e6},
                                         {"step", 1, 4294967295.0, true},
                                         {"grad_scale", -1e30, 1e30}};
inline constexpr Contract spec = contract("adamw", tensors, numbers);
}  // namespace selfjudge::ops::adamw
