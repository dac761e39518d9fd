#include "gemm.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "../features.h"
#include "../thread_pool.h"

namespace selfjudge::cpu {
namespace {

constexpr int64_t kMaxRows = 192;
constexpr int64_t kMinRows = 32;
constexpr int64_t kDepth = 192;     // of a panel at a time: 36 KiB of float32 stay in L1 while rows pass
constexpr int64_t kFewRows = 4;     // decode: panels side by side instead of row blocks
constexpr int64_t kTasks = 6;       // a worker
constexpr int64_t kWidenRows = 16;  // more rows than this share one widened copy of a bf16 panel

// Of float32 rows of A: they stay in L2 while panels pass.
int64_t block_bytes() {
  static const int64_t bytes =
      std::clamp<int64_t>(sysconf(_SC_LEVEL2_CACHE_SIZE) * 3 / 8, 256 << 10, 768 << 10);
  return bytes;
}

int64_t max_row_block(int64_t k) {
  return std::clamp(block_bytes() / (4 * std::max<int64_t>(k, 1)) / 8 * 8, kMinRows, kMaxRows);
}

struct WorkerScratch {
  float *a, *mask, *panel, *c;
  WorkerScratch(int64_t k, Carver& s) {
    // Sizes ascend with k, so memory for the deepest of several matmuls serves them all.
    a = s.take<float>(std::min(kMaxRows * k, std::max(block_bytes() / 4, kMinRows * k)));
    mask = s.take<float>(k);
    panel = s.take<float>(std::min(k, kDepth) * kPanel);
    c = s.take<float>(kMaxRows * kPanel);
  }
};

int64_t worker_scratch(int64_t k) {
  Carver s(nullptr);
  WorkerScratch(k, s);
  return int64_t(s.bytes() / sizeof(float));
}

}  // namespace

void Rows::read(int64_t row, int64_t k, float* out, float* mask) const {
  if (dtype == SJ_BF16)
    kernels().widen(static_cast<const uint16_t*>(at(row)), out, k);
  else
    std::memcpy(out, at(row), size_t(k) * sizeof(float));
  if (!dropout) return;
  dropout->mask(first + row, 0, mask, k);
  for (int64_t i = 0; i < k; i++) out[i] *= mask[i];
}

int64_t matmul_scratch(int64_t k) { return worker_count() * worker_scratch(k); }

void matmul(const Matmul& m, float* scratch, const std::function<void(const Block&)>& epilogue) {
  if (m.rows <= 0 || m.columns <= 0) return;
  const Kernels& kernel = kernels();
  const int64_t panels = panel_count(m.columns), workers = worker_count();
  const bool few = m.rows <= kFewRows;

  // Blocks of rows x groups of panels, some 6 tasks a worker: more would widen a block of A more often, fewer
  // would leave workers idle at the end.
  int64_t row_block = max_row_block(m.k);
  while (row_block > 8 && ceil_div(m.rows, row_block) * panels < 4 * workers) row_block /= 2;
  row_block = std::max<int64_t>(kTileRows, row_block / kTileRows * kTileRows);
  row_block = ceil_div(ceil_div(m.rows, ceil_div(m.rows, row_block)), 8) * 8;
  const int64_t row_blocks = ceil_div(m.rows, row_block);
  const int64_t group = few ? std::clamp<int64_t>(panels / (4 * workers), 1, kBlockPanels)
                            : std::clamp<int64_t>(panels * row_blocks / (kTasks * workers),
                                                  std::min<int64_t>(2, panels), panels);
  const int64_t groups = ceil_div(panels, group);
  const int64_t per_worker = worker_scratch(m.k);
  // Some 32 multiply-adds a nanosecond, vectors being whole.
  const int64_t cost = m.rows * m.k * round_up(m.columns, 16) / (32 * row_blocks * groups);

  parallel_for(
      row_blocks * groups,
      [&](int64_t task, int worker) {
        Carver memory(scratch + worker * per_worker);
        const WorkerScratch own(m.k, memory);
        const int64_t row0 = task % row_blocks * row_block, rows = std::min(row_block, m.rows - row0);
        const int64_t first = task / row_blocks * group, last = std::min(panels, first + group);

        const float* a = static_cast<const float*>(m.a.at(row0));
        int64_t a_stride = m.a.stride;
        if (!m.a.direct()) {
          for (int64_t r = 0; r < rows; r++) m.a.read(row0 + r, m.k, own.a + r * m.k, own.mask);
          a = own.a;
          a_stride = m.k;
        }

        const bool wide = m.b.dtype == SJ_BF16 && rows > kWidenRows;
        const int64_t step = few ? kBlockPanels : 1;
        for (int64_t p = first; p < last; p += step) {
          const int64_t count = std::min(step, last - p);
          const int64_t columns = std::min(count * kPanel, m.columns - p * kPanel);
          const int vectors = int(ceil_div(columns - (count - 1) * kPanel, 16));
          float* c = m.c ? m.c + row0 * m.c_stride + p * kPanel : own.c;
          const int64_t c_stride = m.c ? m.c_stride : count * kPanel;
          const int64_t depth = few ? std::max<int64_t>(m.k, 1) : kDepth;
          const char* panel = static_cast<const char*>(m.b.data) + size_t(p) * m.b.stride;
          for (int64_t k0 = 0; k0 == 0 || k0 < m.k; k0 += depth) {
            const int64_t k = std::min(depth, m.k - k0);
            const char* part = panel + panel_stride(m.b.dtype, k0);  // k0 is even
            if (wide) {
              kernel.widen_panel(reinterpret_cast<const uint32_t*>(part), k, own.panel);
              part = reinterpret_cast<const char*>(own.panel);
            }
            auto* tile = m.b.dtype == SJ_BF16 && !wide ? kernel.tile_bf16 : kernel.tile_f32;
            for (int64_t r = 0; r < rows; r += kTileRows)
              tile({a + r * a_stride + k0, a_stride, int(std::min<int64_t>(kTileRows, rows - r)), part,
                    m.b.stride, int(count), vectors, k, c + r * c_stride, c_stride, k0 > 0 || m.accumulate});
          }
          if (epilogue) epilogue({row0, rows, p * kPanel, columns, c, c_stride, worker});
        }
      },
      cost);
}

const Kernels& kernels() {
  switch (current_path()) {
#if defined(__x86_64__)
    case Path::Avx512:
      return avx512::table;
    case Path::Avx2:
      return avx2::table;
#endif
    default:
      return portable::table;
  }
}

}  // namespace selfjudge::cpu
