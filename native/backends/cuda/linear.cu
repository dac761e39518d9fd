// linear: y = x W^T + bias + low-rank adapters on ranges of rows: drop(x) A^T first, then one product with
// everything else in its epilogue. Backward: dx the same way through dy B; the gradients of weights reduce
// over rows.
#include <algorithm>

#include "../../include/ops/linear.h"
#include "gemm/accumulate.h"
#include "gemm/shapes.cuh"
#include "low_rank.cuh"

namespace selfjudge::cuda {
namespace {

constexpr int kAdapters = 2;

template <class T>
int32_t forward(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::linear;
  const int64_t rows = dim(call, X, 0), depth = dim(call, X, 1), columns = dim(call, W, 0);
  const T* x = data<const T>(call, X);
  AddLowRank<T> epilogue{{data<T>(call, Y), columns, int(rows), int(columns)},
                         data<const T>(call, BIAS),
                         {},
                         data<const T>(call, GATE),
                         word(call, ACTIVATION)};
  Projections<T> projections{};
  for (int i = 0; i < kAdapters; i++) {
    const Adapter adapter = read_adapter(call, i, A0 + 2 * i, B0 + 2 * i, ROW_KEYS);
    if (const int32_t code = check_adapter(call, "linear", i, adapter, rows, error)) return code;
    if (!adapter.active()) continue;
    float* xa = data<float>(call, XA0 + i);
    projections.add({x, adapter.start, adapter.rows, int(depth), four_at_a_time(x, depth), adapter.a, depth,
                     1, adapter.rank, adapter.dropout, xa});
    epilogue.terms[i] = {
        xa, adapter.b, adapter.rank, 1, adapter.rank, adapter.start, adapter.rows, adapter.scale, {}};
  }
  if (const int32_t code = project_rows(context, projections, error)) return code;
  return gemm::product<gemm::kRowMajor, gemm::kRowMajor>(
      context, gemm::Operand<T>{x, depth, int(rows)},
      gemm::Operand<T>{data<const T>(call, W), depth, int(columns)}, depth, epilogue, error);
}

struct BackwardAdapter : Adapter {
  float *grad_a, *grad_b;
  const float* xa;
  float* dyb;  // [rows, rank], null: not needed
};

struct Backward {
  Carver s;
  int64_t rows, columns, depth;
  bool need_dx;
  float *grad_w, *grad_bias;
  BackwardAdapter adapters[kAdapters];
  float* parts;

  Backward(const sj_call& call, void* memory)
      : s(memory),
        rows(dim(call, ops::linear_backward::DY, 0)),
        columns(dim(call, ops::linear_backward::DY, 1)),
        depth(dim(call, ops::linear_backward::W, 1)) {
    using namespace ops::linear_backward;
    need_dx = call.numbers[NEED_DX] != 0;
    grad_w = data<float>(call, GRAD_W);
    grad_bias = data<float>(call, GRAD_BIAS);
    int64_t most = grad_bias ? outer_splits(rows) * columns : 0;
    for (int i = 0; i < kAdapters; i++) {
      BackwardAdapter& adapter = adapters[i];
      static_cast<Adapter&>(adapter) = read_adapter(call, i, A0 + 3 * i, B0 + 3 * i, ROW_KEYS);
      const bool active = adapter.active();
      adapter.xa = data<const float>(call, XA0 + 3 * i);
      adapter.grad_a = active ? data<float>(call, GRAD_A0 + 2 * i) : nullptr;
      adapter.grad_b = active ? data<float>(call, GRAD_B0 + 2 * i) : nullptr;
      const bool need_dyb = active && (need_dx || adapter.grad_a);
      adapter.dyb = s.take<float>(need_dyb ? int64_t(adapter.rows) * adapter.rank : 0);
      if (!need_dyb) adapter.dyb = nullptr;
      const int64_t split_values = outer_splits(adapter.rows) * adapter.rank;
      if (adapter.grad_a) most = std::max(most, split_values * depth);
      if (adapter.grad_b) most = std::max(most, split_values * columns);
    }
    parts = s.take<float>(most);
  }
};

template <class T>
int32_t backward_dx(const sj_call& call, const Backward& b, Context& context, sj_error* error) {
  using namespace ops::linear_backward;
  AddLowRank<T> epilogue{{data<T>(call, DX), b.depth, int(b.rows), int(b.depth)}, nullptr, {}, nullptr};
  for (int i = 0; i < kAdapters; i++) {
    const BackwardAdapter& adapter = b.adapters[i];
    if (adapter.active())
      epilogue.terms[i] = {adapter.dyb,  adapter.a,     1,
                           int(b.depth), adapter.rank,  adapter.start,
                           adapter.rows, adapter.scale, adapter.dropout};
  }
  return gemm::product<gemm::kRowMajor, gemm::kDepthMajor>(
      context, gemm::Operand<T>{data<const T>(call, DY), b.columns, int(b.rows)},
      gemm::Operand<T>{data<const T>(call, W), b.depth, int(b.depth)}, b.columns, epilogue, error);
}

// dy B of the adapters that need it.
template <class T>
int32_t backward_projections(const sj_call& call, const Backward& b, Context& context, sj_error* error) {
  using namespace ops::linear_backward;
  const T* dy = data<const T>(call, DY);
  Projections<T> projections{};
  for (int i = 0; i < kAdapters; i++) {
    const BackwardAdapter& adapter = b.adapters[i];
    if (const int32_t code = check_adapter(call, "linear_backward", i, adapter, b.rows, error)) return code;
    if (adapter.grad_b && !adapter.xa)
      return fail(error, SJ_INVALID, "[linear_backward] xa%d: expected a tensor with grad_b%d, received none",
                  i, i);
    if (adapter.dyb)
      projections.add({dy,
                       adapter.start,
                       adapter.rows,
                       int(b.columns),
                       four_at_a_time(dy, b.columns),
                       adapter.b,
                       1,
                       adapter.rank,
                       adapter.rank,
                       {},
                       adapter.dyb});
  }
  return project_rows(context, projections, error);
}

template <class T>
int32_t backward_adapter(const sj_call& call, const BackwardAdapter& adapter, const Backward& b,
                         Context& context, sj_error* error) {
  using namespace ops::linear_backward;
  const T *x = data<const T>(call, X), *dy = data<const T>(call, DY);
  if (adapter.grad_a)
    if (const int32_t code = add_outer<T>(
            context,
            {adapter.dyb, x, adapter.start, adapter.rows, int(b.depth), adapter.rank,
             four_at_a_time(x, b.depth), adapter.dropout, adapter.scale, adapter.grad_a, b.depth, 1, b.parts},
            error))
      return code;
  if (!adapter.grad_b) return SJ_OK;
  return add_outer<T>(context,
                      {adapter.xa,
                       dy,
                       adapter.start,
                       adapter.rows,
                       int(b.columns),
                       adapter.rank,
                       four_at_a_time(dy, b.columns),
                       {},
                       adapter.scale,
                       adapter.grad_b,
                       1,
                       adapter.rank,
                       b.parts},
                      error);
}

template <class T>
int32_t backward(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::linear_backward;
  const Backward b(call, call.workspace);
  const T *x = data<const T>(call, X), *dy = data<const T>(call, DY);
  if (const int32_t code = backward_projections<T>(call, b, context, error)) return code;
  for (const BackwardAdapter& adapter : b.adapters)
    if (const int32_t code = backward_adapter<T>(call, adapter, b, context, error)) return code;
  if (b.need_dx)
    if (const int32_t code = backward_dx<T>(call, b, context, error)) return code;
  if (b.grad_w)
    if (const int32_t code =
            gemm::add_transposed_product(context, gemm::Operand<T>{dy, b.columns, int(b.columns)},
                                         gemm::Operand<T>{x, b.depth, int(b.depth)}, b.rows,
                                         {b.grad_w, b.depth, int(b.columns), int(b.depth)}, error))
      return code;
  if (!b.grad_bias) return SJ_OK;
  return add_outer<T>(context,
                      {nullptr,
                       dy,
                       0,
                       int(b.rows),
                       int(b.columns),
                       1,
                       four_at_a_time(dy, b.columns),
                       {},
                       1,
                       b.grad_bias,
                       0,
                       1,
                       b.parts},
                      error);
}

}  // namespace

size_t workspace_linear(const sj_call&) { return 0; }

int32_t run_linear(const sj_call& call, Context& context, sj_error* error) {
  return with_float_type(call, ops::linear::X,
                         [&](auto type) { return forward<decltype(type)>(call, context, error); });
}

size_t workspace_linear_backward(const sj_call& call) { return Backward(call, nullptr).s.bytes(); }

int32_t run_linear_backward(const sj_call& call, Context& context, sj_error* error) {
  return with_float_type(call, ops::linear_backward::DY,
                         [&](auto type) { return backward<decltype(type)>(call, context, error); });
}

}  // namespace selfjudge::cuda
