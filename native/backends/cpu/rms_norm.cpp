// rms_norm and its backward (ops/rms_norm.h). A row is one task's work, reduced in a fixed order.
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/rms_norm.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <cmath>

#include <hwy/foreach_target.h>

#include "../../include/ops/rms_norm.h"
#include "../arguments.h"
#include "thread_pool.h"

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

// 1 / sqrt(mean(s^2) + eps), the same bits in both directions.
template <class T>
HWY_INLINE float inverse_rms(const T* s, int64_t n, float eps) {
  Vector sum = hn::Zero(Lanes());
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    const Vector v = load_some(s + i, count);
    sum = hn::MulAdd(v, v, sum);
  });
  return 1.0f / std::sqrt(sum_of_lanes(sum) / static_cast<float>(n) + eps);
}

// weight is float32 whatever its storage was, with its offset.
template <class T>
HWY_INLINE void forward_rows(const sj_call& call, const float* weight, int64_t begin, int64_t end) {
  using namespace ops::rms_norm;
  const int64_t n = elements(call, WEIGHT);
  for (int64_t at = begin * n; at < end * n; at += n) {
    const T* s = data<const T>(call, X) + at;
    if (present(call, RESIDUAL)) {
      T* sum = data<T>(call, SUM) + at;
      const T* residual = data<const T>(call, RESIDUAL) + at;
      strip(n, [&](int64_t i, int count) HWY_ATTR {
        store_some(hn::Add(load_some(s + i, count), load_some(residual + i, count)), sum + i, count);
      });
      s = sum;
    }
    const auto inverse = hn::Set(Lanes(), inverse_rms(s, n, static_cast<float>(call.numbers[EPS])));
    T* y = data<T>(call, Y) + at;
    strip(n, [&](int64_t i, int count) HWY_ATTR {
      store_some(hn::Mul(hn::Mul(load_some(s + i, count), inverse), load_some(weight + i, count)), y + i,
                 count);
    });
  }
}

// dx = r dy w - s r^3 mean(dy w s) + dsum, with r the inverse rms; grad (or null) += dy s r, rows ascending.
template <class T>
HWY_INLINE void backward_rows(const sj_call& call, const float* weight, int64_t begin, int64_t end,
                              float* grad) {
  using namespace ops::rms_norm_backward;
  const int64_t n = elements(call, WEIGHT);
  for (int64_t at = begin * n; at < end * n; at += n) {
    const T *dy = data<const T>(call, DY) + at, *s = data<const T>(call, X) + at;
    const T* dsum = present(call, DSUM) ? data<const T>(call, DSUM) + at : nullptr;
    T* dx = data<T>(call, DX) + at;
    const float r = inverse_rms(s, n, static_cast<float>(call.numbers[EPS]));
    Vector dot = hn::Zero(Lanes());
    strip(n, [&](int64_t i, int count) HWY_ATTR {
      dot = hn::MulAdd(hn::Mul(load_some(dy + i, count), load_some(weight + i, count)),
                       load_some(s + i, count), dot);
    });
    const auto inverse = hn::Set(Lanes(), r);
    const auto pull = hn::Set(Lanes(), r * r * r * (sum_of_lanes(dot) / static_cast<float>(n)));
    strip(n, [&](int64_t i, int count) HWY_ATTR {
      const Vector d = load_some(dy + i, count), v = load_some(s + i, count);
      Vector g = hn::NegMulAdd(v, pull, hn::Mul(hn::Mul(d, load_some(weight + i, count)), inverse));
      if (dsum) g = hn::Add(g, load_some(dsum + i, count));
      store_some(g, dx + i, count);
      if (grad) store_some(hn::MulAdd(hn::Mul(d, inverse), v, load_some(grad + i, count)), grad + i, count);
    });
  }
}

void norm_rows(const sj_call& call, const float* weight, int64_t begin, int64_t end) {
  if (is_bf16(call, ops::rms_norm::X))
    forward_rows<uint16_t>(call, weight, begin, end);
  else
    forward_rows<float>(call, weight, begin, end);
}

void norm_gradients(const sj_call& call, const float* weight, int64_t begin, int64_t end, float* grad) {
  if (is_bf16(call, ops::rms_norm_backward::DY))
    backward_rows<uint16_t>(call, weight, begin, end, grad);
  else
    backward_rows<float>(call, weight, begin, end, grad);
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "../../core/bf16.h"

namespace selfjudge::cpu {
HWY_EXPORT(norm_rows);
HWY_EXPORT(norm_gradients);

namespace {
// Rows a block of the weight's gradient: part of the definition of its bits, so never tuned to a machine.
constexpr int64_t kBlockRows = 64;

// offset + weight in float32. Without an offset nothing is added: 0 would turn a weight of -0.
const float* float_weight(const sj_call& call, int slot, double offset, float* scratch) {
  const int64_t n = elements(call, slot);
  const auto* wide = data<const float>(call, slot);
  if (is_bf16(call, slot)) {
    std::transform(data<const uint16_t>(call, slot), data<const uint16_t>(call, slot) + n, scratch,
                   bf16_to_float);
    wide = scratch;
  }
  if (offset == 0) return wide;
  std::transform(wide, wide + n, scratch,
                 [added = static_cast<float>(offset)](float w) { return added + w; });
  return scratch;
}
}  // namespace

size_t workspace_rms_norm(const sj_call& call) {
  Carver carver(nullptr);
  carver.take<float>(elements(call, ops::rms_norm::WEIGHT));
  return carver.bytes();
}

int32_t run_rms_norm(const sj_call& call, sj_error*) {
  using namespace ops::rms_norm;
  const int64_t n = elements(call, WEIGHT), rows = elements(call, X) / n;
  const float* weight = float_weight(call, WEIGHT, call.numbers[OFFSET], static_cast<float*>(call.workspace));
  const int64_t piece = std::max<int64_t>(1, 4608 / n);
  parallel_for(
      ceil_div(rows, piece),
      [&](int64_t task, int) {
        HWY_DYNAMIC_DISPATCH(norm_rows)(call, weight, task * piece, std::min(rows, (task + 1) * piece));
      },
      std::min(rows, piece) * n / 2);
  return SJ_OK;
}

size_t workspace_rms_norm_backward(const sj_call& call) {
  using namespace ops::rms_norm_backward;
  const int64_t n = elements(call, WEIGHT);
  Carver carver(nullptr);
  carver.take<float>(n);
  if (present(call, GRAD_WEIGHT)) carver.take<float>(ceil_div(elements(call, DY) / n, kBlockRows) * n);
  return carver.bytes();
}

int32_t run_rms_norm_backward(const sj_call& call, sj_error*) {
  using namespace ops::rms_norm_backward;
  const int64_t n = elements(call, WEIGHT), rows = elements(call, DY) / n,
                blocks = ceil_div(rows, kBlockRows);
  Carver carver(call.workspace);
  const float* weight = float_weight(call, WEIGHT, call.numbers[OFFSET], carver.take<float>(n));
  float* grad = present(call, GRAD_WEIGHT) ? data<float>(call, GRAD_WEIGHT) : nullptr;
  float* partial = grad ? carver.take<float>(blocks * n) : nullptr;
  parallel_for(blocks, [&](int64_t block, int) {
    float* sums = grad ? partial + block * n : nullptr;
    if (sums) std::fill_n(sums, n, 0.0f);
    HWY_DYNAMIC_DISPATCH(norm_gradients)
    (call, weight, block * kBlockRows, std::min(rows, (block + 1) * kBlockRows), sums);
  });
  if (grad) {
    constexpr int64_t kColumns = 256;
    parallel_for(ceil_div(n, kColumns), [&](int64_t task, int) {
      const int64_t begin = task * kColumns, end = std::min(n, begin + kColumns);
      for (int64_t block = 0; block < blocks; block++)
        for (int64_t i = begin; i < end; i++) grad[i] += partial[block * n + i];
    });
  }
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
