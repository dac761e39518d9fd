// embedding: y[t] = table[ids[t]]. Backward: grad[ids[t]] += dy[t], rows visited in the order of a stable
// sort by id, so the sum over equal ids is in ascending row order for any thread count.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace embedding {
enum Tensor { TABLE, IDS, Y };
// `table` may be in panels: a tied head keeps one copy.
inline constexpr TensorSpec tensors[] = {
    {"table", Role::In, FLOATS, "V D", nullptr, true},
    {"ids", Role::In, I32, "T"},
    {"y", Role::Out, FLOATS, "T D", "table"},
};
inline constexpr Contract spec = contract("embedding", tensors);
}  // namespace embedding
namespace embedding_backward {
enum Tensor { DY, IDS, GRAD };
inline constexpr TensorSpec tensors[] = {
    {"dy", Role::In, FLOATS, "T D"},
    {"ids", Role::In, I32, "T"},
    {"grad", Role::InOut, F32, "V D"},
};
inline constexpr Contract spec = contract("embedding_backward", tensors);
}  // namespace embedding_backward
}  // namespace selfjudge::ops
