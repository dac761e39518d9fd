// The forward of linear layers of one x: of one for linear, of two or three for linear_group. One pass over
// each weight with everything else in the epilogue.
#pragma once
#include "linear_adapters.h"
#include "low_rank.h"

namespace selfjudge::cpu {

inline constexpr int kAdapters = 2;

// A layer; tensors without data are absent.
struct LinearPart {
  sj_tensor w, bias, gate, y;
  Adapter adapters[kAdapters];
  bool keeps_xa = false;  // for a backward: in xa; else in LinearMemory
  float* xa[kAdapters] = {};
  int activation = 0;  // of the gate
};

// What a forward needs beside its tensors, at most kTogether parts.
struct LinearMemory {
  Carver s;
  float *own_xa[kTogether][kAdapters], *b_panels[kTogether][kAdapters], *bias[kTogether];
  float *dropped, *scratch, *low_rank;

  float* xa(const LinearPart& part, int p, int i) const { return part.keeps_xa ? part.xa[i] : own_xa[p][i]; }

  LinearMemory(const LinearPart* parts, int count, int64_t rows, int64_t depth, void* memory);
};

void linear_forward(const sj_tensor& x, const LinearPart* parts, int count, const LinearMemory& memory,
                    const sj_tensor* next_weight);

}  // namespace selfjudge::cpu
