// The low-rank adapters of linear and its backward: their numbers, read from a call, and their packed
// factors.
#pragma once
#include <algorithm>
#include <cstring>

#include "../../include/ops/linear.h"
#include "../arguments.h"
#include "../fail.h"
#include "gemm/gemm.h"

namespace selfjudge::cpu {

struct Adapter {
  const float *a, *b;  // [rank, k], [n, rank]; null: absent
  int64_t rank, start, rows;
  float scale;
  Dropout dropout;

  bool active() const { return a && b && rows > 0; }
  const Dropout* drop() const { return dropout.p > 0 ? &dropout : nullptr; }
  // The rows of [row, row + count) this adapter covers.
  int64_t first(int64_t row) const { return std::max(row, start); }
  int64_t last(int64_t row, int64_t count) const { return std::min(row + count, start + rows); }
};

// The layout of numbers is the same in linear and linear_backward; the slots of the tensors differ.
inline Adapter read_adapter(const sj_call& call, int i, int a, int b, int row_keys) {
  using namespace ops::linear;
  const int per = SCALE1 - SCALE0;
  const double* n = call.numbers + i * per;
  return {data<const float>(call, a),
          data<const float>(call, b),
          present(call, a) ? dim(call, a, 0) : 0,
          int64_t(n[START0]),
          int64_t(n[ROWS0]),
          float(n[SCALE0]),
          {n[P0], uint32_t(call.numbers[SEED]), uint32_t(call.numbers[STEP]), uint32_t(n[MODULE0]),
           data<const int32_t>(call, row_keys)}};
}

inline int32_t check_adapter(const char* op, int i, const Adapter& adapter, int64_t rows, sj_error* error) {
  if (!adapter.active()) return SJ_OK;
  if (adapter.start + adapter.rows > rows)
    return fail(error, SJ_INVALID, "[%s] start%d + rows%d: expected at most %lld, received %lld", op, i, i,
                (long long)rows, (long long)(adapter.start + adapter.rows));
  if (adapter.drop() && !adapter.dropout.row_keys)
    return fail(error, SJ_INVALID, "[%s] row_keys: expected a tensor with p%d > 0, received none", op, i);
  return SJ_OK;
}

inline constexpr int64_t kLowRankMemory = (kTileRows + 1) * kBlockPanels * kPanel;

// c += left[row - start] x panels, r ascending, on the rows of the block this adapter covers. left: [rows,
// rank]; panels: float32, depth rank, with the adapter's scale in them. dropped: what is added is multiplied
// by the row's dropout mask first, in `memory`, kLowRankMemory values of the worker's own.
inline void add_low_rank(const Adapter& adapter, const Block& c, const float* left, const float* panels,
                         bool dropped, float* memory) {
  const size_t stride = panel_stride(SJ_F32, adapter.rank);
  const int64_t count = ceil_div(c.columns, kPanel), width = count * kPanel;
  const int vectors = int(ceil_div(c.columns - (count - 1) * kPanel, 16));
  float* mask = memory + kTileRows * width;
  for (int64_t row = adapter.first(c.row), end = adapter.last(c.row, c.rows); row < end; row += kTileRows) {
    const int64_t rows = std::min<int64_t>(kTileRows, end - row);
    float* to = c.c + (row - c.row) * c.c_stride;
    kernels().tile_f32({left + (row - adapter.start) * adapter.rank, adapter.rank, int(rows),
                        reinterpret_cast<const char*>(panels) + size_t(c.column / kPanel) * stride, stride,
                        int(count), vectors, adapter.rank, dropped ? memory : to,
                        dropped ? width : c.c_stride, !dropped});
    if (!dropped) continue;
    for (int64_t r = 0; r < rows; r++) {
      adapter.dropout.mask(row + r, c.column, mask, c.columns);
      kernels().add_mul(memory + r * width, mask, to + r * c.c_stride, c.columns);
    }
  }
}

// Stores the valid part of a block into rows of a tensor, rounded to its dtype once.
inline void store_block(const Block& c, const sj_tensor& y, int64_t stride) {
  const Kernels& kernel = kernels();
  for (int64_t r = 0; r < c.rows; r++) {
    const int64_t at = (c.row + r) * stride + c.column;
    const float* from = c.c + r * c.c_stride;
    if (y.dtype == SJ_BF16)
      kernel.narrow(from, static_cast<uint16_t*>(y.data) + at, c.columns);
    else
      std::memcpy(static_cast<float*>(y.data) + at, from, size_t(c.columns) * sizeof(float));
  }
}

}  // namespace selfjudge::cpu
