// Faults of data (a token id, a row, a block out of range) found by kernels. The first one is kept in host
// memory that kernels can write; the next wait on the stream reports it, in the words of the CPU backend. The
// kernel itself goes on with a harmless value, so that no read is wild.
#pragma once
#include <cstdint>

#include "kernel.h"

namespace selfjudge::cuda {

struct FaultRecord {
  int32_t state;       // 0: none, 1: being written, 2: complete
  int32_t op, tensor;  // sj_op, slot of its contract
  int32_t column;      // second index, -1: the tensor has one
  int64_t index;       // first index
  int64_t low, high;   // what was expected
  int64_t value;       // what was there
};

// True when low <= value <= high; reports otherwise.
__device__ __forceinline__ bool in_range(FaultRecord* record, int op, int tensor, int64_t index, int column,
                                         int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return true;
  if (atomicCAS(&record->state, 0, 1) == 0) {
    record->op = op;
    record->tensor = tensor;
    record->column = column;
    record->index = index;
    record->low = low;
    record->high = high;
    record->value = value;
    __threadfence_system();
    record->state = 2;
  }
  return false;
}

}  // namespace selfjudge::cuda
