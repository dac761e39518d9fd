// Every CUDA op: `run_<stem>` enqueues a validated call on the context's stream, `workspace_<stem>` says its
// scratch in device memory from shapes alone (0 when it needs none). For the table in backend.cu: an op's own
// file includes its contract alone, so that a new op does not compile the others again.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../../include/ops.h"
#include "context.h"

namespace selfjudge::cuda {
#define SJ_DECLARE(stem)                                                      \
  int32_t run_##stem(const sj_call& call, Context& context, sj_error* error); \
  size_t workspace_##stem(const sj_call& call);
SJ_OPS(SJ_DECLARE)
#undef SJ_DECLARE

}  // namespace selfjudge::cuda
