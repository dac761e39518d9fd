// rope: rotates the pair (x[i], x[i + d/2]) by the angle of (position, i) (RoFormer, arXiv 2104.09864, in the
// half-split form of transformers). In place. table [P, d]: cos of d/2 angles, then sin, float32; scaling
// variants live in the table. direction inverse rotates back: the backward.
#pragma once
#include "../contract.h"
namespace selfjudge::ops::rope {
enum Tensor { X, TABLE, POSITIONS };
enum Number { DIRECTION };
enum Direction { FORWARD, INVERSE };
inline constexpr TensorSpec tensors[] = {
    {"x", Role::InOut, FLOATS, "T H d"},
    {"table", Role::In, F32, "P d"},
    {"positions", Role::In, I32, "T"},
};
inline constexpr NumberSpec numbers[] = {words("direction", "forward inverse")};
inline constexpr Contract spec = contract("rope", tensors, numbers);
}  // namespace selfjudge::ops::rope
