// gather_rows and scatter_rows (ops/rows.h).
#include "../../include/ops.h"
#include "rows.cuh"

namespace selfjudge::cuda {
namespace {

// y[row] = the sum of x's rows i with index[i] == row, ascending, each element one float32 chain rounded
// once. A block takes `kRowThreads` columns of one row.
template <class T>
__global__ void __launch_bounds__(kRowThreads)
    sum_rows(const T* x, const int32_t* index, int64_t given, T* y, int64_t width) {
  SHARED(uint32_t, masks, kRowThreads / 32);
  const int64_t row = blockIdx.x, column = int64_t(blockIdx.y) * kRowThreads + threadIdx.x;
  float sum = 0;
  for_each_match(index, 0, given, int32_t(row), masks, [&](int64_t i) {
    if (column < width) sum += to_float(x[i * width + column]);
  });
  if (column < width) y[row * width + column] = from_float<T>(sum);
}

__global__ void __launch_bounds__(kRowThreads)
    check_rows(const int32_t* index, int64_t given, int64_t limit, FaultRecord* faults) {
  const int64_t i = int64_t(blockIdx.x) * kRowThreads + threadIdx.x;
  if (i < given) in_range(faults, SJ_OP_scatter_rows, ops::scatter_rows::ROWS, i, -1, index[i], 0, limit - 1);
}

}  // namespace

size_t workspace_gather_rows(const sj_call&) { return 0; }

int32_t run_gather_rows(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::gather_rows;
  return with_float_type(call, X, [&]<class T>(T) {
    return launch_copy_rows(context, data<const T>(call, X), data<const int32_t>(call, ROWS),
                            data<T>(call, Y), dim(call, Y, 0), dim(call, Y, 1), SJ_OP_gather_rows, ROWS,
                            dim(call, X, 0), error);
  });
}

size_t workspace_scatter_rows(const sj_call&) { return 0; }

int32_t run_scatter_rows(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::scatter_rows;
  const int64_t rows = dim(call, Y, 0), given = dim(call, X, 0), width = dim(call, Y, 1);
  const int32_t* index = data<const int32_t>(call, ROWS);
  if (const int32_t code = context.launch(check_rows, dim3(blocks_for(given, kRowThreads)), dim3(kRowThreads),
                                          0, error, index, given, rows, context.faults()))
    return code;
  return with_float_type(call, X, [&]<class T>(T) {
    return context.launch(sum_rows<T>, dim3(unsigned(rows), blocks_for(width, kRowThreads)),
                          dim3(kRowThreads), 0, error, data<const T>(call, X), index, given, data<T>(call, Y),
                          width);
  });
}

}  // namespace selfjudge::cuda
