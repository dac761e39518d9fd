// rope: rotates the pair (x[i], x[i + r/2]) by the angle of (position, i), i < r/2 (RoFormer, arXiv
// 2104.09864, in the half-split form of transformers). In place; r is even and at most d, and what is past
// the first r values of a head stays as it is. table [P, r]: cos of r/2 angles, then sin, float32; scaling
// variants live in the table. direction inverse rotates back: the backward.
#pragma once
#include "../contract.h"
namespace selfjudge::ops::rope {
enum Tensor { X, TABLE, POSITIONS };
enum Number { DIRECTION };
enum Direction { FORWARD, INVERSE };
inline constexpr TensorSpec tensors[] = {
    {"x", Role::InOut, FLOATS, "T H d"},
    {"table", Role::In, F32, "P r"},
    {"positions", Role::In, I32, "T"},
};
inline constexpr NumberSpec numbers[] = {words("direction", "forward inverse")};
inline constexpr Contract spec = contract("rope", tensors, numbers);
}  // namespace selfjudge::ops::rope
