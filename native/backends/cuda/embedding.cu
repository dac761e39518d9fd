// embedding and its backward (ops/embedding.h). The first row of an id adds up all rows of that id in
// ascending order.
#include "../../include/ops.h"
#include "rows.cuh"

namespace selfjudge::cuda {
namespace {

template <class T>
__global__ void __launch_bounds__(kRowThreads)
    add_rows(const T* dy, const int32_t* ids, int64_t rows, float* grad, int64_t width, int64_t limit,
             FaultRecord* faults) {
  SHARED(uint32_t, masks, kRowThreads / 32);
  const int64_t row = blockIdx.x, column = int64_t(blockIdx.y) * kRowThreads + threadIdx.x;
  const int32_t id = ids[row];
  if (id < 0 || id >= limit) {
    if (threadIdx.x == 0)
      in_range(faults, SJ_OP_embedding_backward, ops::embedding_backward::IDS, row, -1, id, 0, limit - 1);
    return;
  }
  bool repeated = false;
  for (int64_t i = threadIdx.x; i < row; i += kRowThreads) repeated |= ids[i] == id;
  if (__syncthreads_or(repeated)) return;
  float sum = column < width ? grad[int64_t(id) * width + column] : 0;
  for_each_match(ids, row, rows, id, masks, [&](int64_t i) {
    if (column < width) sum += to_float(dy[i * width + column]);
  });
  if (column < width) grad[int64_t(id) * width + column] = sum;
}

}  // namespace

size_t workspace_embedding(const sj_call&) { return 0; }

int32_t run_embedding(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::embedding;
  return with_float_type(call, TABLE, [&]<class T>(T) {
    return launch_copy_rows(context, data<const T>(call, TABLE), data<const int32_t>(call, IDS),
                            data<T>(call, Y), dim(call, Y, 0), dim(call, Y, 1), SJ_OP_embedding, IDS,
                            dim(call, TABLE, 0), error);
  });
}

size_t workspace_embedding_backward(const sj_call&) { return 0; }

int32_t run_embedding_backward(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::embedding_backward;
  const int64_t rows = dim(call, DY, 0), width = dim(call, DY, 1);
  return with_float_type(call, DY, [&]<class T>(T) {
    return context.launch(add_rows<T>, dim3(unsigned(rows), blocks_for(width, kRowThreads)),
                          dim3(kRowThreads), 0, error, data<const T>(call, DY),
                          data<const int32_t>(call, IDS), rows, data<float>(call, GRAD), width,
                          dim(call, GRAD, 0), context.faults());
  });
}

}  // namespace selfjudge::cuda
