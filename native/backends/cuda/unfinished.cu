// TEMPORARY: weak stand-ins for ops that have no file yet, so that the module links.
#include "ops.h"

namespace selfjudge::cuda {
#define SJ_WEAK(stem)                                                           \
  [[gnu::weak]] int32_t run_##stem(const sj_call&, Context&, sj_error* error) { \
    return fail(error, SJ_UNSUPPORTED, "[" #stem "] has no CUDA kernel yet");   \
  }                                                                             \
  [[gnu::weak]] size_t workspace_##stem(const sj_call&) { return 0; }
SJ_OPS(SJ_WEAK)
}  // namespace selfjudge::cuda
