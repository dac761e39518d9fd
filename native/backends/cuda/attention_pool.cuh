// tree_attention_pool by tensor cores: a block takes up to 16 query vectors of one key head - the heads of
// its group of one row, and of the rows after it while they share most of their blocks (samples of one prompt
// do). Warps take the passes in turn, each with its own copy of a chunk: scores side by side, then the
// running softmax over them in order, then each warp its own columns of the output over all of them. So the
// order of sums is that of tree_attention, and nearly all memory traffic is keys and values on their way in.
#pragma once
#include "../../include/ops.h"
#include "attention_mma.cuh"
#include "fault.h"
#include "launch.h"
#include "reduce.cuh"

namespace selfjudge::cuda {

inline constexpr int kPoolVectors = 16;

struct PoolRow {
  int table, length;
  __device__ int chunks() const { return (length + kKeys - 1) / kKeys; }
  __device__ int first_chunk(int window) const { return first_key(length - 1, window) / kKeys; }
};

template <class T>
struct PoolAttention {
  const T *q, *pool_k, *pool_v;
  T* o;
  const int32_t *tables, *row_table, *lengths;
  FaultRecord* faults;
  int rows, heads, key_heads, group, width;
  int blocks, table_count, table_width;
  int window;  // keys that a row sees at most
  Scale scale;

  // A row and a block of it; one that is out of range is a fault and reads something harmless.
  __device__ PoolRow row(int r) const {
    using namespace ops::tree_attention_pool;
    PoolRow at{row_table[r], lengths[r]};
    if (!good(ROW_TABLE, r, -1, at.table, 0, table_count - 1)) at.table = 0;
    if (!good(LENGTHS, r, -1, at.length, 1, table_width * kKeys)) at.length = 1;
    return at;
  }
  __device__ int block(const PoolRow& at, int chunk) const {
    const int b = tables[int64_t{at.table} * table_width + chunk];
    return good(ops::tree_attention_pool::TABLES, at.table, chunk, b, 0, blocks - 1) ? b : 0;
  }

 private:
  __device__ bool good(int tensor, int64_t index, int column, int64_t value, int64_t low,
                       int64_t high) const {
    return in_range(faults, SJ_OP_tree_attention_pool, tensor, index, column, value, low, high);
  }
};

// One pass: keys [0, keys) of a block, for the rows [begin, end) of the block of threads.
struct PoolPass {
  int chunk, block, keys, begin, end;
};

// Walks the passes of up to 16 rows: for each chunk, one for each run of rows whose block is the same. Lane r
// has row r; all lanes of a warp walk together.
struct PassWalk {
  PoolRow own;  // this lane's row, length 0: none
  int chunks;   // of the longest row
  int chunk;    // before the first that any of them sees, to start with
  int block = -1;
  uint32_t runs = 0, starts = 0,
           reach = 0;  // first rows of runs from the current one on, of all; rows this far

  // Moves on by n passes, from before the first to start with; false past the last.
  template <class T>
  __device__ bool move(int n, const PoolAttention<T>& a) {
    while (n >= __popc(runs)) {
      n -= __popc(runs);
      runs = 0;
      if (++chunk >= chunks) return false;
      const bool sees = own.length > chunk * kKeys && own.first_chunk(a.window) <= chunk;
      block = sees ? a.block(own, chunk) : -1;
      const int before = __shfl_up_sync(kAllLanes, block, 1);
      reach = __ballot_sync(kAllLanes, block >= 0);
      starts = __ballot_sync(kAllLanes, block >= 0 && (threadIdx.x % 32 == 0 || before != block));
      runs = starts;
    }
    while (n-- > 0) runs &= runs - 1;
    return true;
  }
  __device__ PoolPass current() const {
    const int lane = threadIdx.x % 32, begin = __ffs(runs) - 1;
    const int end = __ffs((starts | ~reach) & ~((2u << begin) - 1)) - 1;
    const int keys = lane >= begin && lane < end ? own.length - chunk * kKeys : 0;
    return {chunk, __shfl_sync(kAllLanes, block, begin), min(kKeys, __reduce_max_sync(kAllLanes, keys)),
            begin, end};
  }
};

template <int D>
inline constexpr int kPoolWarps = D > 64 ? 2 : 4;
template <int D>
inline constexpr int kKeyTile = kTileSize<kKeys, D>;  // transposed
template <int D>
inline constexpr size_t kPoolSmem =
    sizeof(bf16) * (kTileSize<D, kPoolVectors> + kPoolWarps<D> * (kKeyTile<D> + kTileSize<D, kKeys>));

// Rows that a block of threads may take, and whether row `r` has joined the one before: where they share the
// block in the middle of what it sees they share those before it too.
template <class T>
__device__ __forceinline__ int rows_taken(const PoolAttention<T>& a, int r, PassWalk& walk) {
  const int lane = threadIdx.x % 32, most = max(1, kPoolVectors / a.group), first = r / most * most;
  PoolRow at{0, 0};
  if (lane < most && first + lane < a.rows) at = a.row(first + lane);
  const PoolRow before{__shfl_up_sync(kAllLanes, at.table, 1), __shfl_up_sync(kAllLanes, at.length, 1)};
  const int middle = (at.first_chunk(a.window) + at.chunks()) / 2;
  const bool joins = lane > 0 && at.length > 0 && before.length > middle * kKeys &&
                     before.first_chunk(a.window) <= middle && a.block(before, middle) == a.block(at, middle);
  const uint32_t joined = __ballot_sync(kAllLanes, joins);
  const int own = r - first;
  if (joined >> own & 1) return 0;
  const int taken = __ffs(~(joined >> own >> 1));
  walk.own = {__shfl_sync(kAllLanes, at.table, own + lane), __shfl_sync(kAllLanes, at.length, own + lane)};
  if (lane >= taken) walk.own.length = 0;
  const int first_chunk = walk.own.length > 0 ? walk.own.first_chunk(a.window) : INT32_MAX;
  walk.chunk = __reduce_min_sync(kAllLanes, first_chunk) - 1;
  walk.chunks = __reduce_max_sync(kAllLanes, walk.own.chunks());
  return taken;
}

template <int D>
__global__ void __launch_bounds__(32 * kPoolWarps<D>) attend_pool_mma(PoolAttention<bf16> a) {
  constexpr int kWarps = kPoolWarps<D>, kTiles = D / 16 > kWarps ? D / 16 / kWarps : 1;
  using KeyCopy = RowCopy<kKeys, D, 32>;
  using ValueCopy = RowCopy<D, kKeys, 32>;
  using QueryCopy = RowCopy<D, kPoolVectors, 32>;
  const int tid = threadIdx.x, warp = tid / 32, lane = tid % 32;
  const int row = blockIdx.x / a.key_heads, g = blockIdx.x % a.key_heads, first = blockIdx.y * kPoolVectors;
  PassWalk walk;
  const int taken = rows_taken(a, row, walk);
  if (taken == 0) return;
  // Vector m is head first + m of the group; past the group it goes on with the next row.
  const int count = a.group > kPoolVectors ? min(kPoolVectors, a.group - first) : taken * a.group;
  const auto vector = [&](int m) {
    return size_t(row + (first + m) / a.group) * a.heads + g * a.group + (first + m) % a.group;
  };

  DYN_SMEM(bf16, smem);
  SHARED(uint32_t, weights, kWarps * 4 * 4 * 32);  // A operands of each warp's pass, a column a lane
  SHARED(float, sums, kWarps * 2 * 32);            // of a lane's weights
  SHARED(float, tops, kWarps* kPoolVectors);
  SHARED(int, live, kWarps);
  bf16 *qs = smem, *tiles = qs + kTileSize<D, kPoolVectors>;
  const auto keys_of = [&](int w) { return tiles + w * (kKeyTile<D> + kTileSize<D, kKeys>); };
  const auto values_of = [&](int w) { return keys_of(w) + kKeyTile<D>; };
  const auto copy_keys = [&](const PoolPass& pass) {
    const bf16* from = a.pool_k + (int64_t{pass.block} * a.key_heads + g) * a.width * kKeys;
#pragma unroll 8
    for (int i = 0; i < KeyCopy::kSteps; i++) {
      const int x = KeyCopy::row(lane, i);
      KeyCopy::copy(keys_of(warp), lane, i, from + x * kKeys, x < a.width, kKeys);
    }
  };
  const auto copy_values = [&](const PoolPass& pass) {
    const bf16* from = a.pool_v + (int64_t{pass.block} * a.key_heads + g) * a.width * kKeys;
#pragma unroll 8
    for (int i = 0; i < ValueCopy::kSteps; i++) {
      const int r = ValueCopy::row(lane, i);
      ValueCopy::copy(values_of(warp), lane, i, from + r * a.width, r < pass.keys, a.width);
    }
  };

  bool alive = walk.move(warp, a);
  PoolPass pass = alive ? walk.current() : PoolPass{};
  if (warp == 0) {
#pragma unroll
    for (int i = 0; i < QueryCopy::kSteps; i++) {
      const int m = QueryCopy::row(lane, i);
      QueryCopy::copy(qs, lane, i, a.q + vector(min(m, count - 1)) * a.width, m < count, a.width);
    }
  }
  if (alive) copy_keys(pass);
  cp_async_commit();
  if (alive) copy_values(pass);
  cp_async_commit();
  if (warp == 0) {
    cp_async_wait<1>();
    __syncwarp();
    if (a.scale.negate) negate_rows<D, kPoolVectors>(qs, lane);
  }
  __syncthreads();

  int slot[2], length[2];  // of vectors g and g + 8: the row, and its keys
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const int m = lane / 4 + 8 * half;
    slot[half] = m < count ? (first + m) / a.group : 0;
    length[half] = __shfl_sync(kAllLanes, walk.own.length, slot[half]);
    if (m >= count) length[half] = 0;
  }
  float o[1][2 * kTiles][4] = {}, base[2] = {-INFINITY, -INFINITY}, sum[2] = {};
  const int column = warp * kTiles * 16;

  while (true) {
    float s[8][4] = {};
    cp_async_wait<1>();  // this pass's keys; its values may be under way
    __syncwarp();
    if (alive) {
#pragma unroll
      for (int k = 0; k < D; k += 16) {
        uint32_t fa[4], fb[4];
        load_a<D>(fa, qs, 0, k, lane);
#pragma unroll
        for (int n = 0; n < 4; n++) {
          load_b_trans<kKeys>(fb, keys_of(warp), k, 16 * n, lane);
          mma_bf16(s[2 * n], fa, fb[0], fb[1]);
          mma_bf16(s[2 * n + 1], fa, fb[2], fb[3]);
        }
      }
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const bool sees = slot[half] >= pass.begin && slot[half] < pass.end;
        mask(s, half, sees ? seen_keys(length[half] - 1, a.window, pass.chunk) : SeenKeys{0, 0}, lane);
        const float top = row_top(s, half);
        if (lane % 4 == 0) tops[warp * kPoolVectors + lane / 4 + 8 * half] = top * a.scale.factor;
      }
    }
    if (lane == 0) live[warp] = alive;
    const bool next_alive = alive && walk.move(kWarps, a);
    __syncwarp();  // all lanes have used these keys
    if (next_alive) {
      pass = walk.current();
      copy_keys(pass);
    }
    cp_async_commit();
    __syncthreads();
    if (!live[0]) break;

    float keep[kWarps][2];
#pragma unroll
    for (int w = 0; w < kWarps; w++) {
#pragma unroll
      for (int half = 0; half < 2; half++) {
        const float top = live[w] ? tops[w * kPoolVectors + lane / 4 + 8 * half] : -INFINITY;
        const SoftmaxStep step = advance(base[half], top);
        keep[w][half] = step.keep;
        if (w == warp && alive) {
          sums[(warp * 2 + half) * 32 + lane] = row_weights(s, half, a.scale.factor, step.base);
        }
      }
    }
    if (alive) {
      uint32_t own[4][4];
      as_operands(own, s);
#pragma unroll
      for (int i = 0; i < 16; i++) weights[(warp * 16 + i) * 32 + lane] = own[i / 4][i % 4];
    }
    cp_async_wait<1>();  // this pass's values; the next one's keys may be under way
    __syncthreads();
#pragma unroll
    for (int w = 0; w < kWarps; w++) {
      if (!live[w]) continue;
#pragma unroll
      for (int half = 0; half < 2; half++) {
        sum[half] = fused(sum[half], keep[w][half], sums[(w * 2 + half) * 32 + lane]);
      }
      if (column >= D) continue;
      uint32_t p[1][4][4];
#pragma unroll
      for (int i = 0; i < 16; i++) p[0][i / 4][i % 4] = weights[(w * 16 + i) * 32 + lane];
      scale_rows(o[0], keep[w][0], keep[w][1]);
      accumulate<D, kTiles>(o, p, values_of(w), 0, column, lane);
    }
    __syncthreads();  // all have used these values
    if (next_alive) copy_values(pass);
    cp_async_commit();
    alive = next_alive;
  }

  if (column >= D) return;
#pragma unroll
  for (int half = 0; half < 2; half++) {
    const float inverse = 1.0f / quad_sum(sum[half]);
    const int m = lane / 4 + 8 * half;
#pragma unroll
    for (int n = 0; n < 2 * kTiles; n++) {
      const int x = column + 8 * n + lane % 4 * 2;
      if (m >= count || x >= a.width) continue;
      *reinterpret_cast<uint32_t*>(a.o + vector(m) * a.width + x) =
          pack_bf16(o[0][n][2 * half] * inverse, o[0][n][2 * half + 1] * inverse);
    }
  }
}

}  // namespace selfjudge::cuda
