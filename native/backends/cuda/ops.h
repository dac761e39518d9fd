// Every CUDA op: `run_<stem>` enqueues a validated call on the context's stream, `workspace_<stem>` says its
// scratch in device memory from shapes alone (0 when it needs none).
#pragma once
#include <cstddef>
#include <cstdint>

#include "../../include/ops.h"
#include "../arguments.h"
#include "context.h"

namespace selfjudge::cuda {
#define SJ_DECLARE(stem)                                                      \
  int32_t run_##stem(const sj_call& call, Context& context, sj_error* error); \
  size_t workspace_##stem(const sj_call& call);
SJ_OPS(SJ_DECLARE)
#undef SJ_DECLARE

// f(T{}) with the storage type of a tensor: float or bf16.
template <class F>
auto with_float_type(const sj_call& call, int slot, F&& f) {
  return is_bf16(call, slot) ? f(bf16{}) : f(float{});
}

inline unsigned blocks_for(int64_t work, int64_t per_block) { return unsigned(ceil_div(work, per_block)); }

}  // namespace selfjudge::cuda
