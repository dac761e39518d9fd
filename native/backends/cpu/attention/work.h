// What an attention call works on and the scratch it works in, described and carved once for training and
// pool.
#pragma once
#include <cstdint>

#include "../../arguments.h"
#include "../thread_pool.h"
#include "plan.h"

namespace selfjudge::cpu {

struct AttentionWork {
  const sj_call* call;
  int64_t rows, heads, key_heads, group, depth, padded;
  int64_t tile;         // rows a task
  int64_t most_chunks;  // of the tree's longest path; 0 without a tree
  int block;            // query vectors that are multiplied at a time: the blocks of scratch are as high
  float scale;
  int window;  // keys that a row sees at most
  bool pairs;  // bf16 values are multiplied as they are
};

// `query`: the slot of q.
AttentionWork describe_attention(const sj_call& call, int query, int64_t key_heads);

// One worker's, forward. With pairs, q, kt and v hold bf16 or packed pairs of it.
struct AttentionScratch {
  float *q, *o;             // [vectors][padded]; o: running, over the chunks merged so far
  float *m, *l;             // [vectors]: o / l is the attention so far, m the largest score
  float* s;                 // [2][block][64]: a block's scores, then probabilities, and the next one's scores
  float* part;              // [block][padded]: a chunk's output
  uint16_t* p;              // [block][64]: with pairs, the probabilities in bf16
  float *kt, *v;            // [padded][64], [64][padded]: a chunk's keys and values
  int32_t *owners, *slots;  // of RowPaths (rows-inl.h)
};
AttentionScratch carve_attention(Carver& carver, const AttentionWork& a);

// What carve(carver) hands out, once a worker; null where the carver only counts.
template <class Carve>
auto carve_workers(Carver& carver, const Carve& carve) -> const decltype(carve(carver))* {
  auto* all = carver.take<decltype(carve(carver))>(worker_count());
  for (int worker = 0; worker < worker_count(); worker++) {
    const auto scratch = carve(carver);
    if (all) all[worker] = scratch;
  }
  return all;
}

}  // namespace selfjudge::cpu
