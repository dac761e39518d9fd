// global_norm: float64 sums of squares over blocks of 4,096 values, blocks merged in ascending order.
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/global_norm.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <cmath>

#include <hwy/foreach_target.h>

#include "../../include/ops/global_norm.h"
#include "../arguments.h"
#include "thread_pool.h"

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

double sum_of_squares(const float* x, int64_t n) {
  const hn::CappedTag<double, 8> d;
  const hn::Rebind<float, decltype(d)> half;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  auto even = hn::Zero(d), odd = hn::Zero(d);
  int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto a = hn::PromoteTo(d, hn::LoadU(half, x + i));
    const auto b = hn::PromoteTo(d, hn::LoadU(half, x + i + lanes));
    even = hn::MulAdd(a, a, even);
    odd = hn::MulAdd(b, b, odd);
  }
  double sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
  for (; i < n; i++) sum += double(x[i]) * double(x[i]);
  return sum;
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(sum_of_squares);

namespace {
constexpr int64_t kBlock = 4096;
}

size_t workspace_global_norm(const sj_call& call) {
  Carver carver(nullptr);
  carver.take<double>(ceil_div(elements(call, ops::global_norm::X), kBlock));
  return carver.bytes();
}

int32_t run_global_norm(const sj_call& call, sj_error*) {
  using namespace ops::global_norm;
  const int64_t n = elements(call, X), blocks = ceil_div(n, kBlock);
  double* sums = static_cast<double*>(call.workspace);
  constexpr int64_t kBlocksATask = 16;
  parallel_for(ceil_div(blocks, kBlocksATask), [&](int64_t task, int) {
    for (int64_t b = task * kBlocksATask; b < std::min(blocks, (task + 1) * kBlocksATask); b++)
      sums[b] = HWY_DYNAMIC_DISPATCH(sum_of_squares)(data<const float>(call, X) + b * kBlock,
                                                     std::min(kBlock, n - b * kBlock));
  });
  double sum = 0;
  for (int64_t b = 0; b < blocks; b++) sum += sums[b];
  *data<float>(call, NORM) = static_cast<float>(std::sqrt(sum));
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
