// adamw: one step over flat float32 state, in the order of operations of ops/adamw.h, each rounded on its
// own.
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/adamw.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <cmath>

#include <hwy/foreach_target.h>

#include "../../include/ops/adamw.h"
#include "../arguments.h"
#include "thread_pool.h"

#ifndef SELFJUDGE_ADAMW_STEP
#define SELFJUDGE_ADAMW_STEP
namespace selfjudge::cpu {
namespace {
// The step's scalars, worked out in float64 and rounded once.
struct AdamwStep {
  float keep;  // 1 - lr weight_decay
  float grad_scale, one_minus_beta1, beta2, one_minus_beta2, eps;
  float root_bias2;  // sqrt(1 - beta2^step)
  float step_size;   // lr / (1 - beta1^step)
};
}  // namespace
}  // namespace selfjudge::cpu
#endif

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

void adamw_values(const AdamwStep& step, const float* grad, float* param, float* m, float* v, int64_t n) {
  const Lanes d;
  const auto keep = hn::Set(d, step.keep), scale = hn::Set(d, step.grad_scale), eps = hn::Set(d, step.eps);
  const auto rate1 = hn::Set(d, step.one_minus_beta1), rate2 = hn::Set(d, step.one_minus_beta2);
  const auto beta2 = hn::Set(d, step.beta2), root_bias2 = hn::Set(d, step.root_bias2);
  const auto step_size = hn::Set(d, step.step_size);
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector g = hn::Mul(load_some(grad + i, count), scale);
    const Vector m0 = load_some(m + i, count), v0 = load_some(v + i, count);
    const Vector m1 = hn::Add(m0, hn::Mul(rate1, hn::Sub(g, m0)));
    const Vector v1 = hn::Add(hn::Mul(v0, beta2), hn::Mul(hn::Mul(rate2, g), g));
    const Vector root = hn::Add(hn::Div(hn::Sqrt(v1), root_bias2), eps);
    const Vector p = hn::Mul(load_some(param + i, count), keep);
    store_some(hn::Sub(p, hn::Div(hn::Mul(step_size, m1), root)), param + i, count);
    store_some(m1, m + i, count);
    store_some(v1, v + i, count);
  });
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(adamw_values);

size_t workspace_adamw(const sj_call&) { return 0; }

int32_t run_adamw(const sj_call& call, sj_error*) {
  using namespace ops::adamw;
  const double* x = call.numbers;
  AdamwStep step;
  step.keep = static_cast<float>(1 - x[LR] * x[WEIGHT_DECAY]);
  step.grad_scale = static_cast<float>(x[GRAD_SCALE]);
  step.one_minus_beta1 = static_cast<float>(1 - x[BETA1]);
  step.beta2 = static_cast<float>(x[BETA2]);
  step.one_minus_beta2 = static_cast<float>(1 - x[BETA2]);
  step.eps = static_cast<float>(x[EPS]);
  step.root_bias2 = static_cast<float>(std::sqrt(1 - std::pow(x[BETA2], x[STEP])));
  step.step_size = static_cast<float>(x[LR] / (1 - std::pow(x[BETA1], x[STEP])));
  constexpr int64_t kPiece = 16384;
  const int64_t n = elements(call, PARAM);
  parallel_for(ceil_div(n, kPiece), [&](int64_t task, int) {
    const int64_t at = task * kPiece;
    HWY_DYNAMIC_DISPATCH(adamw_values)
    (step, data<const float>(call, GRAD) + at, data<float>(call, PARAM) + at, data<float>(call, M) + at,
     data<float>(call, V) + at, std::min(kPiece, n - at));
  });
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
