// global_norm: float64 sums of squares over blocks of 4,096 values, blocks merged in ascending order.
#include "../../include/ops/global_norm.h"
#include "launch.h"
#include "reduce.cuh"

namespace selfjudge::cuda {
namespace {

constexpr int kBlock = 4096;
constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) block_squares(const float* x, int64_t n, double* sums) {
  SHARED(double, parts, kThreads / 32);
  const int64_t first = int64_t(blockIdx.x) * kBlock;
  double sum = 0;
  for (int64_t i = first + threadIdx.x; i < min(n, first + kBlock); i += kThreads)
    sum += double(x[i]) * double(x[i]);
  sum = block_sum<kThreads>(sum, parts);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kThreads) root_of_sum(const double* sums, int64_t blocks, float* norm) {
  SHARED(double, parts, kThreads / 32);
  double sum = 0;
  for (int64_t i = threadIdx.x; i < blocks; i += kThreads) sum += sums[i];
  sum = block_sum<kThreads>(sum, parts);
  if (threadIdx.x == 0) *norm = float(sqrt(sum));
}

}  // namespace

size_t workspace_global_norm(const sj_call& call) {
  return size_t(ceil_div(elements(call, ops::global_norm::X), kBlock)) * sizeof(double);
}

int32_t run_global_norm(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::global_norm;
  const int64_t n = elements(call, X), blocks = ceil_div(n, kBlock);
  double* sums = static_cast<double*>(call.workspace);
  if (const int32_t code = context.launch(block_squares, dim3(unsigned(blocks)), dim3(kThreads), 0, error,
                                          data<const float>(call, X), n, sums))
    return code;
  return context.launch(root_of_sum, dim3(1), dim3(kThreads), 0, error, sums, blocks,
                        data<float>(call, NORM));
}

}  // namespace selfjudge::cuda
