// rope: rotary position embedding in place (ops/rope.h). A thread turns one pair of values.
#include "../../include/ops.h"
#include "launch.h"
#include "rotate.cuh"

namespace selfjudge::cuda {
namespace {

constexpr int kThreads = 256;

template <class T>
__global__ void __launch_bounds__(kThreads)
    rotate(T* x, const float* table, const int32_t* positions, int64_t rows, int heads, int depth,
           int rotated, int64_t limit, float turn, FaultRecord* faults) {
  const int half = rotated / 2;
  const int64_t pairs = int64_t(heads) * half, at = int64_t(blockIdx.x) * kThreads + threadIdx.x;
  const int64_t row = at / pairs;
  if (row >= rows) return;
  const int pair = int(at % pairs), i = pair % half;
  const int64_t position = positions[row];
  if (!in_range(faults, SJ_OP_rope, ops::rope::POSITIONS, row, -1, position, 0, limit - 1)) return;
  const float c = table[position * rotated + i], s = table[position * rotated + half + i] * turn;
  T* low = x + (row * heads + pair / half) * depth + i;
  rotate_pair(low[0], low[half], c, s, low[0], low[half]);
}

}  // namespace

size_t workspace_rope(const sj_call&) { return 0; }

int32_t run_rope(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::rope;
  const int64_t rows = dim(call, X, 0), heads = dim(call, X, 1), depth = dim(call, X, 2),
                rotated = dim(call, TABLE, 1);
  return with_float_type(call, X, [&]<class T>(T) {
    return context.launch(rotate<T>, dim3(blocks_for(rows * heads * rotated / 2, kThreads)), dim3(kThreads),
                          0, error, data<T>(call, X), data<const float>(call, TABLE),
                          data<const int32_t>(call, POSITIONS), rows, int(heads), int(depth), int(rotated),
                          dim(call, TABLE, 0), word(call, DIRECTION) == INVERSE ? -1.0f : 1.0f,
                          context.faults());
  });
}

}  // namespace selfjudge::cuda
