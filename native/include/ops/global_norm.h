// global_norm: sqrt(sum x^2), float64 sums over fixed blocks of 4,096 values merged in ascending order.
#pragma once
#include "../contract.h"
namespace selfjudge::ops::global_norm {
enum Tensor { X, NORM };
inline constexpr TensorSpec tensors[] = {
    {"x", Role::In, F32, "N"},
    {"norm", Role::Out, F32, "1"},
};
inline constexpr Contract spec = contract("global_norm", tensors);
}  // namespace selfjudge::ops::global_norm
