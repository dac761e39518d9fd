// Direct calls of CPU ops for the native tests: tensors that own their memory and notice writes past their
// end.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "backends/cpu/ops.h"
#include "contract_call.h"
#include "core/bf16.h"

namespace selfjudge::test {

inline int failures = 0;

#define SJ_CHECK(condition, ...)                                                                   \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      selfjudge::test::failures++;                                                                 \
      std::printf("FAIL %s:%d ", __FILE__, __LINE__), std::printf(__VA_ARGS__), std::printf("\n"); \
    }                                                                                              \
  } while (0)

struct Tensor {
  sj_tensor view{sizeof(sj_tensor), SJ_F32, SJ_ROWS, 1, {1, 1, 1}, nullptr};
  std::shared_ptr<char> memory;

  Tensor() = default;  // absent
  Tensor(int32_t dtype, std::vector<int64_t> shape) {
    view.dtype = dtype;
    view.rank = int32_t(shape.size());
    for (size_t i = 0; i < shape.size(); i++) view.dims[i] = shape[i];
    memory.reset(static_cast<char*>(std::aligned_alloc(64, (bytes() + kGuard + 63) / 64 * 64)), std::free);
    std::memset(memory.get(), 0x5a, bytes() + kGuard);
    view.data = memory.get();
  }
  int64_t size() const { return view.dims[0] * view.dims[1] * view.dims[2]; }
  size_t bytes() const { return size_t(size()) * (view.dtype == SJ_BF16 ? 2 : 4); }
  bool intact() const {
    for (size_t i = 0; memory && i < kGuard; i++)
      if (memory.get()[bytes() + i] != 0x5a) return false;
    return true;
  }
  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(memory.get());
  }
  double get(int64_t i) const {
    if (view.dtype == SJ_I32) return data<int32_t>()[i];
    return view.dtype == SJ_BF16 ? bf16_to_float(data<uint16_t>()[i]) : data<float>()[i];
  }
  void set(int64_t i, double value) {
    if (view.dtype == SJ_I32)
      data<int32_t>()[i] = int32_t(value);
    else if (view.dtype == SJ_BF16)
      data<uint16_t>()[i] = float_to_bf16(float(value));
    else
      data<float>()[i] = float(value);
  }
  Tensor copy() const {
    Tensor t(view.dtype, {view.dims, view.dims + view.rank});
    std::memcpy(t.memory.get(), memory.get(), bytes());
    return t;
  }

 private:
  static constexpr size_t kGuard = 128;
};

// A stateless hash: the same (seed, i) gives the same value, near a normal distribution.
inline double noise(uint64_t seed, uint64_t i) {
  double sum = 0;
  for (uint64_t k = 0; k < 4; k++) {
    uint64_t x = seed * 0x9e3779b97f4a7c15u + i * 4 + k + 1;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    sum += double((x ^ (x >> 31)) >> 11) / 9007199254740992.0 - 0.5;
  }
  return sum * 1.7320508;
}
inline Tensor random(int32_t dtype, std::vector<int64_t> shape, uint64_t seed, double scale = 1) {
  Tensor t(dtype, std::move(shape));
  for (int64_t i = 0; i < t.size(); i++) t.set(i, scale * noise(seed, uint64_t(i)));
  return t;
}
inline Tensor integers(std::vector<int64_t> shape, const std::vector<int32_t>& values) {
  Tensor t(SJ_I32, std::move(shape));
  std::memcpy(t.memory.get(), values.data(), t.bytes());
  return t;
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.bytes() == b.bytes() && std::memcmp(a.memory.get(), b.memory.get(), a.bytes()) == 0;
}
// Largest |a - expected| over the largest |expected|, or `least` where that is more.
inline double error_of(const Tensor& a, const std::vector<double>& expected, double least = 1e-30) {
  double worst = 0, scale = least;
  for (int64_t i = 0; i < a.size(); i++) {
    scale = std::max(scale, std::abs(expected[size_t(i)]));
    const double e = std::abs(a.get(i) - expected[size_t(i)]);
    if (!(e <= worst)) worst = e;  // a NaN sticks
  }
  return worst / scale;
}

using Run = int32_t (*)(const sj_call&, sj_error*);
using Workspace = size_t (*)(const sj_call&);

inline int32_t call(sj_op op, Run run, Workspace workspace, std::vector<Tensor> tensors,
                    const Attributes& attributes = {}, const sj_tree* tree = nullptr,
                    sj_error* error = nullptr) {
  std::vector<sj_tensor> views;
  for (const Tensor& t : tensors) views.push_back(t.view);
  const auto [numbers, wrong] = CheckedCall(op, views, attributes, tree);
  SJ_CHECK(wrong.empty(), "%s", wrong.c_str());
  if (!wrong.empty()) return SJ_INTERNAL;
  sj_call c{sizeof(sj_call),
            uint32_t(op),
            views.data(),
            uint32_t(views.size()),
            numbers.data(),
            uint32_t(numbers.size()),
            tree,
            nullptr,
            0,
            nullptr};
  c.workspace_bytes = workspace(c);
  Tensor scratch(SJ_BF16, {int64_t(c.workspace_bytes + 1) / 2 + 1});
  std::memset(scratch.memory.get(), 0xff, scratch.bytes());  // NaN: a kernel must not rely on what it finds
  c.workspace = scratch.memory.get();
  const int32_t code = run(c, error);
  SJ_CHECK(scratch.intact(), "workspace overrun");
  for (size_t i = 0; i < tensors.size(); i++) SJ_CHECK(tensors[i].intact(), "tensor %zu overrun", i);
  return code;
}
#define SJ_CALL(op, ...) \
  selfjudge::test::call(SJ_OP_##op, selfjudge::cpu::run_##op, selfjudge::cpu::workspace_##op, __VA_ARGS__)

}  // namespace selfjudge::test
