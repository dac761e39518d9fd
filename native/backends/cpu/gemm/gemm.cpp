#include "gemm.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "../features.h"
#include "../thread_pool.h"

namespace selfjudge::cpu {
namespace {

constexpr int64_t kMaxRows = 192;
constexpr int64_t kMinRows = 32;
constexpr int64_t kDepth =
    128;  // of a panel at a time: 24 KiB of float32 stay in L1 while rows pass; bf16 streams from L2
constexpr int64_t kFewRows = 4;  // decode: panels side by side instead of row blocks
// Tasks a worker: fewer would leave workers idle at the end, more would copy or widen a block of A more
// often, where A is not read as it is.
constexpr int64_t kTasks = 6, kDirectTasks = 12;
constexpr int64_t kWidenRows = 16;  // more rows than this share one widened copy of a bf16 panel

// Of float32 rows of A: they stay in L2 while panels pass.
int64_t block_bytes() {
  static const int64_t bytes =
      std::clamp<int64_t>(sysconf(_SC_LEVEL2_CACHE_SIZE) * 3 / 8, 256 << 10, 768 << 10);
  return bytes;
}

int64_t max_row_block(int64_t row_bytes) {
  return std::clamp(block_bytes() / std::max<int64_t>(row_bytes, 1) / 8 * 8, kMinRows, kMaxRows);
}

struct WorkerScratch {
  float *a, *mask, *panel, *c;
  WorkerScratch(int64_t k, Carver& s) {
    // Sizes ascend with k, so memory for the deepest of several matmuls serves them all.
    const int64_t width = kernels().dot_blocks ? round_up(k, kDotDepth) : k;
    a = s.take<float>(std::min(kMaxRows * width, std::max(block_bytes() / 4, kMinRows * width)));
    mask = s.take<float>(k);
    panel = s.take<float>(std::min(k, kDepth) * kPanel);
    // A block of rows and a panel; a tile of pairs, or few rows of kBlockPanels, are smaller.
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

namespace {

// A block of A: as float32, or as bf16 pairs where those are multiplied (as DotTile takes them).
struct Left {
  const float* f32;
  const uint16_t* bf16;
  int64_t stride, below, next;
};

Left rows_as_they_are(const uint16_t* rows, int64_t stride) {
  return {nullptr, rows, stride, kBlockRows * stride, kDotDepth};
}

// Whether tiles load well from where the rows are: whole cache lines that do not fall on few sets of the
// cache.
bool loads_well(const uint16_t* rows, int64_t stride, int64_t k) {
  return k % kDotDepth == 0 && stride % kDotDepth == 0 && stride % 512 != 0 && uintptr_t(rows) % 64 == 0;
}

Left read_block(const Matmul& m, bool dot, int64_t row0, int64_t rows, const WorkerScratch& own) {
  if (dot) {
    const auto* from = static_cast<const uint16_t*>(m.a.at(row0));
    auto* copy = reinterpret_cast<uint16_t*>(own.a);
    if (const auto blocks = kernels().dot_blocks) {
      if (loads_well(from, m.a.stride, m.k)) return rows_as_they_are(from, m.a.stride);
      blocks(from, m.a.stride, rows, m.k, copy);
      return {nullptr, copy, kDotDepth, round_up(m.k, kDotDepth) * kBlockRows, kBlockRows * kDotDepth};
    }
    if (m.k % 2 == 0 && m.a.stride % 2 == 0) return rows_as_they_are(from, m.a.stride);
    const int64_t stride = round_up(m.k, 2);
    for (int64_t r = 0; r < rows; r++) {
      std::memcpy(copy + r * stride, from + r * m.a.stride, size_t(m.k) * 2);
      if (m.k < stride) copy[r * stride + m.k] = 0;
    }
    return rows_as_they_are(copy, stride);
  }
  if (m.a.direct()) return {static_cast<const float*>(m.a.at(row0)), nullptr, m.a.stride, 0, 0};
  for (int64_t r = 0; r < rows; r++) m.a.read(row0 + r, m.k, own.a + r * m.k, own.mask);
  return {own.a, nullptr, m.k, 0, 0};
}

// How a product is cut into tasks: blocks of rows x groups of panels, the blocks of one group one after the
// other.
struct Cut {
  int64_t tile_rows, tile_panels, panels, row_block, row_blocks, group, groups;

  Cut(int64_t rows, int64_t k, int64_t columns, bool dot, int64_t workers)
      : tile_rows(dot ? kernels().dot_rows : kTileRows),
        tile_panels(dot ? kernels().dot_panels : 1),
        panels(panel_count(columns)) {
    const int64_t depth = round_up(k, kernels().dot_blocks ? kDotDepth : 2);
    row_block = max_row_block(dot ? 2 * depth : 4 * k);
    while (row_block > tile_rows && ceil_div(rows, row_block) * panels < 4 * workers) row_block /= 2;
    row_block = std::max(tile_rows, row_block / tile_rows * tile_rows);
    row_block = round_up(ceil_div(rows, ceil_div(rows, row_block)), tile_rows);
    row_blocks = ceil_div(rows, row_block);
    const bool as_it_is = dot && !kernels().dot_blocks;
    const int64_t tasks = workers > 1 ? (as_it_is ? kDirectTasks : kTasks) * workers : 1;
    group = rows <= kFewRows ? std::clamp<int64_t>(panels / (4 * workers), 1, kBlockPanels)
                             : std::clamp<int64_t>(round_up(panels * row_blocks / tasks, tile_panels),
                                                   std::min<int64_t>(2, panels), panels);
    // Groups of one size: a small last one would leave the other workers idle while the last large one ends.
    group = round_up(ceil_div(panels, ceil_div(panels, group)), rows <= kFewRows ? 1 : tile_panels);
    groups = ceil_div(panels, group);
  }
  int64_t tasks() const { return row_blocks * groups; }
  int64_t first_panel(int64_t task) const { return task / row_blocks * group; }
};

// Where the share of the task's worker begins in the weight that comes next, if no task of its own follows
// this one, of `tasks`; else null.
const char* after_last_task(const Matmul& m, bool dot, int64_t tasks, int64_t task, int64_t workers) {
  const int64_t worker = ((task + 1) * workers - 1) / tasks;
  if (!m.next || task + 1 != first_task(tasks, worker + 1, workers)) return nullptr;
  const Panels b = weight_panels(*m.next);
  const Cut next(m.rows, m.next->dims[1], m.next->dims[0], dot, workers);
  const int64_t panel = next.first_panel(first_task(next.tasks(), worker, workers));
  return static_cast<const char*>(b.data) + size_t(panel) * b.stride;
}

// Task `task` of one product's cut. `after`: what its worker reads next, or null.
void run_task(const Product& m, const Cut& cut, bool dot, int64_t task, int worker, const WorkerScratch& own,
              const char* after) {
  const Kernels& kernel = kernels();
  const bool few = m.rows <= kFewRows;
  const int64_t tile_rows = cut.tile_rows, panels = cut.panels;
  const int64_t row0 = task % cut.row_blocks * cut.row_block, rows = std::min(cut.row_block, m.rows - row0);
  const int64_t first = cut.first_panel(task), last = std::min(panels, first + cut.group);
  const Left a = read_block(m, dot, row0, rows, own);
  const auto left = [&](int64_t r) { return a.bf16 + r / kBlockRows * a.below + r % kBlockRows * a.stride; };
  const bool wide = !dot && m.b.dtype == SJ_BF16 && rows > kWidenRows;
  const int64_t step = few ? kBlockPanels : cut.tile_panels;
  for (int64_t p = first; p < last; p += step) {
    const int count = int(std::min(step, last - p));
    const int64_t columns = std::min(count * int64_t(kPanel), m.columns - p * kPanel);
    const int vectors = int(ceil_div(columns - (count - 1) * kPanel, 16));
    float* c = m.c ? m.c + row0 * m.c_stride + p * kPanel : own.c;
    // A tile of pairs has its whole depth, so the epilogue follows it at once, from L1.
    const bool finished = dot && !m.c;
    const int64_t c_stride = m.c ? m.c_stride : count * kPanel;
    uint16_t* out = m.c16 && dot ? m.c16 + row0 * m.c_stride + p * kPanel : nullptr;
    const int64_t depth = few || dot ? std::max<int64_t>(m.k, 1) : kDepth;
    const char* panel = static_cast<const char*>(m.b.data) + size_t(p) * m.b.stride;
    for (int64_t k0 = 0; k0 == 0 || k0 < m.k; k0 += depth) {
      const int64_t k = std::min(depth, m.k - k0);
      const char* part = panel + panel_stride(m.b.dtype, k0);  // k0 is even
      const bool more = k0 > 0 || m.accumulate;
      if (wide) {
        kernel.widen_panel(reinterpret_cast<const uint32_t*>(part), k, own.panel);
        part = reinterpret_cast<const char*>(own.panel);
      }
      auto* tile = m.b.dtype == SJ_BF16 && !wide ? kernel.tile_bf16 : kernel.tile_f32;
      // Each pass of rows over this part fetches its share of the next one.
      const int64_t passes = ceil_div(rows, tile_rows);
      const int64_t size = count * int64_t(panel_stride(m.b.dtype, k));
      const char* const ahead = after && p + step >= last ? after : part + size;
      const int lines = int(ceil_div(3, passes));
      for (int64_t r = 0; r < rows; r += tile_rows) {
        const int some = int(std::min(tile_rows, rows - r));
        float* to = finished ? c : c + r * c_stride;
        if (!dot) {
          tile({a.f32 + r * a.stride + k0, a.stride, some, part, m.b.stride, count, vectors, k, to, c_stride,
                more});
          continue;
        }
        kernel.tile_dot({left(r), a.stride, a.below, a.next, some, part, m.b.stride, count, vectors,
                         (k + 1) / 2, ahead + r / tile_rows * size / passes, lines, int(192 / passes), to,
                         c_stride, more, out ? out + r * m.c_stride : nullptr, m.c_stride});
        if (m.epilogue) m.epilogue({row0 + r, some, p * kPanel, columns, to, c_stride, worker});
      }
    }
    if (dot) continue;
    if (m.c16)
      for (int64_t r = 0; r < rows; r++)
        kernel.narrow(c + r * c_stride, m.c16 + (row0 + r) * m.c_stride + p * kPanel, columns);
    if (m.epilogue) m.epilogue({row0, rows, p * kPanel, columns, c, c_stride, worker});
  }
}

}  // namespace

void matmul_together(const Product* products, int count, float* scratch) {
  const Matmul& m = products[0];
  if (m.rows <= 0) return;
  const auto has_dots = [&](const Product& p) {
    return kernels().tile_dot && p.a.dtype == SJ_BF16 && !p.a.dropout && p.b.dtype == SJ_BF16;
  };
  const int64_t workers = free_workers(), per_worker = worker_scratch(m.k);
  std::optional<Cut> cuts[kTogether];
  int64_t tasks = 0, columns = 0;
  for (int i = 0; i < count; i++) {
    if (products[i].columns <= 0) continue;
    cuts[i].emplace(m.rows, m.k, products[i].columns, has_dots(products[i]), workers);
    tasks += cuts[i]->tasks();
    columns += round_up(products[i].columns, 16);
  }
  if (tasks == 0) return;
  // Some 32 multiply-adds a nanosecond, vectors being whole.
  const int64_t cost = m.rows * m.k * columns / (32 * tasks);
  parallel_for(
      tasks,
      [&](int64_t task, int worker) {
        const TileScope tiles;
        Carver memory(scratch + worker * per_worker);
        const WorkerScratch own(m.k, memory);
        const Product& last = products[count - 1];
        const char* const after =
            has_dots(last) ? after_last_task(last, true, tasks, task, workers) : nullptr;
        int i = 0;
        while (!cuts[i] || task >= cuts[i]->tasks()) task -= cuts[i] ? cuts[i]->tasks() : 0, i++;
        run_task(products[i], *cuts[i], has_dots(products[i]), task, worker, own, after);
      },
      cost);
}

void matmul(const Matmul& m, float* scratch, const std::function<void(const Block&)>& epilogue) {
  const Product product{m, epilogue};
  matmul_together(&product, 1, scratch);
}

const Kernels& kernels() {
  switch (current_path()) {
#if defined(__x86_64__)
    case Path::Amx: {
      static const Kernels table = [] {
        Kernels own = avx512::table;
        own.tile_dot = amx::tile_dot;
        own.dot_rows = amx::kRows;
        own.dot_panels = amx::kPanels;
        own.dot_blocks = amx::dot_blocks;
        own.pair_tile = amx::pair_tile;
        own.pair_rows = amx::kRows;
        own.pair_blocks = true;
        own.finite_pairs = amx::finite_pairs;
        own.narrow_factor = avx512bf16::narrow_factor;
        own.release = amx::release;
        return own;
      }();
      return table;
    }
    case Path::Avx512Bf16: {
      static const Kernels table = [] {
        Kernels own = avx512::table;
        own.tile_dot = avx512bf16::tile_dot;
        own.dot_panels = avx512bf16::kPanels;
        own.pair_tile = avx512bf16::pair_tile;
        own.pair_rows = avx512bf16::kPairRows;
        own.narrow_factor = avx512bf16::narrow_factor;
        return own;
      }();
      return table;
    }
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
