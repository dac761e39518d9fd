// rms_norm: s = x + residual (or x), y = s * rsqrt(mean(s^2) + eps) * (offset + weight), over the last
// dimension (Zhang and Sennrich, arXiv 1910.07467); Gemma's weights are those of offset 1. Sums in float32,
// the offset's too. `sum` is s, rounded to x's dtype; y is computed from the rounded s. Backward recomputes
// the norm from s. dx is the gradient of s (so of both x and residual) and includes dsum.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace rms_norm {
enum Tensor { X, WEIGHT, RESIDUAL, Y, SUM };
enum Number { EPS, OFFSET };
inline constexpr TensorSpec tensors[] = {
    {"x", Role::In, FLOATS, "... D"},
    {"weight", Role::In, FLOATS, "D"},
    {"residual", Role::Optional, FLOATS, "... D", "x"},
    {"y", Role::Out, FLOATS, "... D", "x"},
    {"sum", Role::Out, FLOATS, "... D", "x", false, "residual"},
};
inline constexpr NumberSpec numbers[] = {{"eps", 0, 1}, {"offset", -1e30, 1e30}};
inline constexpr Contract spec = contract("rms_norm", tensors, numbers);
}  // namespace rms_norm
namespace rms_norm_backward {
enum Tensor { DY, X, WEIGHT, DSUM, GRAD_WEIGHT, DX };
enum Number { EPS, OFFSET };
inline constexpr TensorSpec tensors[] = {
    {"dy", Role::In, FLOATS, "... D"},
    {"x", Role::In, FLOATS, "... D", "dy"},  // the normalised input s
    {"weight", Role::In, FLOATS, "D"},
    {"dsum", Role::Optional, FLOATS, "... D", "dy"},
    {"grad_weight", Role::InOutOptional, F32, "D"},  // accumulated, rows ascending
    {"dx", Role::Out, FLOATS, "... D", "dy"},
};
inline constexpr NumberSpec numbers[] = {{"eps", 0, 1}, {"offset", -1e30, 1e30}};
inline constexpr Contract spec = contract("rms_norm_backward", tensors, numbers);
}  // namespace rms_norm_backward
}  // namespace selfjudge::ops
