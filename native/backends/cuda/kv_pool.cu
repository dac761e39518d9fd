// kv_write and kv_copy: moving keys and values into and between pool blocks (ops/kv_pool.h). Of two that name
// one slot the later wins, as if rows and moves were done one after the other.
#include "../../include/ops.h"
#include "fault.h"
#include "launch.h"
#include "numeric.cuh"
#include "reduce.cuh"
#include "rotate.cuh"

namespace selfjudge::cuda {
namespace {
using ops::kChunk;

constexpr int kThreads = 256;

// ---- kv_write ----------------------------------------------------------------------------------

// Up to here each row looks through the later ones for its slot; with more, the last row of each slot is
// written down first.
constexpr int kFewRows = 1024;

template <class T>
struct KvWrite {
  const T *k, *v;
  const int32_t* slots;
  T *pool_k, *pool_v;
  int32_t* last;  // the last row that names a slot; null: look
  FaultRecord* faults;
  int64_t rows, pool_slots;
  int key_heads, width;
  // Null, or the angles [limit][rotated] of positions; and null, or queries [rows][query_heads][width] to
  // rotate.
  const float* table;
  const int32_t* positions;
  int64_t limit;
  int rotated;  // values of a head, its first; 0 without a table
  T* q;
  int query_heads;

  // The cosines of a row's angles, which the sines follow.
  __device__ const float* angles(int64_t row) const {
    const int64_t at = positions[row];
    const bool good = in_range(faults, SJ_OP_kv_write, ops::kv_write::POSITIONS, row, -1, at, 0, limit - 1);
    return table + (good ? at : 0) * rotated;
  }
};

// N pairs from the i-th of a head on: `low` and `high` half of it, rotated.
template <class T, int N>
__device__ __forceinline__ void rotate_pack(const float* cosine, int half, int i, Pack<T, N>& low,
                                            Pack<T, N>& high) {
#pragma unroll
  for (int j = 0; j < N; j++)
    rotate_pair(low.at[j], high.at[j], cosine[i + j], cosine[half + i + j], low.at[j], high.at[j]);
}

__global__ void __launch_bounds__(kThreads)
    last_rows(const int32_t* slots, int64_t rows, int64_t pool_slots, int32_t* last) {
  const int64_t row = int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (row >= rows) return;
  const int32_t slot = slots[row];
  if (slot >= 0 && slot < pool_slots) atomicMax(last + slot, int32_t(row));
}

// 32 rows a block, one a lane: neighbouring rows go to neighbouring slots, so a warp's writes of one column
// of the transposed keys lie side by side. N values a load.
template <class T, int N>
__global__ void __launch_bounds__(kThreads) write_rows(KvWrite<T> a) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const int64_t first = int64_t{blockIdx.x} * 32, row = first + lane;
  SHARED(int32_t, slot_of, 32);  // -1: another row's
  if (warp == 0) {
    int32_t slot = -1;
    if (row < a.rows) {
      const int32_t named = a.slots[row];
      if (in_range(a.faults, SJ_OP_kv_write, ops::kv_write::SLOTS, row, -1, named, 0, a.pool_slots - 1)) {
        slot = named;
        if (a.last && a.last[slot] != row) slot = -1;
      }
    }
    slot_of[lane] = slot;
  }
  __syncthreads();
  if (!a.last) {
    for (int i = warp; i < 32 && first + i < a.rows; i += kThreads / 32) {
      const int32_t slot = slot_of[i];
      bool later = false;
      for (int64_t r = first + i + 1 + lane; r < a.rows; r += 32) later |= a.slots[r] == slot;
      later = __any_sync(kAllLanes, later);
      __syncwarp();  // a vote orders no memory, and every lane has read the slot
      if (later && lane == 0) slot_of[i] = -1;
    }
    __syncthreads();
  }

  const int64_t columns = int64_t{a.key_heads} * a.width;
  const int32_t slot = slot_of[lane];
  const int64_t begin = (int64_t{blockIdx.y} * (kThreads / 32) + warp) * N,
                step = int64_t{gridDim.y} * (kThreads / 32) * N;
  const int half = a.rotated / 2, rest = a.width - a.rotated;
  if (slot >= 0) {
    T* to = a.pool_k + slot / kChunk * columns * kChunk + slot % kChunk;
    const float* cosine = a.table ? a.angles(row) : nullptr;
    for (int64_t pair = begin; pair < int64_t{a.key_heads} * half; pair += step) {
      const int i = int(pair % half);
      const int64_t x = pair / half * a.width + i;
      auto low = *reinterpret_cast<const Pack<T, N>*>(a.k + row * columns + x),
           high = *reinterpret_cast<const Pack<T, N>*>(a.k + row * columns + x + half);
      rotate_pack(cosine, half, i, low, high);
#pragma unroll
      for (int j = 0; j < N; j++) {
        to[(x + j) * kChunk] = low.at[j];
        to[(x + half + j) * kChunk] = high.at[j];
      }
    }
    for (int64_t at = begin; at < int64_t{a.key_heads} * rest; at += step) {
      const int64_t x = half == 0 ? at : at / rest * a.width + a.rotated + at % rest;
      const auto piece = *reinterpret_cast<const Pack<T, N>*>(a.k + row * columns + x);
#pragma unroll
      for (int i = 0; i < N; i++) to[(x + i) * kChunk] = piece.at[i];
    }
  }
  const int pieces = int(columns / N);
  for (int p = blockIdx.y * kThreads + threadIdx.x; p < 32 * pieces; p += gridDim.y * kThreads) {
    const int i = p / pieces, x = p % pieces * N, other = slot_of[i];
    if (other < 0) continue;
    const int64_t to = (int64_t{other / kChunk} * a.key_heads + x / a.width) * kChunk + other % kChunk;
    *reinterpret_cast<Pack<T, N>*>(a.pool_v + to * a.width + x % a.width) =
        *reinterpret_cast<const Pack<T, N>*>(a.v + (first + i) * columns + x);
  }
  if (!a.q) return;
  const int turns = a.query_heads * half / N;
  for (int p = blockIdx.y * kThreads + threadIdx.x; p < 32 * turns; p += gridDim.y * kThreads) {
    const int64_t of = first + p / turns;
    if (of >= a.rows) break;
    const int pair = p % turns * N, i = pair % half;
    T* x = a.q + (of * a.query_heads + pair / half) * a.width + i;
    auto &low = *reinterpret_cast<Pack<T, N>*>(x), &high = *reinterpret_cast<Pack<T, N>*>(x + half);
    auto turned_low = low, turned_high = high;
    rotate_pack(a.angles(of), half, i, turned_low, turned_high);
    low = turned_low;
    high = turned_high;
  }
}

int64_t pool_slots(const sj_call& call) { return dim(call, ops::kv_write::POOL_K, 0) * kChunk; }

// ---- kv_copy -----------------------------------------------------------------------------------

struct Move {
  int32_t from, to, count;
};

template <class T>
struct KvCopy {
  const Move* moves;
  T *pool_k, *pool_v;
  FaultRecord* faults;
  int64_t blocks;
  int count, size, width;  // moves; values of a block of keys, and of values; of a head
};

template <class T>
__device__ __forceinline__ bool checked(const KvCopy<T>& a, int64_t i) {
  const Move& m = a.moves[i];
  const auto column = [&](int at, int64_t value, int64_t high) {
    return in_range(a.faults, SJ_OP_kv_copy, ops::kv_copy::MOVES, i, at, value, 0, high);
  };
  return column(0, m.from, a.blocks - 1) && column(1, m.to, a.blocks - 1) && column(2, m.count, kChunk);
}

// N values from e on of block m.from, as far as they are among the first m.count keys. N divides a key row of
// 64 and, when it is not 1, a value row.
template <class T, int N>
__device__ __forceinline__ void copy_piece(const KvCopy<T>& a, const Move& m, int e) {
  const int64_t from = int64_t{m.from} * a.size + e, to = int64_t{m.to} * a.size + e;
  const T *k = a.pool_k + from, *v = a.pool_v + from;
  T *to_k = a.pool_k + to, *to_v = a.pool_v + to;
  const int key = e % kChunk;
  if (key + N <= m.count) {
    *reinterpret_cast<Pack<T, N>*>(to_k) = *reinterpret_cast<const Pack<T, N>*>(k);
  } else {
    for (int i = 0; key + i < m.count; i++) to_k[i] = k[i];
  }
  if (e / a.width % kChunk < m.count) {
    *reinterpret_cast<Pack<T, N>*>(to_v) = *reinterpret_cast<const Pack<T, N>*>(v);
  }
}

// blockIdx.y is a move. Where no move writes a block that another one touches they all go at once; else the
// first row of blocks does them in order, which is enough: a value only ever meets the values at its own
// place.
template <class T, int N>
__global__ void __launch_bounds__(kThreads, 4) copy_blocks(KvCopy<T> a) {
  int tangled = a.count > kFewRows;  // or too many to look through
  if (!tangled) {
    for (int at = threadIdx.x; at < a.count * a.count; at += kThreads) {
      const int i = at / a.count, j = at % a.count;
      tangled |= i != j && (a.moves[i].to == a.moves[j].to || a.moves[i].to == a.moves[j].from);
    }
  }
  tangled = __syncthreads_or(tangled);
  const bool mine = checked(a, blockIdx.y);
  const int begin = (blockIdx.x * kThreads + threadIdx.x) * N, step = gridDim.x * kThreads * N;
  if (!tangled) {
    const Move m = a.moves[blockIdx.y];
    if (!mine || m.from == m.to) return;
    for (int e = begin; e < a.size; e += step) copy_piece<T, N>(a, m, e);
  } else if (blockIdx.y == 0) {
    for (int i = 0; i < a.count; i++) {
      const Move m = a.moves[i];
      if (!checked(a, i) || m.from == m.to) continue;
      for (int e = begin; e < a.size; e += step) copy_piece<T, N>(a, m, e);
    }
  }
}

}  // namespace

size_t workspace_kv_write(const sj_call& call) {
  const bool few = dim(call, ops::kv_write::K, 0) <= kFewRows;
  return few ? 0 : size_t(pool_slots(call)) * sizeof(int32_t);
}

int32_t run_kv_write(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::kv_write;
  const int64_t rows = dim(call, K, 0), key_heads = dim(call, K, 1), width = dim(call, K, 2);
  const int rotated = data<const float>(call, TABLE) ? int(dim(call, TABLE, 1)) : 0;
  const int32_t* slots = data<const int32_t>(call, SLOTS);
  int32_t* last = nullptr;
  if (rows > kFewRows) {
    last = static_cast<int32_t*>(call.workspace);
    const size_t bytes = size_t(pool_slots(call)) * sizeof(int32_t);
    if (const int32_t code = context.fill_bytes(last, 0xff, bytes, error)) return code;
    if (const int32_t code = context.launch(last_rows, dim3(blocks_for(rows, kThreads)), dim3(kThreads), 0,
                                            error, slots, rows, pool_slots(call), last)) {
      return code;
    }
  }
  return with_float_type(call, K, [&](auto t) {
    using T = decltype(t);
    const KvWrite<T> a{data<const T>(call, K),
                       data<const T>(call, V),
                       slots,
                       data<T>(call, POOL_K),
                       data<T>(call, POOL_V),
                       last,
                       context.faults(),
                       rows,
                       pool_slots(call),
                       int(key_heads),
                       int(width),
                       data<const float>(call, TABLE),
                       data<const int32_t>(call, POSITIONS),
                       dim(call, TABLE, 0),
                       rotated,
                       data<T>(call, Q),
                       int(dim(call, Q, 1))};
    constexpr int N = kPackSize<T>;
    const dim3 grid(blocks_for(rows, 32), blocks_for(key_heads * width, (kThreads / 32) * N));
    return rotated / 2 % N == 0 && width % N == 0
               ? context.launch(write_rows<T, N>, grid, dim3(kThreads), 0, error, a)
               : context.launch(write_rows<T, 1>, grid, dim3(kThreads), 0, error, a);
  });
}

size_t workspace_kv_copy(const sj_call&) { return 0; }

int32_t run_kv_copy(const sj_call& call, Context& context, sj_error* error) {
  using namespace ops::kv_copy;
  return with_float_type(call, POOL_K, [&](auto t) {
    using T = decltype(t);
    const int64_t size = dim(call, POOL_V, 1) * dim(call, POOL_V, 2), width = dim(call, POOL_V, 2);
    const KvCopy<T> a{reinterpret_cast<const Move*>(data<const int32_t>(call, MOVES)),
                      data<T>(call, POOL_K),
                      data<T>(call, POOL_V),
                      context.faults(),
                      dim(call, POOL_K, 0),
                      int(dim(call, MOVES, 0)),
                      int(size),
                      int(width)};
    constexpr int N = kPackSize<T>;
    const dim3 grid(blocks_for(size, kThreads * N), unsigned(a.count));
    return width % N == 0 ? context.launch(copy_blocks<T, N>, grid, dim3(kThreads), 0, error, a)
                          : context.launch(copy_blocks<T, 1>, grid, dim3(kThreads), 0, error, a);
  });
}

}  // namespace selfjudge::cuda
