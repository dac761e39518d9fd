#include "panels.h"

#include <algorithm>
#include <cstring>

#include "../thread_pool.h"
#include "gemm.h"

namespace selfjudge::cpu {
namespace {

constexpr int64_t kWords = 64;  // pairs of k packed at a time

template <class T>
const T* panel_at(const void* panels, int32_t dtype, int64_t k, int64_t panel) {
  return reinterpret_cast<const T*>(static_cast<const char*>(panels) +
                                    size_t(panel) * panel_stride(dtype, k));
}

// `count` values of a row from column k0 as bf16; the value past an odd end is zero.
void read_pairs(const void* rows, int32_t dtype, int64_t offset, int64_t count, uint16_t* out) {
  if (dtype == SJ_BF16)
    std::memcpy(out, static_cast<const uint16_t*>(rows) + offset, size_t(count) * 2);
  else
    kernels().narrow(static_cast<const float*>(rows) + offset, out, count);
  if (count & 1) out[count] = 0;
}

void pack_bf16(const void* rows, int32_t rows_dtype, uint32_t* panel, int64_t n0, int64_t n, int64_t k) {
  alignas(64) uint32_t words[kPanel][kWords];
  for (int64_t k0 = 0; k0 < k; k0 += 2 * kWords) {
    const int64_t count = std::min(2 * kWords, k - k0), pairs = (count + 1) / 2;
    for (int64_t i = 0; i < n; i++)
      read_pairs(rows, rows_dtype, (n0 + i) * k + k0, count, reinterpret_cast<uint16_t*>(words[i]));
    kernels().transpose(words, kWords, n, pairs, panel + k0 / 2 * kPanel, kPanel);
  }
}

void pack_f32(const void* rows, int32_t rows_dtype, float* panel, int64_t n0, int64_t n, int64_t k) {
  if (rows_dtype == SJ_F32)
    return kernels().transpose(static_cast<const float*>(rows) + n0 * k, k, n, k, panel, kPanel);
  alignas(64) float values[kPanel][kWords];
  for (int64_t k0 = 0; k0 < k; k0 += kWords) {
    const int64_t count = std::min(kWords, k - k0);
    for (int64_t i = 0; i < n; i++)
      kernels().widen(static_cast<const uint16_t*>(rows) + (n0 + i) * k + k0, values[i], count);
    kernels().transpose(values, kWords, n, count, panel + k0 * kPanel, kPanel);
  }
}

}  // namespace

void pack_panels(const void* rows, int32_t rows_dtype, void* panels, int32_t dtype, int64_t n, int64_t k) {
  parallel_for(
      panel_count(n),
      [&](int64_t p, int) {
        char* panel = static_cast<char*>(panels) + size_t(p) * panel_stride(dtype, k);
        const int64_t n0 = p * kPanel, count = std::min<int64_t>(kPanel, n - n0);
        if (count < kPanel) std::memset(panel, 0, panel_stride(dtype, k));
        if (dtype == SJ_BF16)
          pack_bf16(rows, rows_dtype, reinterpret_cast<uint32_t*>(panel), n0, count, k);
        else
          pack_f32(rows, rows_dtype, reinterpret_cast<float*>(panel), n0, count, k);
      },
      kPanel * k / 8);
}

void unpack_panels(const void* panels, int32_t dtype, void* rows, int64_t n, int64_t k) {
  parallel_for(panel_count(n), [&](int64_t p, int) {
    const int64_t n0 = p * kPanel, count = std::min<int64_t>(kPanel, n - n0);
    if (dtype == SJ_F32) {
      kernels().transpose(panel_at<float>(panels, dtype, k, p), kPanel, k, count,
                          static_cast<float*>(rows) + n0 * k, k);
      return;
    }
    alignas(64) uint32_t words[kPanel][kWords];
    for (int64_t k0 = 0; k0 < k; k0 += 2 * kWords) {
      const int64_t values = std::min(2 * kWords, k - k0);
      kernels().transpose(panel_at<uint32_t>(panels, dtype, k, p) + k0 / 2 * kPanel, kPanel, (values + 1) / 2,
                          count, words, kWords);
      for (int64_t i = 0; i < count; i++)
        std::memcpy(static_cast<uint16_t*>(rows) + (n0 + i) * k + k0, words[i], size_t(values) * 2);
    }
  });
}

void unpack_row(const void* panels, int32_t dtype, int64_t k, int64_t row, void* out) {
  const int64_t column = row % kPanel;
  if (dtype == SJ_F32) {
    const float* panel = panel_at<float>(panels, dtype, k, row / kPanel) + column;
    for (int64_t i = 0; i < k; i++) static_cast<float*>(out)[i] = panel[i * kPanel];
    return;
  }
  const uint32_t* panel = panel_at<uint32_t>(panels, dtype, k, row / kPanel) + column;
  uint16_t* half = static_cast<uint16_t*>(out);
  for (int64_t i = 0; i < k; i++) half[i] = uint16_t(panel[i / 2 * kPanel] >> (i & 1 ? 16 : 0));
}

void unpack_row_f32(const void* panels, int32_t dtype, int64_t k, int64_t row, float* out) {
  if (dtype == SJ_F32) return unpack_row(panels, dtype, k, row, out);
  const uint32_t* panel = panel_at<uint32_t>(panels, dtype, k, row / kPanel) + row % kPanel;
  for (int64_t i = 0; i < k; i++) {
    const uint32_t word = panel[i / 2 * kPanel], bits = i & 1 ? word & 0xffff0000u : word << 16;
    std::memcpy(out + i, &bits, 4);
  }
}

int64_t transpose_scratch(int64_t k) { return worker_count() * k * kPanel; }

void transpose_panels(const void* panels, int32_t dtype, int64_t k, int64_t n0, int64_t n1, float* out,
                      float* scratch) {
  const int64_t rows = n1 - n0;
  parallel_for(panel_count(rows), [&](int64_t p, int worker) {
    const float* panel = panel_at<float>(panels, dtype, k, n0 / kPanel + p);
    const int64_t count = std::min<int64_t>(kPanel, rows - p * kPanel);
    if (dtype == SJ_BF16) {
      float* wide = scratch + worker * k * kPanel;
      kernels().widen_panel(reinterpret_cast<const uint32_t*>(panel), k, wide);
      panel = wide;
    }
    for (int64_t k0 = 0; k0 < k; k0 += kPanel) {
      float* to = out + (k0 * rows + p * kPanel * kPanel);
      const int64_t columns = std::min<int64_t>(kPanel, k - k0);
      if (columns < kPanel) std::memset(to, 0, size_t(count) * kPanel * sizeof(float));
      kernels().transpose(panel + k0 * kPanel, kPanel, columns, count, to, kPanel);
    }
  });
}

void transpose_pairs(const void* panels, int64_t k, int64_t n0, int64_t n1, uint32_t* out, float* scratch) {
  const int64_t rows = n1 - n0, words = (k + 1) / 2, pairs = (rows + 1) / 2;
  parallel_for(panel_count(rows), [&](int64_t p, int worker) {
    const int64_t count = std::min<int64_t>(kPanel, rows - p * kPanel);
    // Rows of the weight, then two rows side by side.
    float* wide = scratch + worker * k * kPanel;
    kernels().transpose(panel_at<uint32_t>(panels, SJ_BF16, k, n0 / kPanel + p), kPanel, words, count, wide,
                        words);
    for (int64_t r = 0; r < count; r += 2) {
      const auto* even = reinterpret_cast<const uint16_t*>(wide + r * words);
      const auto* odd = r + 1 < count ? reinterpret_cast<const uint16_t*>(wide + (r + 1) * words) : nullptr;
      for (int64_t k0 = 0; k0 < k; k0 += kPanel) {
        uint32_t* to = out + (k0 / kPanel * pairs + (p * kPanel + r) / 2) * kPanel;
        const int64_t columns = std::min<int64_t>(kPanel, k - k0);
        kernels().interleave(even + k0, odd ? odd + k0 : nullptr, to, columns);
        if (columns < kPanel) std::memset(to + columns, 0, size_t(kPanel - columns) * 4);
      }
    }
  });
}

int64_t row_panels_scratch(int64_t columns) { return worker_count() * 2 * columns; }

void row_panels(const Rows& source, int64_t first, int64_t rows, int64_t columns, float* out,
                float* scratch) {
  constexpr int64_t kRows = 32;  // a task
  parallel_for((rows + kRows - 1) / kRows,
               [&](int64_t task, int worker) {
                 float* own = scratch + worker * 2 * columns;
                 for (int64_t r = task * kRows, end = std::min(rows, r + kRows); r < end; r++) {
                   const float* row = static_cast<const float*>(source.at(first + r));
                   if (!source.direct()) {
                     source.read(first + r, columns, own, own + columns);
                     row = own;
                   }
                   for (int64_t c = 0; c < columns; c += kPanel) {
                     float* to = out + c * rows + r * kPanel;
                     const int64_t count = std::min<int64_t>(kPanel, columns - c);
                     std::memcpy(to, row + c, size_t(count) * sizeof(float));
                     if (count < kPanel) std::memset(to + count, 0, size_t(kPanel - count) * sizeof(float));
                   }
                 }
               },
               kRows * panel_count(columns) * kPanel / 8);
}

}  // namespace selfjudge::cpu
