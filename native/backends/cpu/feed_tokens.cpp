// feed_tokens (ops/feed_tokens.h).
#include "../../include/ops/feed_tokens.h"

#include <algorithm>

#include "../arguments.h"
#include "../fail.h"

namespace selfjudge::cpu {

size_t workspace_feed_tokens(const sj_call&) { return 0; }

int32_t run_feed_tokens(const sj_call& call, sj_error* error) {
  using namespace ops::feed_tokens;
  const int32_t *sampled = data<const int32_t>(call, SAMPLED), *given = data<const int32_t>(call, GIVEN),
                *from = data<const int32_t>(call, FROM);
  int32_t* y = data<int32_t>(call, Y);
  const int64_t limit = dim(call, SAMPLED, 0);
  for (int64_t i = 0; i < dim(call, Y, 0); i++) {
    if (from[i] < -1 || from[i] >= limit)
      return fail(error, SJ_INVALID, "[feed_tokens] from[%ld]: expected -1 .. %ld, received %d", long(i),
                  long(limit - 1), from[i]);
    y[i] = from[i] < 0 ? given[i] : std::max(sampled[from[i]], 0);
  }
  return SJ_OK;
}

}  // namespace selfjudge::cpu
