// Every CPU op: `run_<stem>` executes a validated call on the stream thread, `workspace_<stem>` says its
// scratch from shapes alone (0 when it needs none). For the table in backend.cpp: an op's own file includes
// its contract alone, so that a new op does not compile the others again.
#pragma once
#include <cstddef>
#include <cstdint>

#include "../../include/ops.h"
#include "../fail.h"

namespace selfjudge::cpu {
#define SJ_DECLARE(stem)                                    \
  int32_t run_##stem(const sj_call& call, sj_error* error); \
  size_t workspace_##stem(const sj_call& call);
SJ_OPS(SJ_DECLARE)
#undef SJ_DECLARE

}  // namespace selfjudge::cpu
