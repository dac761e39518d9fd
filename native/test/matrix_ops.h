// A small test bench for ops of the CPU backend, called through its table as the core calls it. Workspace and
// outputs start as NaN bytes, and a guard behind the workspace is checked, so that a read or write out of
// place shows.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "../backends/cpu/features.h"
#include "../backends/cpu/thread_pool.h"
#include "../core/bf16.h"
#include "contract_call.h"

namespace selfjudge::test {

inline const sj_backend* backend = nullptr;
inline int failures = 0;
inline std::mt19937_64 rng(7);

#define EXPECT(condition, ...)                                              \
  do {                                                                      \
    if (!(condition)) {                                                     \
      if (++selfjudge::test::failures <= 40) {                              \
        std::printf("  FAILED %s:%d %s: ", __FILE__, __LINE__, #condition); \
        std::printf(__VA_ARGS__);                                           \
        std::printf("\n");                                                  \
      }                                                                     \
    }                                                                       \
  } while (0)

inline double normal() { return std::normal_distribution<double>()(rng); }
inline int64_t below(int64_t n) { return int64_t(rng() % uint64_t(n)); }

// A tensor with storage of its own. Absent: no storage.
class Tensor {
 public:
  Tensor() { t_ = {sizeof(sj_tensor), SJ_F32, SJ_ROWS, 1, {1, 1, 1}, nullptr}; }
  Tensor(sj_dtype dtype, std::initializer_list<int64_t> dims, sj_layout layout = SJ_ROWS) {
    t_ = {sizeof(sj_tensor), dtype, layout, int32_t(dims.size()), {1, 1, 1}, nullptr};
    std::copy(dims.begin(), dims.end(), t_.dims);
    const size_t bytes = layout == SJ_PANELS ? backend->panel_bytes(dtype, t_.dims[0], t_.dims[1])
                                             : size_t(size()) * (dtype == SJ_BF16 ? 2 : 4);
    data_ = std::shared_ptr<void>(backend->alloc(bytes), [bytes](void* p) { backend->free(p, bytes); });
    t_.data = data_.get();
    std::memset(t_.data, 0xff, bytes);
    bytes_ = bytes;
  }
  static Tensor random(sj_dtype dtype, std::initializer_list<int64_t> dims, double scale = 1) {
    Tensor t(dtype, dims);
    for (int64_t i = 0; i < t.size(); i++) t.set(i, scale * normal());
    return t;
  }
  static Tensor zeros(std::initializer_list<int64_t> dims) {
    Tensor t(SJ_F32, dims);
    std::memset(t.t_.data, 0, t.bytes_);
    return t;
  }
  static Tensor ints(std::initializer_list<int64_t> dims, const std::function<int64_t(int64_t)>& f) {
    Tensor t(SJ_I32, dims);
    for (int64_t i = 0; i < t.size(); i++) t.i32()[i] = int32_t(f(i));
    return t;
  }
  int64_t size() const { return t_.dims[0] * t_.dims[1] * t_.dims[2]; }
  int64_t dim(int i) const { return t_.dims[i]; }
  size_t bytes() const { return bytes_; }
  float* f32() const { return static_cast<float*>(t_.data); }
  uint16_t* bf16() const { return static_cast<uint16_t*>(t_.data); }
  int32_t* i32() const { return static_cast<int32_t*>(t_.data); }
  double at(int64_t i) const { return t_.dtype == SJ_BF16 ? bf16_to_float(bf16()[i]) : f32()[i]; }
  double at(int64_t r, int64_t c) const { return at(r * t_.dims[1] + c); }
  void set(int64_t i, double v) const {
    if (t_.dtype == SJ_BF16)
      bf16()[i] = float_to_bf16(float(v));
    else
      f32()[i] = float(v);
  }
  Tensor clone() const {
    Tensor t;
    t.t_ = t_;
    t.bytes_ = bytes_;
    t.data_ = std::shared_ptr<void>(backend->alloc(bytes_), [n = bytes_](void* p) { backend->free(p, n); });
    t.t_.data = t.data_.get();
    std::memcpy(t.t_.data, t_.data, bytes_);
    return t;
  }
  // Rows [first, first + count) of a matrix, copied.
  Tensor rows(int64_t first, int64_t count) const {
    Tensor t(sj_dtype(t_.dtype), {count, t_.dims[1]});
    const size_t row = t.bytes_ / size_t(count);
    std::memcpy(t.t_.data, static_cast<char*>(t_.data) + size_t(first) * row, t.bytes_);
    return t;
  }
  bool same(const Tensor& o) const { return bytes_ == o.bytes_ && !std::memcmp(t_.data, o.t_.data, bytes_); }
  const sj_tensor& raw() const { return t_; }

 private:
  sj_tensor t_;
  std::shared_ptr<void> data_;
  size_t bytes_ = 0;
};

inline std::vector<sj_tensor> raw_of(const std::vector<Tensor>& tensors) {
  std::vector<sj_tensor> raw;
  for (const Tensor& t : tensors) raw.push_back(t.raw());
  return raw;
}

// What the contract says against a call; empty: nothing.
inline std::string refusal(sj_op op, const std::vector<Tensor>& tensors, const Attributes& attributes) {
  return CheckedCall(op, raw_of(tensors), attributes, nullptr).wrong;
}

// Runs one op; returns its code, the message in `message`.
inline std::string message;
inline int32_t run(sj_op op, const std::vector<Tensor>& tensors, const Attributes& attributes = {}) {
  const std::vector<sj_tensor> raw = raw_of(tensors);
  const auto [numbers, wrong] = CheckedCall(op, raw, attributes, nullptr);
  EXPECT(wrong.empty(), "%s", wrong.c_str());
  if (!wrong.empty()) return SJ_INTERNAL;
  sj_call call{sizeof(sj_call),
               op,
               raw.data(),
               uint32_t(raw.size()),
               numbers.data(),
               uint32_t(numbers.size()),
               nullptr,
               nullptr,
               0,
               nullptr};
  // A hint, which must not show in any result.
  for (const sj_tensor& t : raw)
    if (t.data && t.layout == SJ_PANELS) call.next_weight = &t;
  call.workspace_bytes = backend->workspace(&call);
  constexpr size_t kGuard = 4096;
  char* memory = static_cast<char*>(backend->alloc(call.workspace_bytes + kGuard));
  std::memset(memory, 0xff, call.workspace_bytes + kGuard);
  call.workspace = memory;
  sj_error error{};
  const int32_t code = backend->run(&call, &error);
  message = error.message;
  for (size_t i = 0; i < kGuard; i++)
    if (memory[call.workspace_bytes + i] != char(0xff)) {
      EXPECT(false, "op %u wrote past its workspace", unsigned(op));
      break;
    }
  backend->free(memory, call.workspace_bytes + kGuard);
  return code;
}

inline Tensor pack(const Tensor& rows, sj_dtype dtype) {
  Tensor panels(dtype, {rows.dim(0), rows.dim(1)}, SJ_PANELS);
  EXPECT(run(SJ_OP_pack, {rows, panels}) == SJ_OK, "%s", message.c_str());
  return panels;
}

// |x - y| <= absolute + relative |y| (+ slack), elementwise; NaN fails.
inline void expect_close(const char* what, const Tensor& x, const std::vector<double>& y, double absolute,
                         double relative, const std::vector<double>& slack = {}) {
  for (int64_t i = 0; i < x.size(); i++)
    if (!(std::fabs(x.at(i) - y[size_t(i)]) <=
          absolute + relative * std::fabs(y[size_t(i)]) + (slack.empty() ? 0 : slack[size_t(i)]))) {
      EXPECT(false, "%s [%lld of %lld]: expected %.9g, received %.9g", what, (long long)i,
             (long long)x.size(), y[size_t(i)], x.at(i));
      return;
    }
}

// Runs `body` with one worker and with all, and expects the same bytes in what it returns.
inline void expect_thread_invariant(const char* what, const std::function<std::vector<Tensor>()>& body) {
  cpu::set_worker_limit(1);
  const std::vector<Tensor> one = body();
  cpu::set_worker_limit(cpu::worker_count());
  const std::vector<Tensor> all = body();
  for (size_t i = 0; i < one.size(); i++)
    EXPECT(one[i].same(all[i]), "%s: output %zu differs by threads", what, i);
}

inline double round_of(sj_dtype dtype) { return dtype == SJ_BF16 ? 1.0 / 256 : 1e-6; }

void matrix_tests();
void head_tests();

}  // namespace selfjudge::test
