// rms_norm and its backward (ops/rms_norm.h). A warp takes a row, of wide rows a whole block: by the width
// alone, so the order of a row's sums never depends on how many rows there are.
#include "../../include/ops/rms_norm.h"
#include "each.cuh"
#include "reduce.cuh"

namespace selfjudge::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kWarpWidth = 2048;  // the widest row that one warp takes
constexpr int64_t kBlockRows =
    64;  // rows a block of the weight's gradient: part of the definition of its bits

// The row of this thread's group of `Group` threads, and the sum over the group.
template <int Group>
struct RowOf {
  int64_t row;
  int lane;
  __device__ RowOf() {
    row = (int64_t(blockIdx.x) * kThreads + threadIdx.x) / Group;
    lane = int(threadIdx.x) % Group;
  }
  __device__ float sum(float x, float* parts) const {
    if constexpr (Group == 32) {
      return warp_sum(x);
    } else {
      return block_sum<Group>(x, parts);
    }
  }
};

// Added to a weight. Of 0 it is -0, which leaves every weight the bits it has: 0 would turn one of -0.
float offset_of(double offset) { return offset == 0 ? -0.0f : float(offset); }

__device__ __forceinline__ float inverse_rms(float squares, int n, float eps) {
  return 1.0f / sqrtf(squares / float(n) + eps);
}

template <class T, class W>
struct Forward {
  const T *x, *residual;
  const W* weight;
  T *y, *sum;
  int64_t rows;
  int n;
  float eps, offset;
};

template <int Group, int N, class T, class W>
__global__ void __launch_bounds__(kThreads) norm(Forward<T, W> f) {
  SHARED(float, parts, kThreads / 32);
  const RowOf<Group> own;
  if (own.row >= f.rows) return;  // whole warps only: a block of one row has no such thread
  const int64_t at = own.row * f.n;
  float squares = 0;
  for (int i = own.lane * N; i < f.n; i += Group * N) {
    auto s = load_pack<N>(f.x + at + i);
    if (f.residual) {
      const auto r = load_pack<N>(f.residual + at + i);
#pragma unroll
      for (int j = 0; j < N; j++) s.at[j] = from_float<T>(to_float(s.at[j]) + to_float(r.at[j]));
      store_pack(f.sum + at + i, s);
    }
#pragma unroll
    for (int j = 0; j < N; j++) squares = fused(to_float(s.at[j]), to_float(s.at[j]), squares);
  }
  const float inverse = inverse_rms(own.sum(squares, parts), f.n, f.eps);
  const T* from = f.residual ? f.sum : f.x;  // what this very thread wrote
  for (int i = own.lane * N; i < f.n; i += Group * N) {
    const auto s = load_pack<N>(from + at + i);
    const auto w = load_pack<N>(f.weight + i);
    Pack<T, N> out;
#pragma unroll
    for (int j = 0; j < N; j++)
      out.at[j] = from_float<T>(to_float(s.at[j]) * inverse * (f.offset + to_float(w.at[j])));
    store_pack(f.y + at + i, out);
  }
}

template <class T, class W>
struct Backward {
  const T *dy, *s, *dsum;
  const W* weight;
  T* dx;
  float* inverse;  // [rows], for the weight's gradient; null: not asked for
  int64_t rows;
  int n;
  float eps, offset;
};

// dx = r dy w - s r^3 mean(dy w s) + dsum, with r the inverse rms and the offset in w.
template <int Group, int N, class T, class W>
__global__ void __launch_bounds__(kThreads) norm_backward(Backward<T, W> b) {
  SHARED(float, parts, kThreads / 32);
  const RowOf<Group> own;
  if (own.row >= b.rows) return;
  const int64_t at = own.row * b.n;
  float squares = 0, dot = 0;
  for (int i = own.lane * N; i < b.n; i += Group * N) {
    const auto s = load_pack<N>(b.s + at + i);
    const auto d = load_pack<N>(b.dy + at + i);
    const auto w = load_pack<N>(b.weight + i);
#pragma unroll
    for (int j = 0; j < N; j++) {
      const float v = to_float(s.at[j]);
      squares = fused(v, v, squares);
      dot = fused(to_float(d.at[j]) * (b.offset + to_float(w.at[j])), v, dot);
    }
  }
  const float r = inverse_rms(own.sum(squares, parts), b.n, b.eps);
  const float pull = r * r * r * (own.sum(dot, parts) / float(b.n));
  if (b.inverse && own.lane == 0) b.inverse[own.row] = r;
  for (int i = own.lane * N; i < b.n; i += Group * N) {
    const auto s = load_pack<N>(b.s + at + i);
    const auto d = load_pack<N>(b.dy + at + i);
    const auto w = load_pack<N>(b.weight + i);
    Pack<T, N> more{};
    if (b.dsum) more = load_pack<N>(b.dsum + at + i);
    Pack<T, N> out;
#pragma unroll
    for (int j = 0; j < N; j++) {
      float g = fused(-to_float(s.at[j]), pull, to_float(d.at[j]) * (b.offset + to_float(w.at[j])) * r);
      if (b.dsum) g += to_float(more.at[j]);
      out.at[j] = from_float<T>(g);
    }
    store_pack(b.dx + at + i, out);
  }
}

// partial[block][column] = sum of dy s r over the block's rows, ascending.
template <class T>
__global__ void __launch_bounds__(kThreads)
    weight_parts(const T* dy, const T* s, const float* inverse, int64_t rows, int n, float* partial) {
  const int column = int(blockIdx.x) * kThreads + int(threadIdx.x);
  if (column >= n) return;
  const int64_t first = int64_t(blockIdx.y) * kBlockRows, last = min(rows, first + kBlockRows);
  float sum = 0;
  for (int64_t row = first; row < last; row++) {
    sum = fused(to_float(dy[row * n + column]) * inverse[row], to_float(s[row * n + column]), sum);
  }
  partial[int64_t(blockIdx.y) * n + column] = sum;
}

__global__ void __launch_bounds__(kThreads)
    add_parts(const float* partial, int64_t blocks, int n, float* grad) {
  const int column = int(blockIdx.x) * kThreads + int(threadIdx.x);
  if (column >= n) return;
  float sum = grad[column];
  for (int64_t block = 0; block < blocks; block++) sum += partial[block * n + column];
  grad[column] = sum;
}

// f(group, packed): the launch for rows of n values of T at these addresses. One warp a row or one block.
template <class T, class W, class F>
int32_t by_width(int64_t n, const W* weight, std::initializer_list<const void*> pointers, F&& f) {
  bool packed =
      n % kPackSize<T> == 0 && reinterpret_cast<uintptr_t>(weight) % (kPackSize<T> * sizeof(W)) == 0;
  for (const void* pointer : pointers) packed = packed && reinterpret_cast<uintptr_t>(pointer) % 16 == 0;
  using Warp = std::integral_constant<int, 32>;
  using Block = std::integral_constant<int, kThreads>;
  using Many = std::integral_constant<int, kPackSize<T>>;
  using One = std::integral_constant<int, 1>;
  if (n <= kWarpWidth) return packed ? f(Warp{}, Many{}) : f(Warp{}, One{});
  return packed ? f(Block{}, Many{}) : f(Block{}, One{});
}

}  // namespace

size_t workspace_rms_norm(const sj_call&) { return 0; }

int32_t run_rms_norm(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::rms_norm;
  const int64_t n = elements(call, WEIGHT), rows = elements(call, X) / n;
  return with_float_type(call, X, [&]<class T>(T) {
    return with_float_type(call, WEIGHT, [&]<class W>(W) {
      const Forward<T, W> f{data<const T>(call, X),
                            data<const T>(call, RESIDUAL),
                            data<const W>(call, WEIGHT),
                            data<T>(call, Y),
                            data<T>(call, SUM),
                            rows,
                            int(n),
                            float(call.numbers[EPS]),
                            offset_of(call.numbers[OFFSET])};
      return by_width<T>(n, f.weight, {f.x, f.residual, f.y, f.sum}, [&](auto group, auto width) {
        const dim3 grid(blocks_for(rows * group(), kThreads));
        return context.launch(norm<group(), width(), T, W>, grid, dim3(kThreads), 0, error, f);
      });
    });
  });
}

size_t workspace_rms_norm_backward(const sj_call& call) {
  using namespace ops::rms_norm_backward;
  if (!present(call, GRAD_WEIGHT)) return 0;
  const int64_t n = elements(call, WEIGHT), rows = elements(call, DY) / n;
  Carver carver(nullptr);
  carver.take<float>(rows);
  carver.take<float>(ceil_div(rows, kBlockRows) * n);
  return carver.bytes();
}

int32_t run_rms_norm_backward(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::rms_norm_backward;
  const int64_t n = elements(call, WEIGHT), rows = elements(call, DY) / n,
                blocks = ceil_div(rows, kBlockRows);
  Carver carver(call.workspace);
  float* grad = data<float>(call, GRAD_WEIGHT);
  float* inverse = grad ? carver.take<float>(rows) : nullptr;
  float* partial = grad ? carver.take<float>(blocks * n) : nullptr;
  const unsigned columns = blocks_for(n, kThreads);
  return with_float_type(call, DY, [&]<class T>(T) {
    return with_float_type(call, WEIGHT, [&]<class W>(W) {
      const Backward<T, W> b{data<const T>(call, DY),
                             data<const T>(call, X),
                             data<const T>(call, DSUM),
                             data<const W>(call, WEIGHT),
                             data<T>(call, DX),
                             inverse,
                             rows,
                             int(n),
                             float(call.numbers[EPS]),
                             offset_of(call.numbers[OFFSET])};
      int32_t code = by_width<T>(n, b.weight, {b.dy, b.s, b.dsum, b.dx}, [&](auto group, auto width) {
        const dim3 grid(blocks_for(rows * group(), kThreads));
        return context.launch(norm_backward<group(), width(), T, W>, grid, dim3(kThreads), 0, error, b);
      });
      if (code != SJ_OK || !grad) return code;
      code = context.launch(weight_parts<T>, dim3(columns, unsigned(blocks)), dim3(kThreads), 0, error, b.dy,
                            b.s, inverse, rows, int(n), partial);
      if (code != SJ_OK) return code;
      return context.launch(add_parts, dim3(columns), dim3(kThreads), 0, error, partial, blocks, int(n),
                            grad);
    });
  });
}

}  // namespace selfjudge::cuda
