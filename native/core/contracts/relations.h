// What the contract tables cannot say: relations between dims and numbers, and the work of a call.
#pragma once
#include "include/ops.h"

namespace selfjudge {

// Null, or the function that returns null or "argument: expected ..., received ..." (valid until its next
// call on this thread). It sees inputs whose ranks, dtypes and shapes already hold.
using Relation = const char* (*)(const sj_call& call);
Relation relation_of(sj_op op);

// Null, or floating-point operations of the maths as written: 2 M N K a matrix product.
using Flops = double (*)(const sj_call& call);
Flops flops_of(sj_op op);

// Null, or the bytes that tensor `slot` moves at least: `whole` for those that move as their role says.
using Bytes = double (*)(const sj_call& call, int slot, double whole);
Bytes bytes_of(sj_op op);

}  // namespace selfjudge
