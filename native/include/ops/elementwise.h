// add: y = a + b. scale: y = factor x, the factor and the product in float32. add_in_place: a += b. fill:
// x = value. cast: y = x in another dtype, bf16 by round to nearest even. copy: y = x.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace add {
enum Tensor { A, B, Y };
inline constexpr TensorSpec tensors[] = {
    {"a", Role::In, FLOATS, "..."},
    {"b", Role::In, FLOATS, "...", "a"},
    {"y", Role::Out, FLOATS, "...", "a"},
};
inline constexpr Contract spec = contract("add", tensors);
}  // namespace add
namespace add_in_place {
enum Tensor { A, B };
inline constexpr TensorSpec tensors[] = {
    {"a", Role::InOut, FLOATS, "..."},
    {"b", Role::In, FLOATS, "..."},
};
inline constexpr Contract spec = contract("add_in_place", tensors);
}  // namespace add_in_place
namespace fill {
enum Tensor { X };
enum Number { VALUE };
inline constexpr TensorSpec tensors[] = {{"x", Role::InOut, F32 | BF16 | I32, "..."}};
inline constexpr NumberSpec numbers[] = {{"value", -3.5e38, 3.5e38}};
inline constexpr Contract spec = contract("fill", tensors, numbers);
}  // namespace fill
namespace cast_f32 {
enum Tensor { X, Y };
inline constexpr TensorSpec tensors[] = {{"x", Role::In, FLOATS, "..."}, {"y", Role::Out, F32, "..."}};
inline constexpr Contract spec = contract("cast_f32", tensors);
}  // namespace cast_f32
namespace cast_bf16 {
enum Tensor { X, Y };
inline constexpr TensorSpec tensors[] = {{"x", Role::In, FLOATS, "..."}, {"y", Role::Out, BF16, "..."}};
inline constexpr Contract spec = contract("cast_bf16", tensors);
}  // namespace cast_bf16
namespace copy {
enum Tensor { X, Y };
inline constexpr TensorSpec tensors[] = {{"x", Role::In, F32 | BF16 | I32, "..."},
                                         {"y", Role::InOut, F32 | BF16 | I32, "...", "x"}};
inline constexpr Contract spec = contract("copy", tensors);
}  // namespace copy
namespace scale {
enum Tensor { X, Y };
enum Number { FACTOR };
inline constexpr TensorSpec tensors[] = {{"x", Role::In, FLOATS, "..."},
                                         {"y", Role::Out, FLOATS, "...", "x"}};
// What float32 holds: nothing finite becomes an infinite factor.
inline constexpr NumberSpec numbers[] = {{"factor", -3.4028234663852886e38, 3.4028234663852886e38}};
inline constexpr Contract spec = contract("scale", tensors, numbers);
}  // namespace scale
}  // namespace selfjudge::ops
