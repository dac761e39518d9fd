// add, scale, add_in_place, fill, cast_f32, cast_bf16, copy (ops/elementwise.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/elementwise.cpp"
#include "highway_targets.h"

#include <algorithm>
#include <cstring>

#include <hwy/foreach_target.h>

#include "../../include/ops/elementwise.h"
#include "../arguments.h"
#include "thread_pool.h"

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

template <class A, class B, class Y>
HWY_INLINE void add_range(const A* a, const B* b, Y* y, int64_t n) {
  strip(n, [&](int64_t i, int count) HWY_ATTR {
    store_some(hn::Add(load_some(a + i, count), load_some(b + i, count)), y + i, count);
  });
}

template <class T>
HWY_INLINE void scale_range(const T* x, float factor, T* y, int64_t n) {
  const auto factors = hn::Set(Lanes(), factor);
  strip(n, [&](int64_t i, int count)
               HWY_ATTR { store_some(hn::Mul(load_some(x + i, count), factors), y + i, count); });
}

template <class X, class Y>
HWY_INLINE void cast_range(const X* x, Y* y, int64_t n) {
  strip(n, [&](int64_t i, int count) HWY_ATTR { store_some(load_some(x + i, count), y + i, count); });
}

// y = a + b over n values; y has a's type, and may be a.
void add_values(const void* a, bool a_bf16, const void* b, bool b_bf16, void* y, int64_t n) {
  const auto* a16 = static_cast<const uint16_t*>(a);
  const auto* a32 = static_cast<const float*>(a);
  const auto* b16 = static_cast<const uint16_t*>(b);
  const auto* b32 = static_cast<const float*>(b);
  if (a_bf16) {
    if (b_bf16)
      add_range(a16, b16, static_cast<uint16_t*>(y), n);
    else
      add_range(a16, b32, static_cast<uint16_t*>(y), n);
  } else {
    if (b_bf16)
      add_range(a32, b16, static_cast<float*>(y), n);
    else
      add_range(a32, b32, static_cast<float*>(y), n);
  }
}

void scale_values(const void* x, float factor, void* y, bool bf16, int64_t n) {
  if (bf16)
    scale_range(static_cast<const uint16_t*>(x), factor, static_cast<uint16_t*>(y), n);
  else
    scale_range(static_cast<const float*>(x), factor, static_cast<float*>(y), n);
}

void widen_values(const uint16_t* x, float* y, int64_t n) { cast_range(x, y, n); }
void narrow_values(const float* x, uint16_t* y, int64_t n) { cast_range(x, y, n); }

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "../../core/bf16.h"

namespace selfjudge::cpu {
HWY_EXPORT(add_values);
HWY_EXPORT(scale_values);
HWY_EXPORT(widen_values);
HWY_EXPORT(narrow_values);

namespace {

// body(begin, count) over [0, n) on all workers.
template <class Body>
void split(int64_t n, const Body& body) {
  constexpr int64_t kPiece = 32768;
  parallel_for(ceil_div(n, kPiece),
               [&](int64_t task, int) { body(task * kPiece, std::min(kPiece, n - task * kPiece)); });
}

char* value_at(const sj_call& call, int slot, int64_t i) {
  return data<char>(call, slot) + i * int64_t(element_bytes(call, slot));
}

void add_tensors(const sj_call& call, int a, int b, int y) {
  split(elements(call, a), [&](int64_t begin, int64_t count) {
    HWY_DYNAMIC_DISPATCH(add_values)
    (value_at(call, a, begin), is_bf16(call, a), value_at(call, b, begin), is_bf16(call, b),
     value_at(call, y, begin), count);
  });
}

void copy_bytes(const sj_call& call, int from, int to) {
  const int64_t size = int64_t(element_bytes(call, from));
  split(elements(call, from), [&](int64_t begin, int64_t count) {
    std::memcpy(data<char>(call, to) + begin * size, data<char>(call, from) + begin * size,
                size_t(count * size));
  });
}

}  // namespace

size_t workspace_add(const sj_call&) { return 0; }
int32_t run_add(const sj_call& call, sj_error*) {
  add_tensors(call, ops::add::A, ops::add::B, ops::add::Y);
  return SJ_OK;
}

size_t workspace_scale(const sj_call&) { return 0; }
int32_t run_scale(const sj_call& call, sj_error*) {
  using namespace ops::scale;
  const auto factor = static_cast<float>(call.numbers[FACTOR]);
  split(elements(call, X), [&](int64_t begin, int64_t count) {
    HWY_DYNAMIC_DISPATCH(scale_values)
    (value_at(call, X, begin), factor, value_at(call, Y, begin), is_bf16(call, X), count);
  });
  return SJ_OK;
}

size_t workspace_add_in_place(const sj_call&) { return 0; }
int32_t run_add_in_place(const sj_call& call, sj_error*) {
  add_tensors(call, ops::add_in_place::A, ops::add_in_place::B, ops::add_in_place::A);
  return SJ_OK;
}

size_t workspace_fill(const sj_call&) { return 0; }
int32_t run_fill(const sj_call& call, sj_error*) {
  using namespace ops::fill;
  const double value = call.numbers[VALUE];
  const int32_t dtype = call.tensors[X].dtype;
  split(elements(call, X), [&](int64_t begin, int64_t count) {
    if (dtype == SJ_F32) std::fill_n(data<float>(call, X) + begin, count, static_cast<float>(value));
    if (dtype == SJ_BF16)
      std::fill_n(data<uint16_t>(call, X) + begin, count, float_to_bf16(static_cast<float>(value)));
    if (dtype == SJ_I32)
      std::fill_n(data<int32_t>(call, X) + begin, count,
                  static_cast<int32_t>(std::clamp(value, -2147483648.0, 2147483647.0)));
  });
  return SJ_OK;
}

size_t workspace_cast_f32(const sj_call&) { return 0; }
int32_t run_cast_f32(const sj_call& call, sj_error*) {
  using namespace ops::cast_f32;
  if (!is_bf16(call, X)) {
    copy_bytes(call, X, Y);
    return SJ_OK;
  }
  split(elements(call, X), [&](int64_t begin, int64_t count) {
    HWY_DYNAMIC_DISPATCH(widen_values)(data<uint16_t>(call, X) + begin, data<float>(call, Y) + begin, count);
  });
  return SJ_OK;
}

size_t workspace_cast_bf16(const sj_call&) { return 0; }
int32_t run_cast_bf16(const sj_call& call, sj_error*) {
  using namespace ops::cast_bf16;
  if (is_bf16(call, X)) {
    copy_bytes(call, X, Y);
    return SJ_OK;
  }
  split(elements(call, X), [&](int64_t begin, int64_t count) {
    HWY_DYNAMIC_DISPATCH(narrow_values)(data<float>(call, X) + begin, data<uint16_t>(call, Y) + begin, count);
  });
  return SJ_OK;
}

size_t workspace_copy(const sj_call&) { return 0; }
int32_t run_copy(const sj_call& call, sj_error*) {
  copy_bytes(call, ops::copy::X, ops::copy::Y);
  return SJ_OK;
}

}  // namespace selfjudge::cpu
#endif
