// The one interpreter of the op contracts (include/ops/*.h): validates a call, infers what it produces, and
// says what is wrong with it.
#pragma once
#include <cstdint>

#include "include/ops.h"

namespace selfjudge {

inline constexpr int kMaxTensors = 24;
inline constexpr int kMaxNumbers = 16;

// The contract of an op, its relation and its counts of work included.
const Contract& contract_of(sj_op op);

// The arguments of a call. Before check_call: inputs described with their data, absent ones null. After:
// every output the call produces is described too (its data is still null) and named in `produced`.
struct Arguments {
  sj_tensor tensors[kMaxTensors];
  double numbers[kMaxNumbers];
  uint32_t produced = 0;  // bit i: tensor i is an output of this call
};

// Throws Error::wrong_argument, in the words of the contract.
void check_call(sj_op op, Arguments& arguments, const sj_tree* tree);

// The call as a backend sees it; it points into `arguments` and `tree`.
sj_call make_call(sj_op op, const Arguments& arguments, const sj_tree* tree);

// Bytes of a tensor in rows layout.
size_t row_bytes(const sj_tensor& tensor);

}  // namespace selfjudge
