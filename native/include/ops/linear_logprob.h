// linear_logprob: lse[r] = log sum_v exp(h[r] W[v]), logp[l] = h[rows[l]] W[labels[l]] - lse[rows[l]],
// natural log. Logits are never stored: online max and sum over strips of the vocabulary fixed by the op,
// merged in ascending order, so a row's bits do not depend on the number of rows or threads. Labels are
// ragged: any number a row.
//
// Backward recomputes the logits in waves: dh[r] = sum_l g_l W[label_l] - (sum_l g_l) sum_v p_v W[v]. A
// label's own (1 - p) is taken together in float32 where p is near 1. grad_w += the same for the head.
//
// With a frozen head one pass does for both (flash attention over the vocabulary, the head being keys and
// values): linear_logprob_expectation also returns mean[r] = sum_v p_v W[v] and rest[r] = sum_v p_v over the
// columns v that are no label of row r. Its backward is a scale a row and the labels' own rows of W: two
// products with the head instead of three.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace linear_logprob {
enum Tensor { H, W, ROWS, LABELS, LOGP, LSE };
inline constexpr TensorSpec tensors[] = {
    {"h", Role::In, FLOATS, "R D"}, {"w", Role::In, FLOATS, "V D", "h", true},
    {"rows", Role::In, I32, "L"},   {"labels", Role::In, I32, "L"},
    {"logp", Role::Out, F32, "L"},  {"lse", Role::Out, F32, "R"},
};
inline constexpr Contract spec = contract("linear_logprob", tensors);
}  // namespace linear_logprob
namespace linear_logprob_backward {
enum Tensor { DLOGP, H, W, ROWS, LABELS, LSE, GRAD_W, DH };
enum Number { NEED_DH };
inline constexpr TensorSpec tensors[] = {
    {"dlogp", Role::In, F32, "L"},
    {"h", Role::In, FLOATS, "R D"},
    {"w", Role::In, FLOATS, "V D", "h", true},
    {"rows", Role::In, I32, "L"},
    {"labels", Role::In, I32, "L"},
    {"lse", Role::In, F32, "R"},
    {"grad_w", Role::InOutOptional, F32, "V D"},
    {"dh", Role::Out, FLOATS, "R D", "h", false, "need_dh"},
};
inline constexpr NumberSpec numbers[] = {words("need_dh", "no yes")};
inline constexpr Contract spec = contract("linear_logprob_backward", tensors, numbers);
}  // namespace linear_logprob_backward
namespace linear_logprob_expectation {
enum Tensor { H, W, ROWS, LABELS, LOGP, MEAN, REST };
inline constexpr TensorSpec tensors[] = {
    {"h", Role::In, FLOATS, "R D"}, {"w", Role::In, FLOATS, "V D", "h", true},
    {"rows", Role::In, I32, "L"},   {"labels", Role::In, I32, "L"},
    {"logp", Role::Out, F32, "L"},  {"mean", Role::Out, F32, "R D"},
    {"rest", Role::Out, F32, "R"},
};
inline constexpr Contract spec = contract("linear_logprob_expectation", tensors);
}  // namespace linear_logprob_expectation
namespace linear_logprob_expectation_backward {
enum Tensor { DLOGP, W, ROWS, LABELS, LOGP, MEAN, REST, DH };
inline constexpr TensorSpec tensors[] = {
    {"dlogp", Role::In, F32, "L"}, {"w", Role::In, FLOATS, "V D", nullptr, true},
    {"rows", Role::In, I32, "L"},  {"labels", Role::In, I32, "L"},
    {"logp", Role::In, F32, "L"},  {"mean", Role::In, F32, "R D"},
    {"rest", Role::In, F32, "R"},  {"dh", Role::Out, FLOATS, "R D", "w"},
};
inline constexpr Contract spec = contract("linear_logprob_expectation_backward", tensors);
}  // namespace linear_logprob_expectation_backward
}  // namespace selfjudge::ops
