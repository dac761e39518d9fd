// What the tasks of tree_attention_backward share, whatever the instruction set.
#pragma once
#include <cstdint>

#include "work.h"

namespace selfjudge::cpu {

struct BackwardWork : AttentionWork {
  int64_t sweep;         // rows that a dk, dv task takes at a time
  int32_t *row_segment;  // [T]
  float *delta;          // [T, heads]: sum over x of do o
  Subtrees subtrees;
};

// One worker's. The dq task and the dk, dv task use the same pieces one after the other. With pairs, q, dout,
// kt, vt and k hold bf16 or packed pairs of it.
struct BackwardScratch {
  float *q, *dout;         // [vectors][padded]
  float *s, *ds;           // [vectors][64], for dq [2][block][64]: scores, then p; do v, then ds
  float *kt, *vt;          // [depth][64]
  float *sum, *other_sum;  // dq [vectors][padded]; or dk and dv [64][padded]
  float *k;                // [64][padded]
  // Of pairs: p and ds in bf16, [block][64] or turned, [64][swept]; q and do as pairs of query vectors,
  // [swept / 2][padded]; and [64][swept] to turn in.
  uint16_t *p_bf16, *ds_bf16;
  uint32_t *q_pairs, *dout_pairs;
  float *turned;
  int32_t *owners, *slots;
};
inline int64_t swept_vectors(const BackwardWork &a) { return round_up(a.sweep * a.group, 2); }

}  // namespace selfjudge::cpu
