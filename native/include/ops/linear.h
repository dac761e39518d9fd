// linear: z = x W^T (+ bias) + sum over adapters i of scale_i (drop_i(x) A_i^T) B_i^T on rows [start_i,
// start_i + rows_i) (LoRA, arXiv 2106.09685). W [N, K] is in panels; every output element is one float32
// chain over ascending k, so it does not depend on the number of rows. A, B and xa = drop(x) A^T are float32;
// xa is returned for the backward. An absent adapter has no a_i and rows_i 0. Dropout (p_i > 0, needs
// row_keys): element (t, k) is kept when philox4x32(key = (seed, step), counter = (module_i, row_keys[t,0],
// row_keys[t,1], k / 4))[k % 4] >= p 2^32, and scaled by 1 / (1 - p): a function of the row's own path, so
// packing does not change it. y = z, or with a gate act(gate) z (ops/swiglu.h), of z rounded to y's dtype:
// the bits of swiglu(gate, z), which is never stored; activation is the gate's. No backward of a gated call.
//
// Backward: dx = dy W + sum_i scale_i drop_i^T((dy B_i) A_i), grad_w += dy^T x, grad_bias += sum dy,
// grad_a_i += scale_i (dy B_i)^T drop_i(x), grad_b_i += scale_i dy^T xa_i; sums over rows ascending in fixed
// blocks. x is absent when no grad_w and no grad_a_i is asked for: a frozen layer keeps no input alive.
#pragma once
#include "../contract.h"
#include "swiglu.h"
namespace selfjudge::ops {
namespace linear {
enum Tensor { X, W, BIAS, ROW_KEYS, A0, B0, A1, B1, GATE, Y, XA0, XA1 };
enum Number {
  SCALE0,
  START0,
  ROWS0,
  P0,
  MODULE0,
  SCALE1,
  START1,
  ROWS1,
  P1,
  MODULE1,
  SEED,
  STEP,
  ACTIVATION
};
inline constexpr TensorSpec tensors[] = {
    {"x", Role::In, FLOATS, "T K"},
    {"w", Role::In, FLOATS, "N K", "x", true},
    {"bias", Role::Optional, FLOATS, "N", "x"},
    {"row_keys", Role::Optional, I32, "T 2"},
    {"a0", Role::Optional, F32, "R0 K"},
    {"b0", Role::Optional, F32, "N R0"},
    {"a1", Role::Optional, F32, "R1 K"},
    {"b1", Role::Optional, F32, "N R1"},
    {"gate", Role::Optional, FLOATS, "T N", "x"},
    {"y", Role::Out, FLOATS, "T N", "x"},
    {"xa0", Role::Out, F32, "@rows0 R0", nullptr, false, "a0"},
    {"xa1", Role::Out, F32, "@rows1 R1", nullptr, false, "a1"},
};
#define SJ_ADAPTER_NUMBERS(i)                                                                     \
  {"scale" #i, -1e30, 1e30}, {"start" #i, 0, 2147483647, true}, {"rows" #i, 0, 2147483647, true}, \
      {"p" #i, 0, 0.999999}, {                                                                    \
    "module" #i, 0, 2147483647, true                                                              \
  }
inline constexpr NumberSpec numbers[] = {SJ_ADAPTER_NUMBERS(0),
                                         SJ_ADAPTER_NUMBERS(1),
                                         {"seed", 0, 4294967295.0, true},
                                         {"step", 0, 4294967295.0, true},
                                         SJ_ACTIVATION};
inline constexpr Contract spec = contract("linear", tensors, numbers);
}  // namespace linear
// linear_group: two or three linear layers of one x at once, as the queries, keys and values of a block are:
// y_i has the bits of linear. Adapters are on all rows, without dropout. No backward.
namespace linear_group {
enum Tensor {
  X,
  W0,
  BIAS0,
  A00,
  B00,
  A01,
  B01,
  W1,
  BIAS1,
  A10,
  B10,
  A11,
  B11,
  W2,
  BIAS2,
  A20,
  B20,
  A21,
  B21,
  Y0,
  Y1,
  Y2
};
inline constexpr int kParts = 3, kSlots = W1 - W0;  // slots of a layer
enum Number { SCALE00, SCALE01, SCALE10, SCALE11, SCALE20, SCALE21 };
#define SJ_LINEAR_PART(i, role)                                                                     \
  {"w" #i, role, FLOATS, "N" #i " K", "x", true}, {"bias" #i, Role::Optional, FLOATS, "N" #i, "x"}, \
      {"a" #i "0", Role::Optional, F32, "R" #i "0 K"},                                              \
      {"b" #i "0", Role::Optional, F32, "N" #i " R" #i "0"},                                        \
      {"a" #i "1", Role::Optional, F32, "R" #i "1 K"}, {                                            \
    "b" #i "1", Role::Optional, F32, "N" #i " R" #i "1"                                             \
  }
inline constexpr TensorSpec tensors[] = {
    {"x", Role::In, FLOATS, "T K"},
    SJ_LINEAR_PART(0, Role::In),
    SJ_LINEAR_PART(1, Role::In),
    SJ_LINEAR_PART(2, Role::Optional),
    {"y0", Role::Out, FLOATS, "T N0", "x"},
    {"y1", Role::Out, FLOATS, "T N1", "x"},
    {"y2", Role::Out, FLOATS, "T N2", "x", false, "w2"},
};
#undef SJ_LINEAR_PART
inline constexpr NumberSpec numbers[] = {{"scale00", -1e30, 1e30}, {"scale01", -1e30, 1e30},
                                         {"scale10", -1e30, 1e30}, {"scale11", -1e30, 1e30},
                                         {"scale20", -1e30, 1e30}, {"scale21", -1e30, 1e30}};
inline constexpr Contract spec = contract("linear_group", tensors, numbers);
}  // namespace linear_group
namespace linear_backward {
enum Tensor {
  DY,
  X,
  W,
  ROW_KEYS,
  A0,
  B0,
  XA0,
  A1,
  B1,
  XA1,
  GRAD_W,
  GRAD_BIAS,
  GRAD_A0,
  GRAD_B0,
  GRAD_A1,
  GRAD_B1,
  DX
};
enum Number { SCALE0, START0, ROWS0, P0, MODULE0, SCALE1, START1, ROWS1, P1, MODULE1, SEED, STEP, NEED_DX };
inline constexpr TensorSpec tensors[] = {
    {"dy", Role::In, FLOATS, "T N"},
    {"x", Role::Optional, FLOATS, "T K", "dy"},
    {"w", Role::In, FLOATS, "N K", "dy", true},
    {"row_keys", Role::Optional, I32, "T 2"},
    {"a0", Role::Optional, F32, "R0 K"},
    {"b0", Role::Optional, F32, "N R0"},
    {"xa0", Role::Optional, F32, "@rows0 R0"},
    {"a1", Role::Optional, F32, "R1 K"},
    {"b1", Role::Optional, F32, "N R1"},
    {"xa1", Role::Optional, F32, "@rows1 R1"},
    {"grad_w", Role::InOutOptional, F32, "N K"},
    {"grad_bias", Role::InOutOptional, F32, "N"},
    {"grad_a0", Role::InOutOptional, F32, "R0 K"},
    {"grad_b0", Role::InOutOptional, F32, "N R0"},
    {"grad_a1", Role::InOutOptional, F32, "R1 K"},
    {"grad_b1", Role::InOutOptional, F32, "N R1"},
    {"dx", Role::Out, FLOATS, "T K", "dy", false, "need_dx"},
};
inline constexpr NumberSpec numbers[] = {SJ_ADAPTER_NUMBERS(0),
                                         SJ_ADAPTER_NUMBERS(1),
                                         {"seed", 0, 4294967295.0, true},
                                         {"step", 0, 4294967295.0, true},
                                         words("need_dx", "no yes")};
#undef SJ_ADAPTER_NUMBERS
inline constexpr Contract spec = contract("linear_backward", tensors, numbers);
}  // namespace linear_backward
}  // namespace selfjudge::ops
