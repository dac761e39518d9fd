// adamw: one step over flat float32 state, in the order of operations of ops/adamw.h, each rounded on its
// own.
#include <cmath>

#include "../../include/ops/adamw.h"
#include "each.cuh"

namespace selfjudge::cuda {
namespace {

struct Step {
  const float* grad;
  float *param, *m, *v;
  // The step's scalars, worked out in float64 and rounded once.
  float keep;  // 1 - lr weight_decay
  float grad_scale, one_minus_beta1, beta2, one_minus_beta2, eps;
  float root_bias2;  // sqrt(1 - beta2^step)
  float step_size;   // lr / (1 - beta1^step)

  template <int N>
  __device__ void at(int64_t i) const {
    const auto gs = load_pack<N>(grad + i);
    auto ps = load_pack<N>(param + i), ms = load_pack<N>(m + i), vs = load_pack<N>(v + i);
#pragma unroll
    for (int j = 0; j < N; j++) {
      const float g = gs.at[j] * grad_scale;
      ms.at[j] += one_minus_beta1 * (g - ms.at[j]);
      vs.at[j] = vs.at[j] * beta2 + one_minus_beta2 * g * g;
      const float root = sqrtf(vs.at[j]) / root_bias2 + eps;
      ps.at[j] = ps.at[j] * keep - step_size * ms.at[j] / root;
    }
    store_pack(param + i, ps);
    store_pack(m + i, ms);
    store_pack(v + i, vs);
  }
};

}  // namespace

size_t workspace_adamw(const sj_call&) { return 0; }

int32_t run_adamw(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::adamw;
  const double* x = call.numbers;
  Step step;
  step.grad = data<const float>(call, GRAD);
  step.param = data<float>(call, PARAM);
  step.m = data<float>(call, M);
  step.v = data<float>(call, V);
  step.keep = float(1 - x[LR] * x[WEIGHT_DECAY]);
  step.grad_scale = float(x[GRAD_SCALE]);
  step.one_minus_beta1 = float(1 - x[BETA1]);
  step.beta2 = float(x[BETA2]);
  step.one_minus_beta2 = float(1 - x[BETA2]);
  step.eps = float(x[EPS]);
  step.root_bias2 = float(std::sqrt(1 - std::pow(x[BETA2], x[STEP])));
  step.step_size = float(x[LR] / (1 - std::pow(x[BETA1], x[STEP])));
  return each<4>(context, elements(call, PARAM), step, {step.grad, step.param, step.m, step.v}, error);
}

}  // namespace selfjudge::cuda
