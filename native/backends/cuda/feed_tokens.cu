// feed_tokens (ops/feed_tokens.h).
#include "../../include/ops.h"
#include "fault.h"
#include "launch.h"

namespace selfjudge::cuda {
namespace {

constexpr int kThreads = 128;

__global__ void __launch_bounds__(kThreads)
    feed(const int32_t* sampled, const int32_t* given, const int32_t* from, int32_t* y, int64_t rows,
         int64_t limit, FaultRecord* faults) {
  const int64_t i = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= rows) return;
  const int32_t at = from[i];
  if (at == -1)
    y[i] = given[i];
  else if (in_range(faults, SJ_OP_feed_tokens, ops::feed_tokens::FROM, i, -1, at, -1, limit - 1))
    y[i] = max(sampled[at], 0);
  else
    y[i] = 0;
}

}  // namespace

size_t workspace_feed_tokens(const sj_call&) { return 0; }

int32_t run_feed_tokens(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::feed_tokens;
  const int64_t rows = dim(call, Y, 0);
  return context.launch(feed, dim3(blocks_for(rows, kThreads)), dim3(kThreads), 0, error,
                        data<const int32_t>(call, SAMPLED), data<const int32_t>(call, GIVEN),
                        data<const int32_t>(call, FROM), data<int32_t>(call, Y), rows, dim(call, SAMPLED, 0),
                        context.faults());
}

}  // namespace selfjudge::cuda
