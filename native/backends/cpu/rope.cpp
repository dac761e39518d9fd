// rope: rotary position embedding in place (ops/rope.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/rope.cpp"
#include "highway_targets.h"

#include <algorithm>

#include <hwy/foreach_target.h>

#include "../../include/ops/rope.h"
#include "../arguments.h"
#include "../fail.h"
#include "thread_pool.h"

#include "rotate-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

template <class T>
HWY_INLINE void rotate(const sj_call& call, int64_t begin, int64_t end) {
  using namespace ops::rope;
  const int64_t heads = dim(call, X, 1), depth = dim(call, X, 2), rotated = dim(call, TABLE, 1);
  const float turn = word(call, DIRECTION) == INVERSE ? -1.0f : 1.0f;
  for (int64_t row = begin; row < end; row++)
    rotate_heads(data<const float>(call, TABLE) + data<const int32_t>(call, POSITIONS)[row] * rotated, turn,
                 heads, depth, rotated, data<T>(call, X) + row * heads * depth);
}

void rotate_rows(const sj_call& call, int64_t begin, int64_t end) {
  if (is_bf16(call, ops::rope::X))
    rotate<uint16_t>(call, begin, end);
  else
    rotate<float>(call, begin, end);
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(rotate_rows);

size_t workspace_rope(const sj_call&) { return 0; }

int32_t run_rope(const sj_call& call, sj_error* error) {
  using namespace ops::rope;
  const int64_t rows = dim(call, X, 0), positions = dim(call, TABLE, 0),
                width = dim(call, X, 1) * dim(call, X, 2);
  for (int64_t row = 0; row < rows; row++) {
    const int32_t position = data<const int32_t>(call, POSITIONS)[row];
    if (position < 0 || position >= positions)
      return fail(error, SJ_INVALID, "[rope] positions[%ld]: expected 0 .. %ld, received %d", long(row),
                  long(positions - 1), position);
  }
  const int64_t piece = std::max<int64_t>(1, 16384 / width);
  parallel_for(ceil_div(rows, piece), [&](int64_t task, int) {
    HWY_DYNAMIC_DISPATCH(rotate_rows)(call, task * piece, std::min(rows, (task + 1) * piece));
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
