// linear: y = x W^T + bias + low-rank adapters on ranges of rows (linear_forward.h). Backward: dx through
// panels of W transposed a block of n at a time; gradients of weights and adapters as products that reduce
// over rows, block after block of 256 rows in ascending order.
#include "../../include/ops/linear.h"
#include "../fail.h"
#include "gemm/gemm.h"
#include "linear_forward.h"
#include "thread_pool.h"

namespace selfjudge::cpu {
namespace {

LinearPart read_part(const sj_call& call) {
  using namespace ops::linear;
  LinearPart part{call.tensors[W], call.tensors[BIAS], call.tensors[GATE], call.tensors[Y], {}, true};
  part.activation = word(call, ACTIVATION);
  for (int i = 0; i < kAdapters; i++) {
    part.adapters[i] = read_adapter(call, i, A0 + 2 * i, B0 + 2 * i, ROW_KEYS);
    part.xa[i] = data<float>(call, XA0 + i);
  }
  return part;
}

LinearMemory memory_of(const sj_call& call, const LinearPart& part, void* memory) {
  return LinearMemory(&part, 1, dim(call, ops::linear::X, 0), dim(call, ops::linear::X, 1), memory);
}

}  // namespace

size_t workspace_linear(const sj_call& call) { return memory_of(call, read_part(call), nullptr).s.bytes(); }

int32_t run_linear(const sj_call& call, sj_error* error) {
  using namespace ops::linear;
  const LinearPart part = read_part(call);
  for (int i = 0; i < kAdapters; i++)
    if (const int32_t code = check_adapter("linear", i, part.adapters[i], dim(call, X, 0), error))
      return code;
  linear_forward(call.tensors[X], &part, 1, memory_of(call, part, call.workspace), call.next_weight);
  return SJ_OK;
}

namespace {

constexpr int64_t kRowBlock = 256;        // rows of one product in the gradients of weights
constexpr int64_t kColumnBlock = 1536;    // columns of dy transposed at a time
constexpr int64_t kTransposed = 2 << 20;  // values of W transposed at a time

struct BackwardAdapter : Adapter {
  float *grad_a, *grad_b;
  const float* xa;
  float *dyb, *dyb_transposed;     // [rows, rank], [rank, kRowBlock]
  float *b_transposed, *a_panels;  // [rank, columns]; reducing over rank, scaled
  float *xa_panels, *x_panels;     // of one row block; x with dropout
  bool need_dyb;
};

struct Backward {
  Carver s;
  int64_t rows, columns, depth, padded, n_block;
  bool need_dx, dot;  // dot: dy and W as they are, in bf16
  float *grad_w, *grad_bias;
  BackwardAdapter adapters[kAdapters];
  float *transposed, *dx, *x_panels, *dy_transposed, *scratch, *transpose_memory, *panel_memory, *low_rank;

  Backward(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_backward::DY, 0)),
        columns(dim(call, ops::linear_backward::DY, 1)),
        depth(dim(call, ops::linear_backward::W, 1)),
        padded(panel_count(depth) * kPanel) {
    using namespace ops::linear_backward;
    need_dx = call.numbers[NEED_DX] != 0;
    dot = has_dot() && is_bf16(call, DY) && is_bf16(call, W);
    grad_w = data<float>(call, GRAD_W);
    grad_bias = data<float>(call, GRAD_BIAS);
    for (int i = 0; i < kAdapters; i++) {
      BackwardAdapter& adapter = adapters[i];
      static_cast<Adapter&>(adapter) = read_adapter(call, i, A0 + 3 * i, B0 + 3 * i, ROW_KEYS);
      adapter.xa = data<const float>(call, XA0 + 3 * i);
      const bool active = adapter.active();
      adapter.grad_a = active ? data<float>(call, GRAD_A0 + 2 * i) : nullptr;
      adapter.grad_b = active ? data<float>(call, GRAD_B0 + 2 * i) : nullptr;
      adapter.need_dyb = active && (need_dx || adapter.grad_a);
      const int64_t rank = adapter.rank, rank_padded = panel_count(rank) * kPanel;
      adapter.dyb = s.take<float>(adapter.need_dyb ? adapter.rows * rank : 0);
      adapter.b_transposed = s.take<float>(adapter.need_dyb ? rank * columns : 0);
      adapter.a_panels = s.take<float>(active && need_dx ? padded * rank : 0);
      adapter.dyb_transposed = s.take<float>(adapter.grad_a ? rank * kRowBlock : 0);
      adapter.x_panels = s.take<float>(adapter.grad_a && adapter.drop() ? padded * kRowBlock : 0);
      adapter.xa_panels = s.take<float>(adapter.grad_b ? rank_padded * kRowBlock : 0);
    }
    n_block = std::min(round_up(columns, kPanel),
                       std::max<int64_t>(kPanel, kTransposed / padded / kPanel * kPanel));
    transposed = s.take<float>(need_dx ? padded * n_block / (dot ? 2 : 1) : 0);  // n_block is even
    dx = s.take<float>(need_dx && n_block < columns ? rows * padded : 0);
    x_panels = s.take<float>(needs_x() ? padded * kRowBlock : 0);
    dy_transposed = s.take<float>(needs_dy() ? std::min(columns, kColumnBlock) * kRowBlock : 0);
    scratch = s.take<float>(matmul_scratch(std::max({depth, columns, kRowBlock})));
    transpose_memory = s.take<float>(transpose_scratch(depth));
    panel_memory = s.take<float>(row_panels_scratch(std::max({depth, adapters[0].rank, adapters[1].rank})));
    low_rank = s.take<float>(worker_count() * kLowRankMemory);
  }
  bool needs_x() const {
    for (const BackwardAdapter& a : adapters)
      if (a.grad_a && !a.drop()) return true;
    return grad_w != nullptr;
  }
  bool needs_dy() const { return grad_w || grad_bias || adapters[0].grad_b || adapters[1].grad_b; }
};

void backward_dx(const sj_call& call, const Backward& b) {
  using namespace ops::linear_backward;
  const sj_tensor &dy = call.tensors[DY], &w = call.tensors[W], &dx = call.tensors[DX];
  const bool in_place = b.n_block >= b.columns && b.depth % 16 == 0 && dx.dtype == SJ_BF16 &&
                        !b.adapters[0].active() && !b.adapters[1].active();
  for (int64_t n0 = 0; n0 < b.columns; n0 += b.n_block) {
    const int64_t n1 = std::min(b.columns, n0 + b.n_block);
    const bool last = n1 == b.columns;
    Matmul product{.a = {Rows{dy.data, dy.dtype, b.columns}.at(0, n0), dy.dtype, b.columns},
                   .b = transposed_panels(w, n0, n1, b.dot, b.transposed, b.transpose_memory),
                   .rows = b.rows,
                   .k = n1 - n0,
                   .columns = b.depth,
                   .c = b.n_block < b.columns ? b.dx : nullptr,
                   .c_stride = b.padded,
                   .accumulate = n0 > 0};
    if (in_place) {
      product.c16 = static_cast<uint16_t*>(dx.data);
      product.c_stride = b.depth;
      return matmul(product, b.scratch);
    }
    matmul(product, b.scratch, [&](const Block& c) {
      if (!last) return;
      for (const BackwardAdapter& adapter : b.adapters)
        if (adapter.active())
          add_low_rank(adapter, c, adapter.dyb, adapter.a_panels, adapter.drop() != nullptr,
                       b.low_rank + c.worker * kLowRankMemory);
      store_block(c, dx, b.depth);
    });
  }
}

// grad[row0 + i, :] += scale (left x panels)[i, :]
void add_product(const Backward& b, const float* left, int64_t left_stride, int64_t left_rows, int64_t k,
                 const float* panels, int64_t panel_rows, int64_t columns, float scale, float* grad) {
  matmul({.a = {left, SJ_F32, left_stride},
          .b = float_panels(panels, panel_rows),
          .rows = left_rows,
          .k = k,
          .columns = columns},
         b.scratch, [&](const Block& c) {
           for (int64_t r = 0; r < c.rows; r++)
             kernels().add_scaled(c.c + r * c.c_stride, scale, grad + (c.row + r) * columns + c.column,
                                  c.columns);
         });
}

// Rows [row, row + rows) x columns [n0, n0 + count) of dy as float32 [count, rows].
void transpose_dy(const Rows& dy, int64_t row, int64_t rows, int64_t n0, int64_t count, float* out) {
  constexpr int64_t kSide = 64;
  parallel_for(ceil_div(count, kSide), [&](int64_t task, int) {
    alignas(64) float wide[kSide][kSide];
    const int64_t c = task * kSide, columns = std::min(kSide, count - c);
    for (int64_t r = 0; r < rows; r += kSide) {
      const int64_t n = std::min(kSide, rows - r);
      if (dy.dtype == SJ_BF16)
        for (int64_t i = 0; i < n; i++)
          kernels().widen(static_cast<const uint16_t*>(dy.at(row + r + i, n0 + c)), wide[i], columns);
      kernels().transpose(dy.dtype == SJ_BF16 ? wide[0] : dy.at(row + r, n0 + c),
                          dy.dtype == SJ_BF16 ? kSide : dy.stride, n, columns, out + c * rows + r, rows);
    }
  });
}

void backward_adapter_a(const Rows& x, const Backward& b, const BackwardAdapter& adapter, int64_t row,
                        int64_t rows) {
  const int64_t first = adapter.first(row), count = adapter.last(row, rows) - first, rank = adapter.rank;
  if (count <= 0) return;
  kernels().transpose(adapter.dyb + (first - adapter.start) * rank, rank, count, rank, adapter.dyb_transposed,
                      count);
  const float* panels = b.x_panels + (first - row) * kPanel;
  int64_t panel_rows = rows;
  if (adapter.drop()) {
    row_panels({x.data, x.dtype, x.stride, 0, adapter.drop()}, first, count, b.depth, adapter.x_panels,
               b.panel_memory);
    panels = adapter.x_panels;
    panel_rows = count;
  }
  add_product(b, adapter.dyb_transposed, count, rank, count, panels, panel_rows, b.depth, adapter.scale,
              adapter.grad_a);
}

void backward_weights(const sj_call& call, const Backward& b) {
  using namespace ops::linear_backward;
  const Rows x{call.tensors[X].data, call.tensors[X].dtype, b.depth};
  const Rows dy{call.tensors[DY].data, call.tensors[DY].dtype, b.columns};
  for (int64_t row = 0; row < b.rows; row += kRowBlock) {
    const int64_t rows = std::min(kRowBlock, b.rows - row);
    if (b.needs_x()) row_panels(x, row, rows, b.depth, b.x_panels, b.panel_memory);
    for (const BackwardAdapter& adapter : b.adapters) {
      if (adapter.grad_a) backward_adapter_a(x, b, adapter, row, rows);
      const int64_t first = adapter.first(row), count = adapter.last(row, rows) - first;
      if (adapter.grad_b && count > 0)
        row_panels({adapter.xa, SJ_F32, adapter.rank}, first - adapter.start, count, adapter.rank,
                   adapter.xa_panels, b.panel_memory);
    }
    if (!b.needs_dy()) continue;
    for (int64_t n0 = 0; n0 < b.columns; n0 += kColumnBlock) {
      const int64_t width = std::min(kColumnBlock, b.columns - n0);
      transpose_dy(dy, row, rows, n0, width, b.dy_transposed);
      if (b.grad_w)
        add_product(b, b.dy_transposed, rows, width, rows, b.x_panels, rows, b.depth, 1,
                    b.grad_w + n0 * b.depth);
      for (const BackwardAdapter& adapter : b.adapters) {
        const int64_t first = adapter.first(row), count = adapter.last(row, rows) - first;
        if (adapter.grad_b && count > 0)
          add_product(b, b.dy_transposed + (first - row), rows, width, count, adapter.xa_panels, count,
                      adapter.rank, adapter.scale, adapter.grad_b + n0 * adapter.rank);
      }
      if (b.grad_bias)
        for (int64_t n = 0; n < width; n++) {
          float sum = 0;
          for (int64_t r = 0; r < rows; r++) sum += b.dy_transposed[n * rows + r];
          b.grad_bias[n0 + n] += sum;
        }
    }
  }
}

}  // namespace

size_t workspace_linear_backward(const sj_call& call) { return Backward(call, nullptr).s.bytes(); }

int32_t run_linear_backward(const sj_call& call, sj_error* error) {
  using namespace ops::linear_backward;
  const Backward b(call, call.workspace);
  const Rows dy{call.tensors[DY].data, call.tensors[DY].dtype, b.columns};
  for (int i = 0; i < kAdapters; i++) {
    const BackwardAdapter& adapter = b.adapters[i];
    if (const int32_t code = check_adapter("linear_backward", i, adapter, b.rows, error)) return code;
    if (adapter.grad_b && !adapter.xa)
      return fail(error, SJ_INVALID, "[linear_backward] xa%d: expected a tensor with grad_b%d, received none",
                  i, i);
    if (!adapter.need_dyb) continue;
    kernels().transpose(adapter.b, adapter.rank, b.columns, adapter.rank, adapter.b_transposed, b.columns);
    const Projection dyb{.x = {dy.data, dy.dtype, dy.stride, adapter.start},
                         .rows = adapter.rows,
                         .depth = b.columns,
                         .right = adapter.b_transposed,
                         .rank = adapter.rank,
                         .out = adapter.dyb};
    run_low_rank(&dyb, nullptr, 1);
    if (!b.need_dx) continue;
    row_panels({adapter.a, SJ_F32, b.depth}, 0, adapter.rank, b.depth, adapter.a_panels, b.panel_memory);
    scale_values(adapter.a_panels, adapter.scale, b.padded * adapter.rank);
  }
  if (b.need_dx) backward_dx(call, b);
  backward_weights(call, b);
  return SJ_OK;
}

}  // namespace selfjudge::cpu
