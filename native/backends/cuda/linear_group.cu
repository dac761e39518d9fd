// linear_group: linear layers of one x (ops/linear.h). All their adapters' projections are one launch; so are
// the products of few rows, each with the rest in its epilogue.
#include "../../include/ops/linear.h"
#include "gemm/shapes.cuh"
#include "low_rank.cuh"

namespace selfjudge::cuda {
namespace {
using namespace ops::linear_group;

int slot(int part, int first) { return first + part * kSlots; }
int parts_of(const sj_call& call) { return call.tensors[W2].data ? 3 : 2; }

// Of adapter i of a part; 0: absent.
int64_t rank_of(const sj_call& call, int part, int i) {
  const int a = slot(part, A00) + 2 * i;
  return call.tensors[a].data ? dim(call, a, 0) : 0;
}

template <class T>
int32_t forward(const sj_call& call, Context& context, sj_error* error) {
  const int64_t rows = dim(call, X, 0), depth = dim(call, X, 1);
  const T* x = data<const T>(call, X);
  Carver carver(call.workspace);
  Projections<T> projections{};
  gemm::Together<T, AddLowRank<T>> products{};
  products.a = {x, depth, int(rows)};
  products.depth = int(depth);
  products.count = parts_of(call);
  for (int p = 0; p < products.count; p++) {
    const int64_t columns = dim(call, slot(p, W0), 0);
    products.b[p] = {data<const T>(call, slot(p, W0)), depth, int(columns)};
    AddLowRank<T>& epilogue = products.epilogues[p];
    epilogue.y = {data<T>(call, Y0 + p), columns, int(rows), int(columns)};
    epilogue.bias = data<const T>(call, slot(p, BIAS0));
    for (int i = 0; i < 2; i++) {
      const int64_t rank = rank_of(call, p, i);
      if (rank == 0) continue;
      const int a = slot(p, A00) + 2 * i;
      float* const xa = carver.take<float>(rows * rank);
      projections.add({x,
                       0,
                       int(rows),
                       int(depth),
                       four_at_a_time(x, depth),
                       data<const float>(call, a),
                       depth,
                       1,
                       int(rank),
                       {},
                       xa});
      epilogue.terms[i] = {xa,        data<const float>(call, a + 1),           int(rank), 1, int(rank), 0,
                           int(rows), float(call.numbers[SCALE00 + 2 * p + i]), {}};
    }
  }
  if (const int32_t code = project_rows(context, projections, error)) return code;
  return gemm::products(context, products, error);
}

}  // namespace

size_t workspace_linear_group(const sj_call& call) {
  Carver carver(nullptr);
  for (int p = 0; p < parts_of(call); p++)
    for (int i = 0; i < 2; i++) carver.take<float>(dim(call, X, 0) * rank_of(call, p, i));
  return carver.bytes();
}

int32_t run_linear_group(const sj_call& call, Context& context, sj_error* error) {
  return with_float_type(call, X, [&](auto type) { return forward<decltype(type)>(call, context, error); });
}

}  // namespace selfjudge::cuda
