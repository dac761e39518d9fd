// linear_group: linear layers of one x as one job of the workers (ops/linear.h).
#include "../../include/ops/linear.h"
#include "linear_forward.h"

namespace selfjudge::cpu {
namespace {
using namespace ops::linear_group;

int read_parts(const sj_call& call, LinearPart* parts) {
  const int64_t rows = dim(call, X, 0);
  int count = 0;
  for (; count < kParts && present(call, W0 + count * kSlots); count++) {
    const int w = W0 + count * kSlots, bias = w + (BIAS0 - W0), a = w + (A00 - W0);
    LinearPart& part = parts[count] = {call.tensors[w], call.tensors[bias], {}, call.tensors[Y0 + count], {}};
    for (int i = 0; i < kAdapters; i++)
      part.adapters[i] = {data<const float>(call, a + 2 * i),
                          data<const float>(call, a + 2 * i + 1),
                          present(call, a + 2 * i) ? dim(call, a + 2 * i, 0) : 0,
                          0,
                          rows,
                          float(call.numbers[SCALE00 + count * kAdapters + i]),
                          {}};
  }
  return count;
}
}  // namespace

size_t workspace_linear_group(const sj_call& call) {
  LinearPart parts[kParts];
  const int count = read_parts(call, parts);
  return LinearMemory(parts, count, dim(call, X, 0), dim(call, X, 1), nullptr).s.bytes();
}

int32_t run_linear_group(const sj_call& call, sj_error*) {
  LinearPart parts[kParts];
  const int count = read_parts(call, parts);
  const LinearMemory memory(parts, count, dim(call, X, 0), dim(call, X, 1), call.workspace);
  linear_forward(call.tensors[X], parts, count, memory, call.next_weight);
  return SJ_OK;
}

}  // namespace selfjudge::cpu
