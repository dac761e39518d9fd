// The op numbers, in ABI order (append only), and the header of each op's contract.
#pragma once
#include "ops/adamw.h"
#include "ops/elementwise.h"
#include "ops/embedding.h"
#include "ops/feed_tokens.h"
#include "ops/global_norm.h"
#include "ops/kv_pool.h"
#include "ops/linear.h"
#include "ops/linear_logprob.h"
#include "ops/linear_sample.h"
#include "ops/pack.h"
#include "ops/rms_norm.h"
#include "ops/rope.h"
#include "ops/rows.h"
#include "ops/swiglu.h"
#include "ops/tree_attention.h"

// X(stem): enum value SJ_OP_<stem>, contract selfjudge::ops::<stem>::spec
// clang-format off
#define SJ_OPS(X)                                                                                          \
  X(embedding) X(embedding_backward) X(rms_norm) X(rms_norm_backward) X(linear) X(linear_backward)         \
  X(rope) X(tree_attention) X(tree_attention_backward) X(tree_attention_pool) X(kv_write) X(kv_copy)       \
  X(swiglu) X(swiglu_backward) X(linear_logprob) X(linear_logprob_backward) X(linear_sample) X(adamw)      \
  X(global_norm) X(gather_rows) X(scatter_rows) X(add) X(add_in_place) X(fill) X(cast_f32) X(cast_bf16)    \
  X(copy) X(pack) X(unpack) X(linear_logprob_expectation) X(linear_logprob_expectation_backward)           \
  X(feed_tokens) X(linear_group) X(scale)
// clang-format on

enum sj_op : uint32_t {
#define SJ_OP_ENUM(stem) SJ_OP_##stem,
  SJ_OPS(SJ_OP_ENUM)
#undef SJ_OP_ENUM
      SJ_OP_COUNT
};
