// kv_write: stores row t's keys and values at slots[t] = block * 64 + offset. With a table and positions keys
// are rotated on their way, and q in place: the bits of rope(k) and rope(q) (ops/rope.h, also of r < d); k
// stays as it is. kv_copy: moves[i] = (from block, to block, count): copies the first count keys of a block;
// a branch inside a block copies its head part. keys: the sum of the counts, for the counters alone.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace kv_write {
enum Tensor { K, V, SLOTS, POOL_K, POOL_V, TABLE, POSITIONS, Q };
inline constexpr TensorSpec tensors[] = {
    {"k", Role::In, FLOATS, "T G d"},
    {"v", Role::In, FLOATS, "T G d", "k"},
    {"slots", Role::In, I32, "T"},
    {"pool_k", Role::InOut, FLOATS, "B Gd 64", "k"},
    {"pool_v", Role::InOut, FLOATS, "B G64 d", "k"},
    {"table", Role::Optional, F32, "P r"},
    {"positions", Role::Optional, I32, "T"},
    {"q", Role::InOutOptional, FLOATS, "T H d", "k"},
};
inline constexpr Contract spec = contract("kv_write", tensors);
}  // namespace kv_write
namespace kv_copy {
enum Tensor { MOVES, POOL_K, POOL_V };
enum Number { KEYS };
inline constexpr TensorSpec tensors[] = {
    {"moves", Role::In, I32, "M 3"},
    {"pool_k", Role::InOut, FLOATS, "B Gd 64"},
    {"pool_v", Role::InOut, FLOATS, "B G64 d", "pool_k"},
};
inline constexpr NumberSpec numbers[] = {{"keys", 0, 0x1p53 - 1, true}};
inline constexpr Contract spec = contract("kv_copy", tensors, numbers);
}  // namespace kv_copy
}  // namespace selfjudge::ops
