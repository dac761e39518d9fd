// embedding: rows of a packed table. Its backward adds each row of dy to the gradient row of its id; a task
// owns a slice of columns and visits all rows in ascending order, so equal ids add up in that order for any
// thread count.
#include <algorithm>

#include "../../include/ops/embedding.h"
#include "../arguments.h"
#include "../fail.h"
#include "gemm/kernels.h"
#include "gemm/panels.h"
#include "thread_pool.h"

namespace selfjudge::cpu {
namespace {

int32_t check_ids(const char* op, const int32_t* ids, int64_t count, int64_t limit, sj_error* error) {
  for (int64_t i = 0; i < count; i++)
    if (ids[i] < 0 || ids[i] >= limit)
      return fail(error, SJ_INVALID, "[%s] ids[%lld]: expected 0 .. %lld, received %d", op, (long long)i,
                  (long long)limit - 1, ids[i]);
  return SJ_OK;
}

}  // namespace

size_t workspace_embedding(const sj_call&) { return 0; }

int32_t run_embedding(const sj_call& call, sj_error* error) {
  using namespace ops::embedding;
  const sj_tensor &table = call.tensors[TABLE], &y = call.tensors[Y];
  const int32_t* ids = static_cast<const int32_t*>(call.tensors[IDS].data);
  const int64_t rows = y.dims[0], columns = y.dims[1];
  if (const int32_t code = check_ids("embedding", ids, rows, table.dims[0], error)) return code;
  const int64_t row_bytes = columns * (table.dtype == SJ_BF16 ? 2 : 4);
  constexpr int64_t kRows = 16;  // a task
  parallel_for(ceil_div(rows, kRows), [&](int64_t task, int) {
    for (int64_t t = task * kRows; t < std::min(rows, (task + 1) * kRows); t++)
      unpack_row(table.data, table.dtype, columns, ids[t], static_cast<char*>(y.data) + t * row_bytes);
  });
  return SJ_OK;
}

size_t workspace_embedding_backward(const sj_call&) { return 0; }

int32_t run_embedding_backward(const sj_call& call, sj_error* error) {
  using namespace ops::embedding_backward;
  const sj_tensor &dy = call.tensors[DY], &grad = call.tensors[GRAD];
  const int32_t* ids = static_cast<const int32_t*>(call.tensors[IDS].data);
  const int64_t rows = dy.dims[0], columns = dy.dims[1];
  if (const int32_t code = check_ids("embedding_backward", ids, rows, grad.dims[0], error)) return code;
  constexpr int64_t kColumns = 64;  // a task
  parallel_for(ceil_div(columns, kColumns), [&](int64_t task, int) {
    const int64_t first = task * kColumns, count = std::min(kColumns, columns - first);
    float wide[kColumns];
    for (int64_t t = 0; t < rows; t++) {
      const float* from = static_cast<const float*>(dy.data) + t * columns + first;
      if (dy.dtype == SJ_BF16) {
        kernels().widen(static_cast<const uint16_t*>(dy.data) + t * columns + first, wide, count);
        from = wide;
      }
      float* to = static_cast<float*>(grad.data) + ids[t] * columns + first;
      for (int64_t i = 0; i < count; i++) to[i] += from[i];
    }
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
