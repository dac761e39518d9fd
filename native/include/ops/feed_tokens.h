// feed_tokens: which token each row of a step of decoding is fed. y[i] = given[i] where from[i] is -1, else
// sampled[from[i]], what an earlier step drew, or 0 where that is negative: a row whose logits were not
// finite draws -1, and what its path goes on with is nobody's.
#pragma once
#include "../contract.h"
namespace selfjudge::ops {
namespace feed_tokens {
enum Tensor { SAMPLED, GIVEN, FROM, Y };
inline constexpr TensorSpec tensors[] = {
    {"sampled", Role::In, I32, "S"},
    {"given", Role::In, I32, "R"},
    {"from", Role::In, I32, "R"},
    {"y", Role::Out, I32, "R"},
};
inline constexpr Contract spec = contract("feed_tokens", tensors);
}  // namespace feed_tokens
}  // namespace selfjudge::ops
