// gather_rows and scatter_rows (ops/rows.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/rows.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <cstring>

#include <hwy/foreach_target.h>

#include "../../include/ops/rows.h"
#include "../arguments.h"
#include "../fail.h"
#include "thread_pool.h"

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

// y = the sum of x's rows i = first, next[first], ... until -1, each element one float32 chain rounded once.
template <class T>
HWY_INLINE void sum_chain(const T* x, int64_t n, int32_t first, const int32_t* next, T* y) {
  strip(n, [&](int64_t column, int count) HWY_ATTR {
    Vector sum = hn::Zero(Lanes());
    for (int32_t i = first; i >= 0; i = next[i]) sum = hn::Add(sum, load_some(x + i * n + column, count));
    store_some(sum, y + column, count);
  });
}

void sum_rows(const sj_call& call, int64_t row, int32_t first, const int32_t* next) {
  using namespace ops::scatter_rows;
  const int64_t n = dim(call, Y, 1);
  if (is_bf16(call, X))
    sum_chain(data<const uint16_t>(call, X), n, first, next, data<uint16_t>(call, Y) + row * n);
  else
    sum_chain(data<const float>(call, X), n, first, next, data<float>(call, Y) + row * n);
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(sum_rows);

namespace {
int32_t check(const sj_call& call, const char* op, int slot, int64_t limit, sj_error* error) {
  const int32_t* rows = data<const int32_t>(call, slot);
  for (int64_t i = 0; i < elements(call, slot); i++)
    if (rows[i] < 0 || rows[i] >= limit)
      return fail(error, SJ_INVALID, "[%s] rows[%ld]: expected 0 .. %ld, received %d", op, long(i),
                  long(limit - 1), rows[i]);
  return SJ_OK;
}
constexpr int64_t kRowsATask = 32;
}  // namespace

size_t workspace_gather_rows(const sj_call&) { return 0; }

int32_t run_gather_rows(const sj_call& call, sj_error* error) {
  using namespace ops::gather_rows;
  if (const int32_t code = check(call, "gather_rows", ROWS, dim(call, X, 0), error)) return code;
  const int64_t count = dim(call, Y, 0), bytes = dim(call, Y, 1) * int64_t(element_bytes(call, Y));
  const int32_t* rows = data<const int32_t>(call, ROWS);
  parallel_for(ceil_div(count, kRowsATask), [&](int64_t task, int) {
    for (int64_t i = task * kRowsATask; i < std::min(count, (task + 1) * kRowsATask); i++)
      std::memcpy(data<char>(call, Y) + i * bytes, data<const char>(call, X) + rows[i] * bytes,
                  size_t(bytes));
  });
  return SJ_OK;
}

size_t workspace_scatter_rows(const sj_call& call) {
  Carver carver(nullptr);
  carver.take<int32_t>(dim(call, ops::scatter_rows::Y, 0));
  carver.take<int32_t>(dim(call, ops::scatter_rows::X, 0));
  return carver.bytes();
}

int32_t run_scatter_rows(const sj_call& call, sj_error* error) {
  using namespace ops::scatter_rows;
  const int64_t count = dim(call, Y, 0), given = dim(call, X, 0);
  if (const int32_t code = check(call, "scatter_rows", ROWS, count, error)) return code;
  // For each row of y the list of its x rows, ascending because it is built from the end.
  Carver carver(call.workspace);
  int32_t* first = carver.take<int32_t>(count);
  int32_t* next = carver.take<int32_t>(given);
  std::fill_n(first, count, -1);
  for (int64_t i = given - 1; i >= 0; i--) {
    int32_t& head = first[data<const int32_t>(call, ROWS)[i]];
    next[i] = head;
    head = static_cast<int32_t>(i);
  }
  parallel_for(ceil_div(count, kRowsATask), [&](int64_t task, int) {
    for (int64_t row = task * kRowsATask; row < std::min(count, (task + 1) * kRowsATask); row++)
      HWY_DYNAMIC_DISPATCH(sum_rows)(call, row, first[row], next);
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
