// tree_attention: o = softmax(scale q k^T) v over each row's own root-to-row path, and lse = log sum exp of
// the scaled scores. Grouped queries: head h reads key head h / (H / G).
//
// Keys reduce over canonical chunks: 64 keys aligned to the row's depth in its own path. A chunk's (max, sum,
// o) is a function of the path alone; chunks merge in ascending order by one formula. So a row's bits do not
// depend on segments, sharing or companions, and keys from this call's rows (training) and from the pool
// (inference) agree.
//
// With a window a row at depth i of its path sees the keys at depths j with i - window < j <= i: so many, its
// own among them. Chunks stay where they are: a row's are those from max(0, i - window + 1) / 64 on, the
// first of them seen in part. No other key is read for it. Window 0 is none, and so is one that no path is
// longer than. Source: sliding-window layers of Mistral (arXiv 2310.06825), Gemma 3 and OLMo 3.
//
// Backward: from the saved lse; dk and dv of a shared key sum over query rows in ascending order, no atomics.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
inline constexpr int kChunk = 64;
// Keys that a row sees at most, its own included, from the number WINDOW.
inline int32_t most_seen(double window) { return window == 0 ? INT32_MAX : static_cast<int32_t>(window); }
namespace tree_attention {
enum Tensor { Q, K, V, O, LSE };
enum Number { SCALE, WINDOW };
inline constexpr TensorSpec tensors[] = {
    {"q", Role::In, FLOATS, "T H d"},      {"k", Role::In, FLOATS, "T G d", "q"},
    {"v", Role::In, FLOATS, "T G d", "q"}, {"o", Role::Out, FLOATS, "T H d", "q"},
    {"lse", Role::Out, F32, "T H"},
};
inline constexpr NumberSpec numbers[] = {{"scale", -1e30, 1e30}, {"window", 0, 0x1p31 - 1, true}};
inline constexpr Contract spec = with_tree(contract("tree_attention", tensors, numbers));
}  // namespace tree_attention
namespace tree_attention_backward {
enum Tensor { DO, Q, K, V, O, LSE, DQ, DK, DV };
enum Number { SCALE, WINDOW };
inline constexpr TensorSpec tensors[] = {
    {"do", Role::In, FLOATS, "T H d"},        {"q", Role::In, FLOATS, "T H d", "do"},
    {"k", Role::In, FLOATS, "T G d", "do"},   {"v", Role::In, FLOATS, "T G d", "do"},
    {"o", Role::In, FLOATS, "T H d", "do"},   {"lse", Role::In, F32, "T H"},
    {"dq", Role::Out, FLOATS, "T H d", "do"}, {"dk", Role::Out, FLOATS, "T G d", "do"},
    {"dv", Role::Out, FLOATS, "T G d", "do"},
};
inline constexpr NumberSpec numbers[] = {{"scale", -1e30, 1e30}, {"window", 0, 0x1p31 - 1, true}};
inline constexpr Contract spec = with_tree(contract("tree_attention_backward", tensors, numbers));
}  // namespace tree_attention_backward
// Keys and values from a pool of 64-key blocks. Block b of pool_k [B, G d, 64] holds keys transposed, of
// pool_v [B, G 64, d] values by key; a block is one canonical chunk. Row t reads blocks tables[row_table[t],
// 0 ..], its first lengths[t] keys (its own included), with a window the last `window` of these: blocks
// before them are not looked up. Lengths and tables are data, so for the counters, and for them alone, the
// caller says how many pairs of a row and a key it sees there are (without a window the sum of lengths), and
// how many distinct keys of the pool are read.
namespace tree_attention_pool {
enum Tensor { Q, POOL_K, POOL_V, TABLES, ROW_TABLE, LENGTHS, O };
enum Number { SCALE, WINDOW, PAIRS, KEYS };
inline constexpr TensorSpec tensors[] = {
    {"q", Role::In, FLOATS, "T H d"},
    {"pool_k", Role::In, FLOATS, "B Gd 64", "q"},
    {"pool_v", Role::In, FLOATS, "B G64 d", "q"},
    {"tables", Role::In, I32, "S C"},
    {"row_table", Role::In, I32, "T"},
    {"lengths", Role::In, I32, "T"},
    {"o", Role::Out, FLOATS, "T H d", "q"},
};
inline constexpr NumberSpec numbers[] = {
    {"scale", -1e30, 1e30},
    {"window", 0, 0x1p31 - 1, true},
    {"pairs", 0, 0x1p53 - 1, true},
    {"keys", 0, 0x1p53 - 1, true},
};
inline constexpr Contract spec = contract("tree_attention_pool", tensors, numbers);
}  // namespace tree_attention_pool
}  // namespace selfjudge::ops
