// gather_rows: y[i] = x[rows[i]]. scatter_rows: y = 0, y[rows[i]] += x[i], i ascending: the backward of
// gather_rows.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace gather_rows {
enum Tensor { X, ROWS, Y };
inline constexpr TensorSpec tensors[] = {
    {"x", Role::In, FLOATS, "T D"},
    {"rows", Role::In, I32, "R"},
    {"y", Role::Out, FLOATS, "R D", "x"},
};
inline constexpr Contract spec = contract("gather_rows", tensors);
}  // namespace gather_rows
namespace scatter_rows {
enum Tensor { X, ROWS, Y };
enum Number { T };
inline constexpr TensorSpec tensors[] = {
    {"x", Role::In, FLOATS, "R D"},
    {"rows", Role::In, I32, "R"},
    {"y", Role::Out, FLOATS, "@t D", "x"},
};
inline constexpr NumberSpec numbers[] = {{"t", 1, 2147483647, true}};
inline constexpr Contract spec = contract("scatter_rows", tensors, numbers);
}  // namespace scatter_rows
}  // namespace selfjudge::ops
