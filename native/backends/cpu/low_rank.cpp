// Projections on an adapter's rank, and the panels of its factors (low_rank.h).
// clang-format off: Highway depends on this order
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "backends/cpu/low_rank.cpp"
#include "highway_targets.h"

#include <algorithm>

#include <hwy/foreach_target.h>

#include "low_rank.h"
#include "thread_pool.h"

#include "vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace selfjudge::cpu::HWY_NAMESPACE {
namespace {

constexpr int kRanks = 4;  // together, of one or two rows: their sums stay in registers on every path

template <class T, int R, int N>
HWY_INLINE void dots(const T* x, int64_t stride, const float* right, int64_t depth, float* out,
                     int64_t rank) {
  Vector sums[R][N];
  for (int r = 0; r < R; r++)
    for (int n = 0; n < N; n++) sums[r][n] = hn::Zero(Lanes());
  strip(depth, [&](int64_t k, int count) HWY_ATTR {
    Vector row[R];
    for (int r = 0; r < R; r++) row[r] = load_some(x + r * stride + k, count);
    for (int n = 0; n < N; n++) {
      const Vector factor = load_some(right + n * depth + k, count);
      for (int r = 0; r < R; r++) sums[r][n] = hn::MulAdd(row[r], factor, sums[r][n]);
    }
  });
  for (int r = 0; r < R; r++)
    for (int n = 0; n < N; n++) out[r * rank + n] = sum_of_lanes(sums[r][n]);
}

template <class T, int R>
HWY_INLINE void ranks(const T* x, int64_t stride, const Projection& p, float* out) {
  int64_t n = 0;
  for (; n + kRanks <= p.rank; n += kRanks)
    dots<T, R, kRanks>(x, stride, p.right + n * p.depth, p.depth, out + n, p.rank);
  for (; n < p.rank; n++) dots<T, R, 1>(x, stride, p.right + n * p.depth, p.depth, out + n, p.rank);
}

template <class T>
HWY_INLINE void all(const T* x, int64_t stride, int64_t rows, const Projection& p, float* out) {
  int64_t r = 0;
  for (; r + 2 <= rows; r += 2) ranks<T, 2>(x + r * stride, stride, p, out + r * p.rank);
  if (r < rows) ranks<T, 1>(x + r * stride, stride, p, out + r * p.rank);
}

void project_rows(const Projection& p, int64_t first, int64_t rows, float* dropped) {
  float* out = p.out + first * p.rank;
  if (p.x.dropout) {
    for (int64_t r = 0; r < rows; r++) {
      p.x.read(first + r, p.depth, dropped, dropped + p.depth);
      ranks<float, 1>(dropped, p.depth, p, out + r * p.rank);
    }
  } else if (p.x.dtype == SJ_BF16) {
    all(static_cast<const uint16_t*>(p.x.at(first)), p.x.stride, rows, p, out);
  } else {
    all(static_cast<const float*>(p.x.at(first)), p.x.stride, rows, p, out);
  }
}

void multiply(float* x, float scale, int64_t n) {
  const Vector by = hn::Set(Lanes(), scale);
  strip(n, [&](int64_t i, int count)
               HWY_ATTR { store_some(hn::Mul(load_some(x + i, count), by), x + i, count); });
}

}  // namespace
}  // namespace selfjudge::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace selfjudge::cpu {
HWY_EXPORT(project_rows);
HWY_EXPORT(multiply);

int64_t projection_memory(bool dropout, int64_t depth) { return dropout ? worker_count() * 2 * depth : 0; }

void scale_values(float* x, float scale, int64_t n) { HWY_DYNAMIC_DISPATCH(multiply)(x, scale, n); }

namespace {

constexpr int64_t kRows = 8, kPanels = 4;  // a task

void pack(const ScaledPanels& p, int64_t first, int64_t last) {
  const int64_t size = p.rank * kPanel;
  for (int64_t i = first; i < last; i++) {
    float* out = p.out + i * size;
    const int64_t rows = std::min<int64_t>(kPanel, p.n - i * kPanel);
    if (rows < kPanel) std::fill_n(out, size, 0.0f);
    kernels().transpose(p.b + i * size, p.rank, rows, p.rank, out, kPanel);
    scale_values(out, p.scale, size);
  }
}

}  // namespace

void run_low_rank(const Projection* projections, const ScaledPanels* panels, int count) {
  int64_t tasks = 0, work = 0;
  for (int i = 0; i < count; i++) {
    const Projection& p = projections[i];
    tasks += ceil_div(p.rows, kRows) + (panels ? ceil_div(panel_count(panels[i].n), kPanels) : 0);
    work +=
        p.rows * p.rank * p.depth / 32 + (panels ? panels[i].n * p.rank / 4 : 0);  // about the nanoseconds
  }
  if (tasks == 0) return;
  parallel_for(
      tasks,
      [&](int64_t task, int worker) {
        for (int i = 0; i < count; i++) {
          const Projection& p = projections[i];
          const int64_t rows = ceil_div(p.rows, kRows);
          if (task < rows) {
            HWY_DYNAMIC_DISPATCH(project_rows)
            (p, task * kRows, std::min(kRows, p.rows - task * kRows),
             p.x.dropout ? p.dropped + worker * 2 * p.depth : nullptr);
            return;
          }
          task -= rows;
          if (!panels) continue;
          const int64_t all = panel_count(panels[i].n), groups = ceil_div(all, kPanels);
          if (task < groups) return pack(panels[i], task * kPanels, std::min(all, (task + 1) * kPanels));
          task -= groups;
        }
      },
      work / tasks);
}

}  // namespace selfjudge::cpu
#endif
