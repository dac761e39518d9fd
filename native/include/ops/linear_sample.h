// linear_sample: token[r] ~ softmax(h[r] W^T / temperature) after top-k, top-p, min-p, in this order; ties go
// to the lower id; temperature 0 is argmax. At most 128 rows a call (their float32 logits are workspace).
//
// Weights are integers, w = floor(2^32 exp2((logit - max) log2(e) / temperature)) with one written exp2
// polynomial, summed in uint64: exact and order-free. One philox4x32 draw a token, key (seed lo, seed hi),
// counter (sequence, position, 0, 0); its first two words are a 64-bit u (low, high), and the pick is the
// first id in ascending order whose running sum exceeds floor(u * total / 2^64). top_k 0, top_p 1, min_p 0
// are off; min_p keeps w >= min_p * w_max, top_p keeps the smallest set of largest weights whose sum reaches
// top_p * total (of what top-k kept); of equal weights at a border the lower ids are kept. logp: untempered
// log-probability under the full vocabulary, bitwise linear_logprob's. sampling_logp: log of the weight over
// the kept total (0 for argmax). A row whose logits hold NaN or +inf, or no finite value, returns token -1
// and NaN for both.
//
// vocab_size: ids from 0 to it, exclusive, can be drawn, and the filters see no others; 0, or the rows of w
// or more: all. Tables are padded past the tokenizer's ids. Nothing finite among those drawn from is -1 too.
#pragma once
#include "../contract.h"
namespace selfjudge::ops::linear_sample {
enum Tensor { H, W, KEYS, TOKENS, LOGP, SAMPLING_LOGP };
enum Number { TEMPERATURE, TOP_K, TOP_P, MIN_P, SEED_LO, SEED_HI, VOCAB_SIZE };
inline constexpr TensorSpec tensors[] = {
    {"h", Role::In, FLOATS, "R D"},         {"w", Role::In, FLOATS, "V D", "h", true},
    {"keys", Role::In, I32, "R 2"},  // (sequence, position)
    {"tokens", Role::Out, I32, "R"},        {"logp", Role::Out, F32, "R"},
    {"sampling_logp", Role::Out, F32, "R"},
};
inline constexpr NumberSpec numbers[] = {{"temperature", 0, 1e6},
                                         {"top_k", 0, 2147483647, true},
                                         {"top_p", 0, 1},
                                         {"min_p", 0, 1},
                                         {"seed_lo", 0, 4294967295.0, true},
                                         {"seed_hi", 0, 4294967295.0, true},
                                         {"vocab_size", 0, 2147483647, true}};
inline constexpr Contract spec = contract("linear_sample", tensors, numbers);
}  // namespace selfjudge::ops::linear_sample
