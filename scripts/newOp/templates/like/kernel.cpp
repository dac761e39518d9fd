// op_stem (ops/op_stem.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/op_stem.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <initializer_list>

#include <hwy/foreach_target.h>

#include "../../include/ops/op_stem.h"
#include "../arguments.h"
#include "thread_pool.h"

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
// Of this file alone: another kernel's function of the same name and signature would take this one's place.
namespace {

// EDIT: the maths of neighbouring values, in float32, rounded once as they are stored. As it stands values
// [begin, begin + n) of tensor `out` are the sum of those `terms` that are given, all of its shape and dtype.
template <class T>
HWY_INLINE void sum_range(const sj_call& call, const std::initializer_list<int>& terms, int out,
                          int64_t begin, int64_t n) {
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    Vector sum = hn::Zero(Lanes());
    for (const int term : terms)
      if (present(call, term)) sum = hn::Add(sum, load_some(data<const T>(call, term) + begin + i, count));
    store_some(sum, data<T>(call, out) + begin + i, count);
  });
}

void sum_values(const sj_call& call, const std::initializer_list<int>& terms, int out, int64_t begin,
                int64_t n) {
  if (is_bf16(call, out))
    sum_range<uint16_t>(call, terms, out, begin, n);
  else
    sum_range<float>(call, terms, out, begin, n);
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
namespace {
HWY_EXPORT(sum_values);

// On all workers.
void sum(const sj_call& call, std::initializer_list<int> terms, int out) {
  if (!present(call, out)) return;
  constexpr int64_t kPiece = 16384;
  const int64_t n = elements(call, out);
  parallel_for(
      ceil_div(n, kPiece),
      [&](int64_t task, int) {
        HWY_DYNAMIC_DISPATCH(sum_values)
        (call, terms, out, task * kPiece, std::min(kPiece, n - task * kPiece));
      },
      kPiece / 4);  // EDIT: about the nanoseconds of a piece
}

}  // namespace

FUNCTIONS

}  // namespace selfjudge::cpu
#endif
