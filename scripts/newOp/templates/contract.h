// op_stem: y = scale * x^2. The backward: dx = 2 * scale * x * dy. EDIT: the maths, and its source.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace op_stem {
// EDIT: the tensors and numbers, and the tables that say their roles, dtypes, shapes and ranges.
enum Tensor { X, Y };
enum Number { SCALE };
inline constexpr TensorSpec tensors[] = {
    {"x", Role::In, FLOATS, "..."},
    {"y", Role::Out, FLOATS, "...", "x"},
};
inline constexpr NumberSpec numbers[] = {{"scale", -1e30, 1e30}};
inline constexpr Contract spec = contract("op_stem", tensors, numbers);
}  // namespace op_stem
namespace op_stem_backward {
enum Tensor { DY, X, DX };
enum Number { SCALE };
inline constexpr TensorSpec tensors[] = {
    {"dy", Role::In, FLOATS, "..."},
    {"x", Role::In, FLOATS, "...", "dy"},
    {"dx", Role::Out, FLOATS, "...", "dy"},
};
inline constexpr NumberSpec numbers[] = {{"scale", -1e30, 1e30}};
inline constexpr Contract spec = contract("op_stem_backward", tensors, numbers);
}  // namespace op_stem_backward
}  // namespace selfjudge::ops
